/** Where a directory of a container really is, so that those of several containers can be compared. */
import type { Target } from '../../launch/launcher.ts';
import { mountOf, type VolumeMount } from './location.ts';

export interface Place {
  /** The same for whatever holds the same files: a volume, or a container's own layer. */
  readonly store: string;
  /** The directory in it, name by name. */
  readonly path: readonly string[];
}

/** How one directory lies to another one; undefined: neither has any file of the other one. */
export type Relation = 'same' | 'within' | 'around' | undefined;

/** @param remote the directory as the container sees it. */
export function placeOf(target: Target, remote: string): Place {
  const { namespace, pod, container } = target;
  const mount = mountOf(target, remote);
  if (mount === undefined)
    return { store: JSON.stringify([pod.metadata.uid, 'container', container]), path: namesIn(remote) };
  const within = [...subPathOf(mount, target), ...namesIn(remote.slice(mount.mountPath.length))];
  const { kind, source, isOfPod } = sourceOf(mount, target);
  if (isOfPod) return { store: JSON.stringify([pod.metadata.uid, 'volume', mount.name]), path: within };
  // A directory of a volume that has a path itself is known by the whole of it.
  const { readOnly: _, type: __, path = '', ...known } = (source[kind] ?? {}) as VolumeSource;
  const where = kind === 'hostPath' ? pod.spec.nodeName : namespace;
  const store = JSON.stringify([kind, known, where]);
  return { store, path: [...namesIn(String(path)), ...within] };
}

export function relationOf(one: Place, other: Place): Relation {
  if (one.store !== other.store) return undefined;
  const shared = Math.min(one.path.length, other.path.length);
  if (one.path.slice(0, shared).some((name, index) => name !== other.path[index])) return undefined;
  if (one.path.length === other.path.length) return 'same';
  return one.path.length > other.path.length ? 'within' : 'around';
}

const namesIn = (path: string): string[] => path.split('/').filter((name) => name !== '' && name !== '.');

/** An expression is made of the pod's own variables: what it comes to is the pod's alone. */
function subPathOf({ subPath = '', subPathExpr }: VolumeMount, { pod }: Target): string[] {
  const isOpen = (name: string) => name.includes('$(');
  return namesIn(subPathExpr || subPath).map((name) =>
    subPathExpr && isOpen(name) ? JSON.stringify([name, pod.metadata.name]) : name,
  );
}

type VolumeSource = Readonly<Record<string, unknown>>;

interface Volume {
  readonly name: string;
  readonly [source: string]: unknown;
}

function sourceOf({ name }: VolumeMount, { pod }: Target) {
  const volumes = (pod.spec.volumes ?? []) as readonly Volume[];
  const { name: _, ...source } = volumes.find((one) => one.name === name) ?? { name };
  const isOfPod = podVolumes.some((kind) => kind in source);
  return { source: source as VolumeSource, kind: Object.keys(source)[0] ?? '', isOfPod };
}

/** Volumes that each pod has for itself. */
const podVolumes = [
  'emptyDir',
  'configMap',
  'secret',
  'projected',
  'downwardAPI',
  'ephemeral',
  'csi',
  'image',
];

/**
 * What is remembered of a directory goes by this, and stays the same for the next pod on a claim. What was written by
 * earlier versions is found by it, so it is not made of {@link placeOf}.
 */
export function contentKey(target: Target, remote: string): string {
  const { pod, container } = target;
  const mount = mountOf(target, remote);
  if (mount === undefined) return JSON.stringify([pod.metadata.uid, 'container', container]);
  const subPath = mount.subPathExpr ? [mount.subPathExpr, pod.metadata.name] : mount.subPath;
  const within = [subPath, remote.slice(mount.mountPath.length)];
  const { source, isOfPod } = sourceOf(mount, target);
  if (isOfPod) return JSON.stringify([pod.metadata.uid, 'volume', mount.name, within]);
  // The same path of two nodes is not the same directory.
  return JSON.stringify([source, 'hostPath' in source ? pod.spec.nodeName : '', within]);
}
