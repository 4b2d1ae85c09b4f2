/** Programs that watch a directory in a container of a cluster, by each way into it: one save is one reload. */
import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { contextA } from '../../cluster/support/contexts.ts';
import { Workplace } from '../../cluster/support/devsync.ts';
import { withNode } from '../../cluster/support/devsync-kinds.ts';
import { environment, kubectlBinary } from '../../cluster/support/kubectl.ts';
import { inNamespace } from '../../cluster/support/namespace.ts';
import { noAgents, uninstall } from '../../cluster/support/node-agents.ts';
import { type Running, start } from '../../cluster/support/process.ts';
import { ensureUp } from '../../lab/index.ts';
import { eventually } from '../../support/eventually.ts';
import { npmPackages } from '../support/npm-packages.ts';
import { type Kind, kinds, textOf, watchersOfNpm } from './kinds.ts';

jest.setTimeout(300_000);

let modules: string;
beforeAll(async () => {
  await ensureUp();
  modules = await npmPackages(watchersOfNpm);
}, 300_000);
const place = inNamespace('A');
beforeAll(async () => {
  await noAgents(place().kube);
  await new Workplace(place()).must('init', '--node-agent');
}, 240_000);
afterAll(uninstall, 120_000);

let work: Workplace;
let watcher: Running | undefined;
beforeEach(() => {
  work = new Workplace(place());
});
afterEach(async () => {
  watcher?.child.kill('SIGKILL');
  await work.close();
  // What watches in it goes with it.
  await work.kubectl('delete', 'pods', '--all', '--now');
});

/** Milliseconds in which a second reload of one save would come. */
const calm = 700;
const saves = ['1', '22', '333', '4', '55'];
const remote = '/srv/app';
const launchers = ['exec', 'ephemeral', 'node-agent'] as const;
const tried = ['nodemon', 'chokidar', 'webpack --watch', 'vite', 'jest --watchAll', 'node --watch'];

/** A pod with a Node.js, a shell, and the packages of npm from this machine, which is its node. */
const pod = () =>
  withNode({
    mounts: [{ name: 'modules', mountPath: '/modules', readOnly: true }],
    volumes: [{ name: 'modules', hostPath: { path: modules } }],
  });

/** Starts a kind's program in the pod; its log is a file there, outside of what is synced. */
async function startWatcher(name: string, { command, ready = /(?:)/ }: Kind): Promise<void> {
  // Some end with their standard input.
  const line = `cd ${remote}; export LOG=/tmp/log MODULES=/modules NODE_OPTIONS= CI=; : >$LOG; tail -f /dev/null | (${command})`;
  const there = ['--context', contextA, '-n', work.namespace, 'exec', name, '-c', 'app', '--'];
  watcher = start(kubectlBinary, [...there, 'sh', '-c', line], { env: environment });
  const { output } = watcher;
  await eventually(async () => {
    const said = output.stdout + output.stderr;
    if (!(await log(name)).some((text) => text.includes('0')) || !ready.test(said))
      throw new Error(`it has not begun: ${said}`);
  });
}

/** What the program has told, the digits of each line. */
const log = async (name: string) =>
  (await work.sh(name, 'cat /tmp/log'))
    .split('\n')
    .filter(Boolean)
    .map((text) => text.replaceAll(/\D/g, ''));

const cases = launchers.flatMap((way) =>
  kinds
    .filter(({ name }) => tried.includes(name))
    // A watch of the file itself outlives a save in place only.
    .map((kind) => [way, kind.name, kind.losesReplaced ? 'in-place' : 'replace', kind] as const),
);

test('six kinds are tried by each launcher', () => {
  expect(cases).toHaveLength(launchers.length * 6);
});

test.each(cases)('by %s, %s (%s) sees each save once, and nothing of ours', async (way, _, mode, kind) => {
  for (const [path, text] of Object.entries(kind.files)) work.write(path, text.replaceAll('TEXT', '0'));
  const name = `${way}-${kinds.indexOf(kind)}`;
  await work.sync(name, {
    pod: pod(),
    options: ['--launcher', way, '--write', mode, '--make-remote'],
    remote,
  });
  expect((await work.reaches(name, 'watching')).state?.launcher).toBe(way);
  await startWatcher(name, kind);
  const rest = calm + (kind.interval ?? 0);
  await setTimeout(rest);
  const first = (await log(name)).length;
  for (const text of saves) {
    work.write(kind.saved, textOf(kind, text));
    await eventually(async () => expect((await log(name)).slice(first)).toContain(text));
    await setTimeout(rest);
  }
  expect((await log(name)).slice(first)).toEqual(saves);
  const seen = (await work.sh(name, `ls -A ${remote}`)).trim().split('\n');
  expect(seen.sort()).toEqual(Object.keys(kind.files).sort());
});
