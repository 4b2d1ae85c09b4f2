/** Claims on folders of a node that a test made itself, each bound to a volume of its own. */
import { apply } from './clients.ts';
import { kubectl } from './kubectl.ts';
import type { Scene } from './scene.ts';

const capacity = { storage: '1Gi' };
const accessModes = ['ReadWriteOnce'];

const volumeOf = ({ namespace }: Scene, claim: string) => `${namespace}-${claim}`;

/**
 * Makes a claim, and the volume behind it.
 *
 * @param source what a PersistentVolume has beside its size: `{ hostPath: { path } }`
 */
export async function claimOn(
  scene: Scene,
  context: string,
  claim: string,
  source: Readonly<Record<string, unknown>>,
): Promise<void> {
  const volumeName = volumeOf(scene, claim);
  const common = { accessModes, storageClassName: '' };
  await apply(context, scene.namespace, {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: volumeName },
    spec: { ...common, capacity, persistentVolumeReclaimPolicy: 'Retain', ...source },
  });
  await apply(context, scene.namespace, {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: claim },
    spec: { ...common, resources: { requests: capacity }, volumeName },
  });
}

/** Deletes the volumes behind such claims; they belong to no namespace. */
export async function deleteVolumesOf(scene: Scene, context: string, ...claims: string[]): Promise<void> {
  const names = claims.map((claim) => volumeOf(scene, claim));
  await kubectl(context, ['delete', 'pv', ...names, '--wait=false', '--ignore-not-found']);
}
