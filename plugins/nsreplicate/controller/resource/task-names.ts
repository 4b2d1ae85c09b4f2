/**
 * Names of the engine's tasks: of the place of a KRMSyncer, so that one that is made anew goes on with its copies. Whoever
 * may write KRMSyncers in one namespace chooses their names, so two places must never have one task: it would hand the
 * copies of one namespace to another.
 */
import { createHash } from 'node:crypto';
import { isAlreadyExists } from '../../../../src/kube/api/api-error.ts';
import type { KubeClient } from '../../../../src/kube/api/client.ts';
import { configMaps } from '../../../../src/kube/api/resources.ts';
import { Label, managerOf, PREFIX, selectorOf } from '../../../../src/tasks/names.ts';
import { stateNamespace } from '../../decide/spec.ts';
import { metadataOf, tool } from '../../state/task-objects.ts';
import { placeOf, type SyncerObject } from './resource.ts';

/** What people recognise a task by; the digest alone tells it from others. */
const stemOf = (name: string): string =>
  name
    .replaceAll(/[^a-z0-9-]/g, '-')
    .slice(0, 13)
    .replace(/-+$/, '');

const digestOf = (namespace: string, name: string): string =>
  createHash('sha256').update(`${namespace}/${name}`).digest('hex');

/** 128 bits of a digest, in the letters of a label. */
const shortened = (digest: string): string =>
  BigInt(`0x${digest.slice(0, 32)}`)
    .toString(36)
    .padStart(25, '0');

/** Name of the task of a KRMSyncer. */
export const taskName = (namespace: string, name: string): string =>
  `krm-${stemOf(name)}-${shortened(digestOf(namespace, name))}`;

/** Its name by earlier versions: of so few bits that a second place with the same one can be searched for. */
export const earlierTaskName = (namespace: string, name: string): string =>
  `krm-${stemOf(name)}-${digestOf(namespace, name).slice(0, 8)}`;

/** Whose KRMSyncer has a task of an earlier name, as `namespace/name`. */
const ownerAnnotation = `${PREFIX}krmsyncer`;

export interface TaskNaming {
  /** The controller's own client, fenced. */
  readonly own: KubeClient;
  /** Whether no other KRMSyncer that is there now has the same earlier name and is older. */
  readonly isEldest: (object: SyncerObject) => boolean;
}

/**
 * The task of a KRMSyncer: by its earlier name where an earlier version carried it out, so that its copies, which bear that
 * name, stay its own. That name then belongs to this one place, whatever others come to have it.
 */
export async function taskOf(
  object: SyncerObject,
  { own, isEldest }: TaskNaming,
  signal: AbortSignal,
): Promise<string> {
  const { namespace = '', name } = object.metadata;
  const [task, earlier] = [taskName(namespace, name), earlierTaskName(namespace, name)];
  if (object.status?.task === task) return task;
  const owner = await ownerOf(own, earlier, signal);
  if (owner === undefined || (owner === 'nobody' && !isEldest(object))) return task;
  const place = placeOf(object);
  if (owner === 'nobody') return (await takeOver(own, earlier, place, signal)) ? earlier : task;
  return owner === place ? earlier : task;
}

/** Whose a task of an earlier name is; undefined where nothing is kept of such a task. */
async function ownerOf(kube: KubeClient, task: string, signal: AbortSignal): Promise<string | undefined> {
  const ofTask = selectorOf({ [Label.managedBy]: managerOf(tool), [Label.task]: task });
  const labelSelector = `${ofTask},${Label.role} notin (epoch)`;
  const options = { namespace: stateNamespace, labelSelector, metadataOnly: true, signal };
  const { items } = await kube.list(configMaps, options);
  if (items.length === 0) return undefined;
  const owner = items.find(({ metadata }) => metadata.labels?.[Label.role] === 'owner');
  return owner?.metadata.annotations?.[ownerAnnotation] ?? 'nobody';
}

/** False: another controller took it over for another place at this moment. */
async function takeOver(
  kube: KubeClient,
  task: string,
  place: string,
  signal: AbortSignal,
): Promise<boolean> {
  const metadata = { ...metadataOf(task, 'owner'), annotations: { [ownerAnnotation]: place } };
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata };
  try {
    await kube.create(configMaps, object, { signal });
    return true;
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    return (await ownerOf(kube, task, signal)) === place;
  }
}

/** Whether none of these is an elder one with the same earlier name as this one. */
export function isEldestAmong(objects: Iterable<SyncerObject>, object: SyncerObject): boolean {
  const earlierOf = ({ metadata: { namespace = '', name } }: SyncerObject) =>
    earlierTaskName(namespace, name);
  const stem = stemOf(object.metadata.name);
  const ageOf = ({ metadata: { creationTimestamp = '', uid = '' } }: SyncerObject) =>
    `${creationTimestamp} ${uid}`;
  const task = earlierOf(object);
  // Digests of all of them would take long where there are thousands.
  const like = [...objects].filter((other) => stemOf(other.metadata.name) === stem);
  return !like.some((other) => earlierOf(other) === task && ageOf(other) < ageOf(object));
}
