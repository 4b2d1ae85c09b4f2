import { expect, test } from '@jest/globals';
import { finishedBefore } from '../../../../../../plugins/x8sync/run/copy/finished-before.ts';
import { type CopyRequest, copySpec } from '../../../../../../plugins/x8sync/run/request/request.ts';
import { storeOf } from '../../../../../../plugins/x8sync/run/request/task-store.ts';
import { systemClock as clock } from '../../../../../../src/clock.ts';
import type { PersistentVolumeClaim } from '../../../../../../src/kube/api/objects.ts';
import { persistentVolumeClaims } from '../../../../../../src/kube/api/resources.ts';
import type { TaskPhase } from '../../../../../../src/tasks/record.ts';
import { fakeKube } from '../../../../support/fake-kube.ts';

const { signal } = new AbortController();
const namespace = 'shop';

/** A task of the name `db` between two claims, and what is said of it. */
async function taskThatIs(phase: TaskPhase) {
  const kube = fakeKube();
  const make = async (claim: string) => {
    const object = { metadata: { name: claim, namespace }, spec: {} } as PersistentVolumeClaim;
    const { metadata } = await kube.create(persistentVolumeClaims, object);
    return { uid: metadata.uid ?? '' };
  };
  const [from, to] = [await make('data'), await make('copy')];
  const ref = (claim: string) => ({ kube, namespace, claim });
  const pair = { name: 'db', source: ref('data'), target: ref('copy'), mode: 'merge' };
  const request = pair as unknown as CopyRequest;
  const store = storeOf(kube, { clock });
  const spec = copySpec(request, from, to);
  const { record } = await store.open({ namespace, task: 'db', role: 'target', spec });
  const message = '3 of 3 files copied';
  await store.update(record, (state) => Object.assign(state, { phase, message, finishedAt: '2026-11-28' }));
  const said = (more: Partial<CopyRequest> = {}) =>
    finishedBefore({ ...request, ...more }, { clock, signal });
  return { kube, make, said };
}

test('a copy that has finished under its name is known, when and how', async () => {
  const { said } = await taskThatIs('Succeeded');
  expect(await said()).toBe('task db has finished already, at 2026-11-28: 3 of 3 files copied');
});

test('it is made with --again, by another name or none, as something else, and where it only compares', async () => {
  const { said } = await taskThatIs('Succeeded');
  for (const more of [
    { again: true },
    { name: 'other' },
    { name: undefined },
    { checksum: true },
    { mode: 'dry-run' as const },
  ])
    expect(await said(more)).toBeUndefined();
});

test.each(['Incomplete', 'Failed', 'Interrupted', 'Running'] as const)(
  'one that is %s is made',
  async (phase) => {
    expect(await (await taskThatIs(phase)).said()).toBeUndefined();
  },
);

test('a claim that was made anew, or is gone, has nothing of it', async () => {
  const { kube, make, said } = await taskThatIs('Succeeded');
  await kube.delete(persistentVolumeClaims, { namespace, name: 'copy' });
  expect(await said()).toBeUndefined();
  await make('copy');
  expect(await said()).toBeUndefined();
});
