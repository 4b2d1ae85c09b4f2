/** --snapshot and --clone: the source changes while it is copied, and the target is what the source was at one moment. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import type { RbacRole } from '../../src/kube/cluster/access.ts';
import { contextA, contextB } from './support/contexts.ts';
import { granted, grantIn } from './support/roles.ts';
import { onLab, Snapshots } from './support/snapshots.ts';
import { type CopyDocument, documentOf, saidBy, startX8sync, x8sync } from './support/x8sync.ts';

interface SnapshotDocument extends CopyDocument {
  readonly strategy: string;
  readonly snapshot: { readonly method: string; readonly takenAt: string };
}

const snapshots = await Snapshots.ofFile();
const { scene } = snapshots;
const [source, target] = [scene.ref(contextA, 'source'), scene.ref(contextB, 'target')];

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
  const named = ['--snapshot-class', snapshots.driver.name, '--name', 'moment', '--verify'];
  const command = [...how, ...named, '--as', user];
  const taken = new Promise<void>((resolve) => {
    snapshots.driver.frozen = (folder) => {
      // In place, as a program writes that is at work.
      writeFileSync(join(folder, 'state'), 'after\n');
      resolve();
    };
  });
  const killed = startX8sync(...command);
  await taken;
  killed.child.kill('SIGKILL');
  await killed.ended;
  expect(await snapshots.frozen()).toMatch(/volumesnapshot.*x8sync-moment-source/);

  const ended = await x8sync(...command, '-o', 'json');
  saidBy(ended, 0);
  const { snapshot, verification } = documentOf<SnapshotDocument>(ended);
  expect(snapshot.method).toBe('snapshot');
  expect(verification).toMatchObject({ different: 0 });
  // The first run's snapshot was taken up, and none was made beside it.
  expect(snapshots.driver.freezes).toEqual(['source']);
  expect(await stateOf(contextB, 'target')).toBe('before\n5:6');
  expect(await stateOf(contextA, 'source')).toBe('after\n5:6');
  expect(await snapshots.frozen()).toBe('');
});

onLab('a clone is mounted beside the target', async () => {
  const ended = await x8sync('--clone', source, scene.ref(contextA, 'near'), '-o', 'json');
  saidBy(ended, 0);
  const { strategy, snapshot, warnings } = documentOf<SnapshotDocument>(ended);
  expect({ strategy, method: snapshot.method }).toEqual({ strategy: 'mount', method: 'clone' });
  expect(await stateOf(contextA, 'near')).toMatch(/5:6/);
  expect(warnings.join('\n')).toMatch(/retains the volume that was made for the copy/);
  expect(await snapshots.frozen()).toBe('');
});
