/** Which task a KRMSyncer has: never that of another place, and its earlier one where its copies bear that. */
import { describe, expect, test } from '@jest/globals';
import type { SyncerObject } from '../../../../../../plugins/nsreplicate/controller/resource/resource.ts';
import {
  earlierTaskName,
  isEldestAmong,
  taskName,
  taskOf,
} from '../../../../../../plugins/nsreplicate/controller/resource/task-names.ts';
import { checkName, metadataOf } from '../../../../../../plugins/nsreplicate/state/task-objects.ts';
import { FakeCluster } from '../../../../support/fake-cluster.ts';
import { fakeKube } from '../../../../support/fake-kube.ts';

const { signal } = new AbortController();

/** Two places with one name by earlier versions, as found by searching. */
const [theirs, mine] = [
  { namespace: 'team-a', name: 'configmap-sync-113508' },
  { namespace: 'evil', name: 'configmap-sync-35649' },
] as const;

const syncer = (
  { namespace, name }: { namespace: string; name: string },
  more: Partial<SyncerObject['metadata']> = {},
): SyncerObject => ({ metadata: { namespace, name, ...more } });

function scene() {
  const objects = new FakeCluster();
  const own = fakeKube(objects);
  /** As an earlier version left it. */
  const leave = (task: string) => {
    objects.create('/configmaps', { metadata: metadataOf(task, 'state') });
  };
  const ask = (object: SyncerObject, isEldest = true) =>
    taskOf(object, { own, isEldest: () => isEldest }, signal);
  return { objects, leave, ask };
}

describe('names of tasks', () => {
  test.each([
    ['a', 'b'],
    ['a'.repeat(63), 'x.y-'.repeat(40)],
    ['n', '-.-'],
  ])('%s/%s fits', (namespace, name) => {
    for (const task of [taskName(namespace, name), earlierTaskName(namespace, name)])
      expect(() => checkName(task)).not.toThrow();
  });

  test('are of the place, and of nothing else', () => {
    expect(taskName('a-b', 'c')).not.toBe(taskName('a', 'b-c'));
    expect(taskName('a', 'b')).toBe(taskName('a', 'b'));
  });

  test('differ where earlier ones did not', () => {
    expect(earlierTaskName(theirs.namespace, theirs.name)).toBe(earlierTaskName(mine.namespace, mine.name));
    expect(taskName(theirs.namespace, theirs.name)).not.toBe(taskName(mine.namespace, mine.name));
    expect(taskName(mine.namespace, mine.name)).toMatch(/^krm-[-a-z0-9]{1,13}-[a-z0-9]{25}$/);
  });
});

describe('the task of a KRMSyncer', () => {
  const earlier = earlierTaskName(theirs.namespace, theirs.name);
  const ofTheirs = taskName(theirs.namespace, theirs.name);
  const ofMine = taskName(mine.namespace, mine.name);

  test('has its own name where no earlier version carried it out', async () => {
    const { ask } = scene();
    expect(await ask(syncer(theirs))).toBe(ofTheirs);
  });

  test('keeps its earlier name, and nobody else has that from then on', async () => {
    const { leave, ask } = scene();
    leave(earlier);
    expect(await ask(syncer(theirs))).toBe(earlier);
    expect(await ask(syncer(mine))).toBe(ofMine);
    // Made anew, or by the next controller.
    expect(await ask(syncer(theirs, { uid: 'another' }))).toBe(earlier);
  });

  test('of two that may have been meant the elder one keeps it', async () => {
    const { leave, ask } = scene();
    leave(earlier);
    expect(await ask(syncer(mine), false)).toBe(ofMine);
    expect(await ask(syncer(theirs))).toBe(earlier);
  });

  test('does not come back to an earlier name once it has its own', async () => {
    const { leave, ask } = scene();
    leave(earlier);
    expect(await ask({ ...syncer(theirs), status: { task: ofTheirs } })).toBe(ofTheirs);
    // What somebody wrote into a status is no claim on the task of another.
    expect(await ask(syncer(theirs))).toBe(earlier);
    expect(await ask({ ...syncer(mine), status: { task: earlier } })).toBe(ofMine);
  });

  test('what is fenced only was carried out by nobody here', async () => {
    const { objects, ask } = scene();
    objects.create('/configmaps', { metadata: metadataOf(earlier, 'epoch') });
    expect(await ask(syncer(theirs))).toBe(ofTheirs);
  });
});

test('the elder one is the one that was made first', () => {
  const old = syncer(theirs, { creationTimestamp: '2026-01-01T00:00:00Z', uid: 'b' });
  const young = syncer(mine, { creationTimestamp: '2026-01-02T00:00:00Z', uid: 'a' });
  const other = syncer({ namespace: 'x', name: 'y' }, { creationTimestamp: '2025-01-01T00:00:00Z' });
  const all = [young, other, old];
  expect(all.map((one) => isEldestAmong(all, one))).toEqual([false, true, true]);
});
