/** What can make no snapshot and no clone, and is waited for until a time limit. */
import { expect } from '@jest/globals';
import { contextA, contextB } from './support/contexts.ts';
import { onLab, Snapshots } from './support/snapshots.ts';
import { saidBy, x8sync } from './support/x8sync.ts';

const snapshots = await Snapshots.ofFile();
const { scene } = snapshots;
const [source, target] = [scene.ref(contextA, 'source'), scene.ref(contextB, 'target')];

onLab('what can make no snapshot is refused with the reason, and nothing is left', async () => {
  // Bound: it is a source once.
  await scene.shell(contextB, 'target', 'true');
  const refused = async (code: number, ...args: string[]) => saidBy(await x8sync(...args), code);
  const [noClass, unknown, broken] = await Promise.all([
    refused(3, '--snapshot', scene.ref(contextA, 'plain'), target),
    refused(3, '--snapshot', target, source),
    refused(
      124,
      '--snapshot',
      '--snapshot-class',
      `${snapshots.driver.name}-broken`,
      '--timeout',
      '10s',
      source,
      target,
    ),
  ]);
  expect(noClass).toMatch(/no VolumeSnapshotClass for its driver, x8s\.dev\/lab/);
  expect(unknown).toMatch(/CRDs of external-snapshotter are not installed\n.*--clone/);
  expect(broken).toMatch(/the driver says: the array has no room for a snapshot/);
  snapshots.driver.refusesClones = true;
  expect(await refused(124, '--clone', '--timeout', '10s', source, target)).toMatch(
    /ProvisioningFailed: the driver makes no clones/,
  );
  expect(await snapshots.frozen()).toBe('');
  expect(await scene.leftovers()).toEqual([]);
});
