import { expect, test } from '@jest/globals';
import { MoverWatch } from '../../../../../../plugins/x8sync/monitor/mover-watch.ts';
import { protocol } from '../../../../../../plugins/x8sync/mover/protocol/protocol.ts';
import type { TaskSide } from '../../../../../../plugins/x8sync/objects/sides.ts';
import {
  doctorHint,
  withDetails,
  withEvidence,
} from '../../../../../../plugins/x8sync/run/results/failure-evidence.ts';
import { failureOf } from '../../../../../../plugins/x8sync/run/results/result.ts';
import { UnreachableError, X8sError } from '../../../../../../src/errors.ts';
import type { Event, Job, KubeObject, Pod } from '../../../../../../src/kube/api/objects.ts';
import { events, jobs, pods, services } from '../../../../../../src/kube/api/resources.ts';
import { fakeClock } from '../../../../support/fake-clock.ts';
import { type FakeKube, fakeKube } from '../../../../support/fake-kube.ts';

const labels = { 'x8s.dev/task': 'db' };
const meta = { name: 'x8sync-db-target', namespace: 'shop', labels, ownerReferences: [] };
const quiet = { title() {}, detail() {}, progress() {}, warn() {} };
const { signal } = new AbortController();

const logLine = (level: string, text: string) => `x8s:log ${JSON.stringify({ protocol, level, text })}`;
const rsyncSaid = 'rsync: [receiver] write failed on "/target/big": Input/output error (5)';

/** A mover that was followed to its end, with these lines before it. */
async function followed(...lines: string[]) {
  const [kube, stop] = [fakeKube(), new AbortController()];
  const end = { protocol, nonce: 'n', outcome: 'io', message: 'reading or writing a file failed' };
  const message = [...lines, `x8s:end ${JSON.stringify(end)}`].join('\n');
  const status = { containerStatuses: [{ name: 'target', state: { terminated: { exitCode: 1, message } } }] };
  const pod = await kube.create(pods, {
    metadata: { ...meta, name: 'mover-1' },
    spec: { containers: [] },
    status,
  } as Pod);
  kube.answers.set('/api/v1/namespaces/shop/pods/mover-1/log', () => '');
  const job = await kube.create(jobs, { kind: 'Job', metadata: meta, spec: { template: {} } } as Job);
  const service = await kube.create(services, { kind: 'Service', metadata: meta, spec: {} });
  const side: TaskSide = { kube, ...meta, meta, selector: labels, selectorText: 'x8s.dev/task=db' };
  const watch = new MoverWatch(fakeClock(), stop, stop.signal);
  const mover = { job, nonce: 'n', takenUp: true, isMounted: false, addresses: [], notes: [] };
  watch.followMover(side, mover, 0, quiet);
  const ended = await watch.ended();
  stop.abort();
  return { kube, watch, ended, pod, job, service };
}

let count = 0;
function happened(kube: FakeKube, about: KubeObject, { reason, message, type = 'Warning' }: Partial<Event>) {
  const { name, uid } = about.metadata;
  count += 1;
  const at = new Date(count * 1000).toISOString();
  return kube.create(events, {
    metadata: { name: `event-${count}`, namespace: 'shop' },
    involvedObject: { kind: about.kind ?? 'Pod', name, uid },
    ...{ type, reason, message, lastTimestamp: at },
  } as Event);
}

const claims = {
  source: { kube: fakeKube(), namespace: 'shop', claim: 'from' },
  target: { kube: fakeKube(), namespace: 'shop', claim: 'to' },
};

test("a failure is told with rsync's own words, the last lines of the log, the events of the objects, and what to do", async () => {
  const { kube, watch, ended, pod, job, service } = await followed(
    logLine('info', 'the first of many lines'),
    logLine('error', rsyncSaid),
    ...[1, 2, 3, 4].map((number) => logLine('info', `stream ${number}: ended`)),
  );
  await happened(kube, pod, { reason: 'FailedMount', message: 'no disk\n for it' });
  await happened(kube, job, { reason: 'BackoffLimitExceeded', message: 'it failed too often' });
  await happened(kube, service, { reason: 'SyncFailed', message: 'no address is free' });
  await happened(kube, pod, { reason: 'Pulled', message: 'all is well', type: 'Normal' });
  await happened(kube, { metadata: { name: 'mover-1', uid: 'another' } }, { message: 'of another pod' });
  const { diagnostics } = watch.messages;
  const error = failureOf(ended, { ...claims, mode: 'merge', name: 'db' }, { diagnostics, begun: true });
  expect(await withEvidence(error, watch.evidence, 'no hint is lacking', signal)).toBe(error);
  expect(error.message).toBe(
    'the copy from fake/shop/from to fake/shop/to failed (io): reading or writing a file failed',
  );
  expect(error.details).toEqual([
    rsyncSaid,
    ...[1, 2, 3, 4].map((number) => `log of the mover: stream ${number}: ended`),
    'event of pod mover-1 in fake/shop: Warning FailedMount: no disk for it',
    'event of job x8sync-db-target in fake/shop: Warning BackoffLimitExceeded: it failed too often',
    'event of service x8sync-db-target in fake/shop: Warning SyncFailed: no address is free',
  ]);
  expect(error.hint).toMatch(/^what is copied so far stays at the target; run the same command again/);
});

test('what is told of events is short: of one text the last, and the last few of all', async () => {
  const { kube, watch, pod } = await followed();
  for (const number of [1, 2, 3, 4, 5, 5, 5])
    await happened(kube, pod, { reason: 'BackOff', message: `attempt ${number}` });
  const error = new X8sError('it failed: Warning BackOff: attempt 4');
  await withEvidence(error, watch.evidence, 'do', signal);
  expect(error.details.map((line) => line.split(': ').at(-1))).toEqual([
    'attempt 2',
    'attempt 3',
    'attempt 5',
  ]);
});

test('keys and credentials that a pod or a cluster tells of are left out', async () => {
  const body = 'b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gt';
  const { kube, watch, pod } = await followed(
    logLine('info', '-----BEGIN OPENSSH PRIVATE KEY-----'),
    logLine('info', body),
  );
  const message = 'pull of https://me:hunter2@registry.example/mover?token=abc123 with Bearer abcdef.123456';
  await happened(kube, pod, { reason: 'Failed', message });
  const error = new X8sError('it failed');
  await withEvidence(error, watch.evidence, 'do', signal);
  expect(error.details).toEqual([
    'log of the mover: (a private key)',
    'log of the mover: (left out)',
    'event of pod mover-1 in fake/shop: Warning Failed: pull of https://registry.example/mover?token=(left out) with Bearer (left out)',
  ]);
});

test('a failure that nothing else is known of says what to do, and one whose events may not be read loses nothing', async () => {
  const { kube, watch } = await followed(logLine('info', 'last words'));
  kube.before = ({ collection }) => {
    if (collection.endsWith('events')) throw new UnreachableError('away');
  };
  const error = new X8sError('it failed', { details: ['why'] });
  await withEvidence(error, watch.evidence, doctorHint(claims), signal);
  expect(error.details).toEqual(['why', 'log of the mover: last words']);
  expect(error.hint).toMatch(/^kubectl x8sync doctor fake\/shop\/from fake\/shop\/to looks/);
});

test('what failed before anything was made is told as it is', async () => {
  const stop = new AbortController();
  const { evidence } = new MoverWatch(fakeClock(), stop, stop.signal);
  const error = new X8sError('no such claim');
  await withEvidence(error, evidence, 'do', signal);
  expect([error.details, error.hint]).toEqual([[], undefined]);
});

test('what is left comes to what an error says already, and its hint in the place of the own one', () => {
  const error = new X8sError('it failed', { details: ['since'], hint: 'do' });
  expect(withDetails(error, ['left'], undefined)).toBe(error);
  expect([error.details, error.hint]).toEqual([['since', 'left'], 'do']);
  withDetails(error, [], 'clean up');
  expect(error.hint).toBe('clean up');
  expect(withDetails('no error of ours', ['left'], 'clean up')).toBe('no error of ours');
});
