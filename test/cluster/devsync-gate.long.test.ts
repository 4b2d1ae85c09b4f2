/** A restart that loses what was synced: the program sees it all the same, as the agent of its node holds it back. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { contextA } from './support/contexts.ts';
import { images, Workplace } from './support/devsync.ts';
import { kubectl } from './support/kubectl.ts';
import { inNamespace } from './support/namespace.ts';
import { agentNamespace, agentPods, noAgents, uninstall } from './support/node-agents.ts';

jest.setTimeout(300_000);

const place = inNamespace('A');
let work: Workplace;
beforeEach(() => {
  work = new Workplace(place());
});
afterEach(() => work.close());
beforeAll(async () => {
  await noAgents(place().kube);
  const first = new Workplace(place());
  await first.must('init', '--node-agent');
  await first.close();
}, 240_000);
afterAll(async () => {
  await uninstall();
}, 120_000);

/** In the container's own layer: a container that starts again has none of it. */
const remote = '/tmp/app';
/** Writes down the first thing that it does, which is to look at what is synced, in a volume. */
const program = `
  cat ${remote}/main >>/log/seen 2>/dev/null || echo none >>/log/seen
  while read -r name value; do [ "$name" != TracerPid: ] || echo "$value" >>/log/traced; done </proc/self/status
  trap 'exit 0' TERM
  : >/tmp/up
  while :; do sleep 0.05; done`;

const podWith = (more: object) => ({
  volumes: [{ name: 'log', emptyDir: {} }],
  containers: [
    {
      name: 'app',
      image: images.plain,
      command: ['sh', '-c', program],
      volumeMounts: [{ name: 'log', mountPath: '/log' }],
      ...more,
    },
  ],
});
const user = { securityContext: { runAsUser: 1000, runAsGroup: 1000 } };
const readiness = { readinessProbe: { exec: { command: ['test', '-e', '/tmp/up'] }, periodSeconds: 1 } };
const liveness = { livenessProbe: { exec: { command: ['test', '-e', '/tmp/up'] }, periodSeconds: 10 } };
const hook = { lifecycle: { postStart: { exec: { command: ['sh', '-c', ':'] } } } };

const options = ['--make-remote', '--on-change', 'main=restart', '--restart-anyway'];
const byAgent = [...options, '--launcher', 'node-agent'];
const log = (name: string) => work.sh(name, 'cat /log/seen');
/** What is said of the program of a container that was started again. */
const said = (name: string, words: RegExp) =>
  eventually(async () => expect(await work.must('logs', name)).toMatch(words));

async function sync(name: string, more: object, which: readonly string[]): Promise<void> {
  work.write('main', 'first\n');
  work.write('beside/other', 'there\n');
  await work.sync(name, { pod: podWith(more), options: which, remote });
  expect(await log(name)).toBe('none\n');
}

test.each([
  ['root', {}],
  ['user', user],
  // Which is not Ready before its program runs, and is synced before.
  ['ready', readiness],
  ['alive', { ...user, ...liveness }],
] as const)('the first thing that the program of %s does is to see what was synced', async (name, more) => {
  await sync(name, more, byAgent);
  work.write('main', 'second\n');
  await eventually(async () => expect(await log(name)).toMatch(/^none\n./));
  expect(await log(name)).toBe('none\nsecond\n');
  // The kubelet waits for some seconds before the next start.
  work.write('main', 'third\n');
  await eventually(async () => expect(await log(name)).toMatch(/^none\nsecond\n./));
  expect(await log(name)).toBe('none\nsecond\nthird\n');
  await said(name, /its program was held back until what was synced was there again(.*\n)+.*held back until/);
  // Nothing holds it any more, and it runs as any other.
  await eventually(async () => expect(await work.sh(name, 'cat /log/traced')).toBe('0\n0\n0\n'));
  expect(await work.sh(name, `cat ${remote}/main ${remote}/beside/other`)).toBe('third\nthere\n');
  await work.reaches(name, 'watching');
  expect(work.read('main')).toBe('third\n');
  const logs = await kubectl(contextA, [
    '-n',
    agentNamespace,
    'logs',
    '-l',
    'app.kubernetes.io/name=devsync-node-agent',
  ]);
  expect(logs).toMatch(`holds back the next start of container app of pod ${work.namespace}/${name}, for `);
});

test('where nothing can hold it, it is restarted all the same, and that is said', async () => {
  await sync('hook', hook, byAgent);
  work.write('main', 'second\n');
  await said('hook', /its program began before what was synced was there again: it has a postStart hook/);
  await eventually(async () => expect(await work.sh('hook', `cat ${remote}/main`)).toBe('second\n'));
  expect(await log('hook')).toBe('none\nnone\n');
});

test('an agent that is killed while it holds one leaves none stopped', async () => {
  // A first sync that takes some 15 seconds.
  work.write('large', 'x'.repeat(600_000));
  await sync('killed', {}, [...byAgent, '--bandwidth', '32k']);
  work.write('main', 'second\n');
  await said('killed', /attached to killed(.*\n)+.*reload main=restart: begins(.*\n)+.*attached to killed/);
  expect(await log('killed')).toBe('none\n');
  const before = (await agentPods(place().kube)).map(({ metadata }) => metadata.uid);
  const gone = ['delete', 'pods', '--all', '--force', '--grace-period=0'];
  await kubectl(contextA, ['-n', agentNamespace, ...gone]);
  // A program that is stopped would write nothing.
  await eventually(async () => expect(await log('killed')).toMatch(/^none\n(none|second)\n$/));
  await said('killed', /was held back, and went on before .*: the line to the agent of the node ended/);
  await eventually(async () => expect(await work.sh('killed', `cat ${remote}/main`)).toBe('second\n'));
  const after = (await agentPods(place().kube)).map(({ metadata }) => metadata.uid);
  expect(after.filter((uid) => before.includes(uid))).toEqual([]);
});

test('a watch that is killed while it holds one leaves none stopped', async () => {
  work.write('large', 'x'.repeat(600_000));
  await sync('left', {}, [...byAgent, '--bandwidth', '32k']);
  work.write('main', 'second\n');
  await said('left', /attached to left(.*\n)+.*reload main=restart: begins(.*\n)+.*attached to left/);
  expect(await log('left')).toBe('none\n');
  await work.stop('SIGKILL');
  await eventually(async () => expect(await log('left')).toMatch(/^none\n(none|second)\n$/));
});
