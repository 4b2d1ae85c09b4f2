/** `up` and `down`: what a `.devsync.yaml` names, on a real cluster. */
import { readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { contextA } from './support/contexts.ts';
import { forever, images, Workplace } from './support/devsync.ts';
import { environment, plugin, pluginProgram, startPlugin } from './support/kubectl.ts';
import { inNamespace } from './support/namespace.ts';
import { type Running, run } from './support/process.ts';

const documentation = readFileSync(join(import.meta.dirname, '../../docs/devsync.md'), 'utf8');
const place = inNamespace('A');
let work: Workplace | undefined;
let running: Running | undefined;
afterEach(async () => {
  running?.child.kill('SIGINT');
  await running?.ended;
  await work?.close();
  [work, running] = [undefined, undefined];
});

test('up runs what the file names, goes on after a change of its rules, and down takes all of it away', async () => {
  work = new Workplace(place());
  const it = work;
  const file = join(it.local, '.devsync.yaml');
  const env = { X8S_STATE_DIR: join(it.base, 'state') };
  const devsync = (...args: string[]) => plugin('devsync', [...args, '--file', file], env);
  const up = () => {
    running = startPlugin('devsync', ['up', '--yes', '--file', file], env);
    return running;
  };
  const configure = (ignore: string) =>
    writeFileSync(
      file,
      `context: ${contextA}
namespace: ${it.namespace}
syncs:
  web:
    pod: app
    local: src
    remote: /work
    ignore: [${ignore}]
    onChange: ['*.ts=exec:cat /work/*.ts >/tmp/built']
  docs:
    pod: app
    local: docs
    remote: /srv/docs
    makeRemote: true
`,
    );
  it.write('src/a.ts', 'a');
  it.write('src/gone', 'x');
  it.write('docs/index.md', '# docs');
  configure('"*.log"');
  await it.pod('app', { containers: [{ name: 'app', image: images.plain, command: forever }] });

  const inFolder = (...args: string[]) =>
    run(pluginProgram('devsync'), args, { env: { ...environment, ...env }, cwd: join(it.local, 'src') });
  const told = `context ${contextA}, namespace ${it.namespace}, as ${realpathSync(file)} says`;

  // A file to which nobody has agreed leads nowhere.
  expect((await inFolder('get', '--context', contextA)).stderr).not.toMatch('says');
  const written = readFileSync(file);
  writeFileSync(file, 'syncs: [');
  const unread = await inFolder('get', '-n', it.namespace);
  expect([unread.code, unread.stdout]).toEqual([0, expect.any(String)]);
  writeFileSync(file, written);
  // Nobody is there to agree.
  const asked = await devsync('up');
  expect([asked.code, asked.stdout]).toEqual([2, '']);
  expect(asked.stderr).toMatch(/web: .*\/local\/src ⇄ \/work in pod app \(two-way-safe\)/);
  expect(asked.stderr).toMatch(/reloads in the container: \*\.ts=exec:cat/);
  expect(await it.must('get', '-o', 'name')).toBe('');

  const { output } = up();
  await it.reaches('web', 'watching');
  await it.reaches('docs', 'watching');
  // What VS Code takes for the beginning and the end of a look, by the task that is shown in docs/devsync.md.
  const [, task = ''] = /```json\n(\{\n {2}"version": "2\.0\.0"[\s\S]*?)```/.exec(documentation) ?? [];
  const { background } = JSON.parse(task).tasks[0].problemMatcher;
  await eventually(() => {
    const lines = output.stderr.split('\n');
    const [begins, ends] = [background.beginsPattern, background.endsPattern].map((pattern) =>
      lines.findIndex((line) => new RegExp(pattern).test(line)),
    );
    expect(begins).toBeGreaterThanOrEqual(0);
    expect(ends).toBeGreaterThan(begins as number);
  });
  expect(await it.sh('app', 'cat /work/a.ts /srv/docs/index.md')).toBe('a# docs');
  // Commands in its folder go where it leads, and the command line has the last word.
  const listed = await inFolder('get');
  expect([listed.stdout, listed.stderr]).toEqual([
    expect.stringMatching(/^docs [\s\S]*^web /m),
    expect.stringContaining(told),
  ]);
  expect((await inFolder('pause', 'docs')).code).toBe(0);
  expect((await inFolder('resume', 'docs')).code).toBe(0);
  expect((await inFolder('conflicts', 'web')).code).toBe(0);
  const elsewhere = await inFolder('get', '-n', 'default', '--context', contextA);
  expect([elsewhere.stdout, elsewhere.stderr]).toEqual([
    expect.not.stringMatching(/^web /m),
    expect.not.stringMatching('says'),
  ]);
  it.write('src/a.ts', 'saved');
  await eventually(async () => expect(await it.sh('app', 'cat /tmp/built')).toBe('saved'));
  // A container may write one, and it comes nowhere.
  await it.sh('app', 'echo evil >/work/.devsync.yaml; echo fine >/work/made');
  await eventually(() => expect(it.read('src/made')).toBe('fine\n'));
  expect(() => it.read('src/.devsync.yaml')).toThrow(/ENOENT/);
  const second = await devsync('up', '--yes');
  expect([second.code, second.stderr]).toEqual([3, expect.stringMatching(/run already/)]);

  // What was agreed on holds for the new rules: a deletion meanwhile is one.
  const first = running as unknown as Running;
  // Where the file leads cannot be told any more, so that nothing goes elsewhere; what runs can be ended.
  writeFileSync(file, 'syncs: [');
  const untold = await inFolder('get', '-n', it.namespace);
  expect([untold.code, untold.stdout]).toEqual([2, '']);
  expect((await inFolder('get', '-n', it.namespace, '--context', contextA)).code).toBe(0);
  const stopped = await inFolder('stop');
  expect([stopped.code, stopped.stdout]).toEqual([0, 'Stopped.\n']);
  expect((await first.ended).code).toBe(0);
  configure('"*.log", "*.tmp"');
  rmSync(join(it.local, 'src/gone'));
  it.write('src/x.tmp', 'x');
  const again = up();
  await it.reaches('web', 'watching');
  await eventually(async () => expect(await it.sh('app', 'ls /work')).toBe('a.ts\nmade\n'));
  expect(again.output.stderr).toMatch(/web: changed: ignore: \["\*\.log"\] → \["\*\.log","\*\.tmp"\]/);

  const down = await devsync('down');
  expect([down.code, down.stdout]).toEqual([
    0,
    expect.stringMatching(/^(docs|web): removed; the files are left as they are\n(docs|web): removed/),
  ]);
  expect((await again.ended).code).toBe(0);
  expect(await it.must('get', '-o', 'name')).toBe('');
  expect(it.read('src/made') + (await it.sh('app', 'cat /work/made'))).toBe('fine\nfine\n');

  // Without a file, init goes on as a watch.
  await it.must('create', '--name', 'byhand', '--pod', 'app', join(it.local, 'src'), '/work');
  const init = it.start('init', '--no-wait', '--watch');
  await it.reaches('byhand', 'watching');
  await it.must('stop');
  expect(await init.ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/^API server +ok /m) });
});
