import { expect, test } from '@jest/globals';
import { forgetFinished, surplus } from '../../../../../plugins/x8sync/run/forget.ts';
import { storeOf } from '../../../../../plugins/x8sync/run/request/task-store.ts';
import { systemClock as clock } from '../../../../../src/clock.ts';
import type { TaskPhase, TaskRecord } from '../../../../../src/tasks/record.ts';
import { fakeKube } from '../../../support/fake-kube.ts';

const record = (
  task: string,
  finishedAt: string | undefined,
  phase: TaskPhase = 'Succeeded',
  role = 'target',
) => ({ task, role, phase, finishedAt, deleting: false, unreadable: undefined }) as TaskRecord;

const named = (records: readonly TaskRecord[]) => records.map(({ task, role }) => `${task} ${role}`);

test('the oldest finished tasks go, and with one all its records', () => {
  const records = [
    record('old', '2026-01-01'),
    record('old', '2026-01-02', 'Succeeded', 'cutover'),
    record('new', '2026-03-01', 'Incomplete'),
    record('middle', '2026-02-01'),
  ];
  expect(named(surplus(records, 1))).toEqual(['middle target', 'old target', 'old cutover']);
  expect(surplus(records, 3)).toEqual([]);
});

test('what is not finished stays, however old it is, and so does what this version can not read', () => {
  const unreadable = { ...record('newer', '2026-01-01'), unreadable: 'a newer version wrote it' };
  const records = [
    record('running', undefined, 'Running'),
    record('failed', '2026-01-01', 'Failed'),
    record('half', '2026-01-01'),
    record('half', undefined, 'Running', 'cutover'),
    unreadable,
  ];
  expect(surplus(records, 0)).toEqual([]);
});

test('a task that is begun once more while it is about to be forgotten stays', async () => {
  const kube = fakeKube();
  const store = storeOf(kube, { clock });
  const { record: opened } = await store.open({ namespace: 'shop', task: 'db', role: 'target', spec: {} });
  await store.update(opened, (state) =>
    Object.assign(state, { phase: 'Succeeded', finishedAt: '2026-01-01' }),
  );
  kube.before = async ({ verb }) => {
    if (verb !== 'delete') return;
    kube.before = () => undefined;
    const [found] = await store.list();
    if (found) await store.start(found, { holder: 'somebody' });
  };
  await forgetFinished(store, 'shop', 0, new AbortController().signal);
  expect((await store.list()).map(({ phase }) => phase)).toEqual(['Running']);
  const [now] = await store.list();
  if (now) await store.update(now, (state) => Object.assign(state, { phase: 'Succeeded' }));
  await forgetFinished(store, 'shop', 0, new AbortController().signal);
  expect(await store.list()).toEqual([]);
});
