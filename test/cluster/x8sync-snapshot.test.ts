/**
 * --snapshot and --clone: the source changes while it is copied, and the target is what the source was at one moment. The
 * lab has no CSI driver, so a fake one freezes the data.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { RbacRole } from '../../src/kube/cluster/access.ts';
import { contextA, contextB, isLab } from './support/contexts.ts';
import { FakeCsiDriver } from './support/fake-csi-driver.ts';
import { kubectl } from './support/kubectl.ts';
import { granted, grantIn } from './support/roles.ts';
import { Scene } from './support/scene.ts';
import { type CopyDocument, documentOf, saidBy, startX8sync, x8sync } from './support/x8sync.ts';

interface SnapshotDocument extends CopyDocument {
  readonly strategy: string;
  readonly snapshot: { readonly method: string; readonly takenAt: string };
}

/** The fake driver works on the lab's own folders. */
const onLab = isLab ? test : test.skip;
const scene = await Scene.open('snapshot');
const [source, target] = [scene.ref(contextA, 'source'), scene.ref(contextB, 'target')];
let driver: FakeCsiDriver;

beforeAll(async () => {
  if (!isLab) return;
  driver = await FakeCsiDriver.start(contextA, scene.namespace);
  await Promise.all([
    scene.claim(contextA, 'source', { storageClass: driver.name }),
    scene.claim(contextA, 'near', { storageClass: driver.name }),
    scene.claim(contextA, 'plain'),
    scene.claim(contextB, 'target'),
  ]);
  await scene.shell(contextA, 'source', 'cd /data; seq 5000 >numbers; echo before >state; chown 5:6 state');
  await scene.shell(contextA, 'plain', 'echo plain >/data/file');
});
afterAll(async () => {
  await driver?.stop();
  await scene.close();
});

/** What tasks have made of their sources, by name. */
const frozen = async () =>
  (
    await kubectl(contextA, [
      ...['-n', scene.namespace, 'get', 'volumesnapshots,persistentvolumeclaims', '-o', 'name'],
      ...['-l', 'app.kubernetes.io/managed-by=kubectl-x8sync'],
    ])
  ).trim();
const stateOf = async (context: string, claim: string) =>
  (await scene.inspect(context, claim, 'cat state; stat -c %u:%g state')).trim();

/** Somebody who has what `rbac` prints for such a copy, and no more. */
async function somebodyWith(...args: string[]): Promise<string> {
  const name = `${scene.namespace}-keeper`;
  for (const [side, context] of Object.entries({ source: contextA, target: contextB })) {
    const printed = await x8sync('rbac', ...args, '--side', side, '-o', 'json');
    const rules = documentOf<{ items: RbacRole[] }>(printed).items.flatMap((role) => role.rules);
    await grantIn(context, scene.namespace, granted(name, rules, { kind: 'User', name }), ['--as', name]);
  }
  return name;
}

onLab('the target is the source of one moment, also after a run that was killed, and all goes', async () => {
  const how = ['--snapshot', '--strategy', 'nodeport', source, target];
  const user = await somebodyWith(...how);
  // Who may not see the classes names one.
  const named = ['--snapshot-class', driver.name, '--name', 'moment', '--verify'];
  const command = [...how, ...named, '--as', user];
  const taken = new Promise<void>((resolve) => {
    driver.frozen = (folder) => {
      // In place, as a program writes that is at work.
      writeFileSync(join(folder, 'state'), 'after\n');
      resolve();
    };
  });
  const killed = startX8sync(...command);
  await taken;
  killed.child.kill('SIGKILL');
  await killed.ended;
  expect(await frozen()).toMatch(/volumesnapshot.*x8sync-moment-source/);

  const ended = await x8sync(...command, '-o', 'json');
  saidBy(ended, 0);
  const { snapshot, verification } = documentOf<SnapshotDocument>(ended);
  expect(snapshot.method).toBe('snapshot');
  expect(verification).toMatchObject({ different: 0 });
  // The first run's snapshot was taken up, and none was made beside it.
  expect(driver.freezes).toEqual(['source']);
  expect(await stateOf(contextB, 'target')).toBe('before\n5:6');
  expect(await stateOf(contextA, 'source')).toBe('after\n5:6');
  expect(await frozen()).toBe('');
});

onLab('a clone is mounted beside the target', async () => {
  const ended = await x8sync('--clone', source, scene.ref(contextA, 'near'), '-o', 'json');
  saidBy(ended, 0);
  const { strategy, snapshot, warnings } = documentOf<SnapshotDocument>(ended);
  expect({ strategy, method: snapshot.method }).toEqual({ strategy: 'mount', method: 'clone' });
  expect(await stateOf(contextA, 'near')).toMatch(/5:6/);
  expect(warnings.join('\n')).toMatch(/retains the volume that was made for the copy/);
  expect(await frozen()).toBe('');
});

onLab('what can make no snapshot is refused with the reason, and nothing is left', async () => {
  const refused = async (code: number, ...args: string[]) => saidBy(await x8sync(...args), code);
  const [noClass, unknown, broken] = await Promise.all([
    refused(3, '--snapshot', scene.ref(contextA, 'plain'), target),
    refused(3, '--snapshot', target, source),
    refused(
      124,
      '--snapshot',
      '--snapshot-class',
      `${driver.name}-broken`,
      '--timeout',
      '10s',
      source,
      target,
    ),
  ]);
  expect(noClass).toMatch(/no VolumeSnapshotClass for its driver, x8s\.dev\/lab/);
  expect(unknown).toMatch(/CRDs of external-snapshotter are not installed\n.*--clone/);
  expect(broken).toMatch(/the driver says: the array has no room for a snapshot/);
  driver.refusesClones = true;
  expect(await refused(124, '--clone', '--timeout', '10s', source, target)).toMatch(
    /ProvisioningFailed: the driver makes no clones/,
  );
  expect(await frozen()).toBe('');
  expect(await scene.leftovers()).toEqual([]);
});
