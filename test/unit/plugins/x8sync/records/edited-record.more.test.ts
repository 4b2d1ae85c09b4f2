/** A record that people have edited: whatever is in it, commands name what is broken and what to do, and show the others. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  describeTask,
  documentOf,
  lineOf,
  tableOf,
  watchedLine,
} from '../../../../../plugins/x8sync/commands/task-output.ts';
import { attach } from '../../../../../plugins/x8sync/records/attach.ts';
import { cancel } from '../../../../../plugins/x8sync/records/cancel.ts';
import { cleanUp } from '../../../../../plugins/x8sync/records/cleanup.ts';
import { listTasks, type TaskEntry } from '../../../../../plugins/x8sync/records/inventory.ts';
import { readLogs } from '../../../../../plugins/x8sync/records/logs.ts';
import { lookAt, lookAtAll } from '../../../../../plugins/x8sync/records/look.ts';
import { errorOf } from '../../../../../plugins/x8sync/records/watch.ts';
import { markCancelled } from '../../../../../plugins/x8sync/run/cancellation.ts';
import { noteFirstCopy } from '../../../../../plugins/x8sync/run/first-copy.ts';
import { keepEnd, noteExitCode } from '../../../../../plugins/x8sync/run/kept-end.ts';
import { noteReach } from '../../../../../plugins/x8sync/run/request/reach-wish.ts';
import { storeOf } from '../../../../../plugins/x8sync/run/request/task-store.ts';
import { pairOfTask } from '../../../../../plugins/x8sync/verify/pair.ts';
import { renderTable } from '../../../../../src/cli/table.ts';
import { systemClock as clock } from '../../../../../src/clock.ts';
import { UnreachableError, X8sError } from '../../../../../src/errors.ts';
import type { ConfigMap } from '../../../../../src/kube/api/objects.ts';
import { configMaps } from '../../../../../src/kube/api/resources.ts';
import type { TaskState } from '../../../../../src/tasks/record.ts';
import { createSilentReporter } from '../../../../../src/ui/silent-reporter.ts';
import { runsOf } from '../../../../support/thoroughness.ts';
import { anyCharacter } from '../../../support/characters.ts';
import { FakeCluster } from '../../../support/fake-cluster.ts';
import { type FakeKube, fakeKube } from '../../../support/fake-kube.ts';

const { signal } = new AbortController();
const spec = {
  ...{ sourceClaim: 'shop/data', sourceUid: '1', targetClaim: 'shop/copy', targetUid: '2', mode: 'merge' },
  ...{ fsGroup: '1000', filters: '[]', chown: '1:1' },
};
const cutover = {
  ...{ phase: 'stopping', afterwards: 'target', target: [] },
  source: [{ kind: 'Deployment', name: 'web', uid: '7', replicas: 3 }],
};

/** One side's record as runs write it, with all that may stand in one. */
async function written(
  kube: FakeKube,
  other: FakeKube,
  role: 'source' | 'target',
  task: string,
): Promise<void> {
  const store = storeOf(kube, { clock });
  const uid =
    role === 'source' ? (await storeOf(other, { clock }).find('shop', task, 'target'))?.uid : undefined;
  const peer = { server: other.cluster.server, namespace: 'shop', uid };
  const { record } = await store.open({ namespace: 'shop', task, role, spec, peer });
  const started = await store.start(record, { holder: 'me@here 1' });
  const change = (state: TaskState) => {
    const end = {
      phase: 'Succeeded',
      message: 'all',
      nonce: 'n',
      finishedAt: '2026-01-01T00:00:00Z',
    } as const;
    keepEnd(state, end);
    noteExitCode(state, 1);
    markCancelled(state, 'alice@laptop');
    noteReach(state, {
      push: true,
      strategies: ['nodeport'],
      service: { sourceRanges: [], nodePort: 30_000 },
    });
    noteFirstCopy(state, { at: '2026-01-01T00:00:00Z', message: 'all', isGood: true });
    Object.assign(state, { message: 'said', progress: '1 B of 2 B', holder: undefined });
  };
  await store.update(started.record, change);
}

async function scene() {
  const a = fakeKube(new FakeCluster(), { context: 'a', server: 'https://a' });
  const b = fakeKube(new FakeCluster(), { context: 'b', server: 'https://b' });
  for (const task of ['db', 'whole']) {
    await written(b, a, 'target', task);
    await written(a, b, 'source', task);
  }
  const connectTo = async (server: string) => {
    if (server === 'https://a') return a;
    if (server === 'https://b') return b;
    throw new UnreachableError(`no context for ${server}`);
  };
  const context = {
    ...{ reporter: createSilentReporter(), clock, signal, onAbandoned: () => {}, connectTo },
    timeoutMs: 1000,
  };
  return { a, b, context };
}

/** What somebody makes of one field; undefined where it is taken out. */
interface Edit {
  readonly where: 'data' | 'annotations';
  readonly key: string;
  readonly value: string | undefined;
}

async function edit(kube: FakeKube, role: string, edits: readonly Edit[]): Promise<void> {
  const object = await kube.get<ConfigMap>(configMaps, { namespace: 'shop', name: `x8sync-db-${role}` });
  const data: Record<string, string> = { ...object.data };
  const annotations: Record<string, string> = { ...object.metadata.annotations };
  for (const { where, key, value } of edits) {
    const map = where === 'data' ? data : annotations;
    if (value === undefined) delete map[key];
    else map[key] = value;
  }
  await kube.replace(configMaps, { ...object, metadata: { ...object.metadata, annotations }, data });
}

type Scene = Awaited<ReturnType<typeof scene>>;

/** Every command that works on one task, from the cluster of one side. */
const commands: Readonly<
  Record<string, (entry: TaskEntry, kube: FakeKube, how: Scene['context']) => Promise<unknown>>
> = {
  cancel,
  attach,
  verify: pairOfTask,
  logs: (entry, kube, how) => readLogs(entry, kube, { follow: false, progress: false }, how, () => {}),
  status: async (entry, kube, how) => {
    const task = await lookAt(entry, kube, how, { withProgress: true });
    const { message } = errorOf(task) ?? {};
    return [
      describeTask(task, clock.now()),
      watchedLine(task),
      JSON.stringify(documentOf(task)),
      message,
    ].join('\n');
  },
  cleanup: cleanUp,
};

async function entriesIn(kube: FakeKube): Promise<TaskEntry[]> {
  return listTasks(storeOf(kube, { clock }), kube, { signal });
}

/** What a command says of the edited task: its error, or what it prints. */
async function saidBy(name: string, kube: FakeKube, how: Scene['context']): Promise<string> {
  const entry = (await entriesIn(kube)).find(({ task }) => task === 'db');
  if (!entry) return 'no such task';
  expect(lineOf(entry)).toMatch(/here:/);
  try {
    return JSON.stringify((await commands[name]?.(entry, kube, how)) ?? 'done');
  } catch (error) {
    if (!(error instanceof X8sError)) throw error;
    return [error.message, ...error.details, error.hint].join('\n');
  }
}

async function listed(kube: FakeKube, how: Scene['context']): Promise<string> {
  const tasks = await lookAtAll(await entriesIn(kube), kube, how);
  tasks.map(documentOf);
  return renderTable(tableOf(tasks, clock.now()), { wide: true });
}

const huge = 'x'.repeat(300_000);
const json = JSON.stringify;
const nobody = { server: 'https://b', namespace: 'shop' };
const end = { phase: 'Succeeded', message: 'all', nonce: 'n', finishedAt: '2026-01-01T00:00:00Z' };

/** What breaks a record, by what of it is named. */
const breaking: readonly (readonly [named: string, key: string, value: string | undefined])[] = [
  ...[undefined, '', '{', 'null', '7', '[]', '"text"', '{}', json({ ...spec, targetUid: '' }), huge].map(
    (value) => ['data.spec', 'spec', value] as const,
  ),
  ...[
    { ...spec, targetUid: 5 },
    { ...spec, filters: '{' },
    { ...spec, mode: huge },
  ].map((value) => ['data.spec', 'spec', json(value)] as const),
  ...[undefined, '', '{', 'null', '7', '[]', '"b"', '{}', json(huge)].map(
    (value) => ['data.peer', 'peer', value] as const,
  ),
  ...[
    { ...nobody, server: '' },
    { ...nobody, server: 'nowhere' },
    { ...nobody, server: `https://${huge}` },
    { ...nobody, namespace: '' },
    { ...nobody, namespace: '../etc' },
    { ...nobody, namespace: 7 },
    { ...nobody, uid: 7 },
  ].map((value) => ['data.peer', 'peer', json(value)] as const),
  ...['', '{', 'null', '7', '[]', '"text"', huge].map(
    (value) => ['data.checkpoints', 'checkpoints', value] as const,
  ),
  ...[null, 7, 'Succeeded', [], {}, { ...end, phase: 'Well' }, { ...end, message: 7 }].map(
    (value) => ['data.checkpoints.end', 'checkpoints', json({ end: value })] as const,
  ),
  ...[null, 'one', -1, 256, 1.5, {}].map(
    (value) => ['data.checkpoints.exitCode', 'checkpoints', json({ exitCode: value })] as const,
  ),
  ...[null, 7, {}, { by: 7 }, { by: 'me', holder: 7 }].map(
    (value) => ['data.checkpoints.cancelled', 'checkpoints', json({ cancelled: value })] as const,
  ),
  ...[null, 7, {}, { at: 1, message: '', isGood: true }].map(
    (value) => ['data.checkpoints.firstCopy', 'checkpoints', json({ firstCopy: value })] as const,
  ),
  ...[null, 7, {}, { strategies: ['teleport'] }, { strategies: [], service: { host: { host: 7 } } }].map(
    (value) => ['data.checkpoints.reach', 'checkpoints', json({ reach: value })] as const,
  ),
  ...[
    null,
    7,
    {},
    { ...cutover, phase: 'midway' },
    { ...cutover, source: null },
    { ...cutover, source: [{}] },
  ].map((value) => ['data.checkpoints.cutover', 'checkpoints', json({ cutover: value })] as const),
  ...['', 'one', '1.5', '-', huge].map((value) => ['x8s.dev/schema', 'x8s.dev/schema', value] as const),
  ...[undefined, '', 'v1-0', huge].map((value) => ['x8s.dev/spec-hash', 'x8s.dev/spec-hash', value] as const),
  ...['', 'Well', huge].map((value) => ['x8s.dev/phase', 'x8s.dev/phase', value] as const),
];

const editOf = (key: string, value: string | undefined): Edit => ({
  where: key.includes('/') ? 'annotations' : 'data',
  key,
  value,
});

const short = (value: string | undefined) => (value === undefined ? 'taken out' : value.slice(0, 60));

describe.each(
  breaking.map(([named, key, value]) => ({ named, key, value, what: `${key}: ${short(value)}` })),
)('a record with $what', ({ named, key, value }) => {
  test.each(['source', 'target'] as const)(
    'of the %s is named by every command, with what to do',
    async (role) => {
      for (const name of ['cancel', 'attach', 'verify', 'logs', 'status']) {
        const { a, b, context } = await scene();
        const kube = role === 'source' ? a : b;
        await edit(kube, role, [editOf(key, value)]);
        const said = await saidBy(name, kube, context);
        expect(`${name}: ${said}`).toContain(named);
        expect(said).toMatch(/kubectl x8sync cleanup db -n shop --context [ab]/);
        expect(said.length).toBeLessThan(6000);
      }
      const { a, b, context } = await scene();
      const kube = role === 'source' ? a : b;
      await edit(kube, role, [editOf(key, value)]);
      const list = await listed(kube, context);
      expect(list).toMatch(/^whole +Succeeded/m);
      expect(list).toMatch(/^db +Unknown .*cleanup db -n shop/m);
      expect(list).toContain(named);
      expect(await saidBy('cleanup', kube, context)).toBe('"done"');
      expect((await entriesIn(kube)).map(({ task }) => task)).toEqual(['whole']);
    },
  );
});

test('what breaks the other side is named as well', async () => {
  for (const name of ['cancel', 'attach']) {
    const { a, b, context } = await scene();
    await edit(b, 'target', [editOf('spec', '{}')]);
    const said = await saidBy(name, a, context);
    expect(said).toMatch(/shop\/x8sync-db-target \(context b\) was changed by hand: its data\.spec/);
    expect(said).toMatch(/cleanup db -n shop --context a/);
  }
});

test('a sound record is none of these', async () => {
  const { a, context } = await scene();
  expect(await listed(a, context)).toMatch(/^db +Succeeded/m);
});

const values = fc.oneof(
  fc.constantFrom(
    undefined,
    '',
    '{',
    '{}',
    '[]',
    'null',
    '7',
    '"t"',
    huge,
    'Running',
    'Failed',
    'Succeeded',
    '2',
  ),
  fc.json(),
  fc.string({ unit: anyCharacter }),
);
const keys = fc.constantFrom(
  ...['spec', 'checkpoints', 'peer', 'schema', 'spec-hash', 'phase', 'run', 'started-at', 'finished-at'],
  ...['heartbeat', 'holder', 'progress', 'message'],
);
const inner = fc.oneof(
  fc.record({ key: fc.constantFrom(...Object.keys(spec)), value: fc.jsonValue() }).map(({ key, value }) => ({
    ...{ where: 'data' as const, key: 'spec' },
    value: json({ ...spec, [key]: value }),
  })),
  fc
    .record({
      key: fc.constantFrom('end', 'exitCode', 'cancelled', 'firstCopy', 'reach', 'cutover'),
      value: fc.oneof(fc.jsonValue(), fc.constant(cutover), fc.constant(end)),
    })
    .map(({ key, value }) => ({
      ...{ where: 'data' as const, key: 'checkpoints' },
      value: json({ [key]: value }),
    })),
  fc
    .record({ key: fc.constantFrom('server', 'namespace', 'uid'), value: fc.jsonValue() })
    .map(({ key, value }) => ({
      ...{ where: 'data' as const, key: 'peer' },
      value: json({ ...nobody, [key]: value }),
    })),
);
const outer = fc.record({ key: keys, value: values }).map(({ key, value }): Edit => {
  const isData = ['spec', 'checkpoints', 'peer'].includes(key);
  return { where: isData ? 'data' : 'annotations', key: isData ? key : `x8s.dev/${key}`, value };
});

test('for all edits of both records: no command fails but by an error of ours, and the others are listed', async () => {
  const edits = fc.array(fc.oneof(inner, outer), { maxLength: 3 });
  const property = fc.asyncProperty(edits, edits, fc.boolean(), async (atSource, atTarget, fromSource) => {
    for (const name of Object.keys(commands)) {
      const { a, b, context } = await scene();
      await edit(a, 'source', atSource);
      await edit(b, 'target', atTarget);
      const kube = fromSource ? a : b;
      expect(await listed(kube, context)).toMatch(/^whole +Succeeded/m);
      await saidBy(name, kube, context);
    }
  });
  await fc.assert(property, { numRuns: runsOf(60) });
});
