/** The live view of `watch`, on a real terminal with real containers. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { contextA } from './support/contexts.ts';
import { forever, images, Workplace } from './support/devsync.ts';
import { environment, pluginProgram } from './support/kubectl.ts';
import { kubeconfigOf } from './support/limited.ts';
import { inNamespace } from './support/namespace.ts';
import { run } from './support/process.ts';
import { Terminal } from './support/terminal.ts';

const place = inNamespace('A');
let work: Workplace | undefined;
let terminal: Terminal | undefined;
afterEach(async () => {
  await terminal?.close();
  await work?.close();
  [work, terminal] = [undefined, undefined];
});

test('shows each sync, its last files and conflicts, takes keys, and leaves the terminal as it was', async () => {
  work = new Workplace(place());
  terminal = new Terminal();
  const [it, screen] = [work, terminal];
  it.write('a.ts', 'a');
  await it.pod('web', { containers: [{ name: 'app', image: images.plain, command: forever }] });
  await it.must('create', '--name', 'web', '--pod', 'web', it.local, '/work');
  const { KUBECONFIG = '', PATH = '' } = environment;
  // Stands for the desktop, of which there is none here.
  const [programs, told] = [join(it.base, 'programs'), join(it.base, 'told')];
  mkdirSync(programs);
  writeFileSync(join(programs, 'notify-send'), `#!/bin/sh\necho "$@" >>${told}\n`, { mode: 0o755 });
  const env = {
    KUBECONFIG,
    PATH: `${programs}:${PATH}`,
    X8S_STATE_DIR: join(it.base, 'state'),
    LANG: 'C.UTF-8',
  };
  await screen.start(
    pluginProgram('devsync'),
    ['watch', '--notify', '--context', contextA, '-n', it.namespace],
    env,
  );
  await screen.shows(/web {2}watching +1 file · web\/app/);
  const hasTitle = (title: string) =>
    eventually(async () => expect(await screen.title()).toBe(`devsync: ${title}`));
  await hasTitle('watching');

  const following = it.start('get', '-o', 'json', '--watch');
  await following.saw(/"state":"watching"/);

  await expectStatusLine(it, env);

  // A name that would clear the screen and set the title; put there at once, as what is written then was changed.
  await it.sh('web', `printf x >/tmp/x; mv /tmp/x "/work/$(printf 'evil\\033[2J\\033]2;owned\\007')"`);
  await screen.shows(/← evil \[2J \]2;owned +made \d+s ago/);
  expect(await screen.title()).not.toMatch(/owned/);
  await hasTitle('watching');
  it.write('b.ts', 'b');
  await screen.shows(/→ b\.ts +made \d+s ago/);

  await screen.press('p');
  await screen.shows(/web {2}paused/);
  await hasTitle('paused');
  // It looks now and then: a pause of a moment is nothing to it.
  await following.saw(/"state":"paused"/);
  it.write('a.ts', 'here');
  await it.sh('web', 'echo there >/work/a.ts');
  await screen.press('p');
  await screen.shows(/1 conflict: a\.ts/);
  await hasTitle('1 conflict');
  await eventually(() => expect(readFileSync(told, 'utf8')).toMatch(/-- devsync: web 1 conflict: a\.ts\n/));
  await following.saw(/"state":"watching".*"conflicts":1,/);
  following.child.kill('SIGINT');
  expect((await following.ended).code).toBe(130);
  const events = following.output.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(events[0]).toMatchObject({ event: 'STATE', name: 'web', namespace: it.namespace, conflicts: 0 });
  await screen.press('c');
  await screen.shows(/a\.ts +.*: here a file of 4 bytes .*, there a file of 6 bytes/);
  const differing = await it.devsync('conflicts', 'web', '--diff');
  expect([differing.code, differing.stdout]).toEqual([5, expect.stringMatching(/^-here\n.*\n\+there$/m)]);
  const merged = await it.devsync('resolve', 'web', 'a.ts', '--use', 'merge');
  expect([merged.code, merged.stdout]).toEqual([5, 'a.ts: 1 place left to you\n']);
  expect(it.read('a.ts')).toBe('<<<<<<< local\nhere\n=======\nthere\n>>>>>>> container\n');
  expect(await it.sh('web', 'cat /work/a.ts')).toBe('there\n');
  await screen.shows(/a\.ts +.*: here a file of 51 bytes/);
  await screen.press('c');
  await screen.shows(/web {2}watching[\s\S]*a\.ts: kept container/);
  expect(it.read('a.ts')).toBe('there\n');

  await screen.press('f');
  await screen.shows(/web was flushed/);
  await screen.press('l');
  await screen.shows(/Z in sync: 3 files/);
  await screen.press('l', 'q');
  const left = await screen.shows(/Stopped\.\nended with 0/);
  expect(left).not.toMatch(/p pause/);
  await eventually(async () => expect(await screen.title()).not.toMatch(/devsync/));

  // The title is left alone where that is asked for.
  await screen.close();
  const untitled = new Terminal();
  terminal = untitled;
  const where = ['--context', contextA, '-n', it.namespace];
  await untitled.start(pluginProgram('devsync'), ['watch', '--no-title', ...where], env);
  await untitled.shows(/web {2}watching/);
  expect(await untitled.title()).not.toMatch(/devsync/);
});

/** tmux in a terminal, with the line of docs/devsync.md in its configuration: it shows what `get --watch` said last. */
async function expectStatusLine(it: Workplace, env: Record<string, string>): Promise<void> {
  const documentation = readFileSync(join(import.meta.dirname, '../../docs/devsync.md'), 'utf8');
  const [, line = ''] = /```tmux\n(.*)\n```/.exec(documentation) ?? [];
  expect(line).toMatch(/^set -g status-right .* -n shop /);
  const file = join(it.base, 'tmux.conf');
  writeFileSync(file, `${line.replace(' -n shop ', ` -n ${it.namespace} `)}\n`);
  const kubeconfig = kubeconfigOf(contextA, join(it.base, 'kubeconfig'), 'desk');
  const [outer, inner] = [new Terminal(), `x8s-test-inner-${process.pid}`];
  try {
    const args = ['-u', 'TMUX', 'tmux', '-L', inner, '-f', file, 'new-session', 'cat'];
    await outer.start('env', args, { ...env, KUBECONFIG: kubeconfig });
    await outer.shows(/ web: watching, 1 file\s*$/);
  } finally {
    await run('tmux', ['-L', inner, 'kill-server']);
    await outer.close();
  }
}
