/** What of a pod keeps data safe, and no patch may change. */
import { isDeepStrictEqual } from 'node:util';
import { RefusedError } from '../../../../src/errors.ts';
import type { PodTemplate } from './pod-patch.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Folders of the container that are the copy's own. */
const ownPaths = [
  '/source',
  '/target',
  '/etc/x8s',
  '/run/x8s',
  '/tmp',
  '/usr/local/bin',
  '/etc/passwd',
  '/var/run/secrets',
];

const fieldsOf = (value: unknown): Fields => (value ?? {}) as Fields;
const listOf = (value: unknown): readonly Fields[] =>
  (Array.isArray(value) ? value : []) as readonly Fields[];

/** @throws RefusedError names what a patch has changed that it may not. */
export function requireSafe(ours: PodTemplate, patched: PodTemplate, side: string, from: string): void {
  const wrong = [...changesOf(ours, patched, side)];
  if (wrong.length === 0) return;
  throw new RefusedError(`the patch of ${from} changes what keeps data safe in the ${side}'s pod`, {
    details: wrong,
    hint: 'a patch may add what a cluster needs: resources, placement, labels, environment, further volumes and containers',
  });
}

function* changesOf(ours: PodTemplate, patched: PodTemplate, side: string): Generator<string> {
  yield* metadataChanges(ours, patched);
  const [before, after] = [fieldsOf(ours.spec), fieldsOf(patched.spec)];
  if (!isDeepStrictEqual(before.restartPolicy, after.restartPolicy)) yield 'spec.restartPolicy';
  for (const key of ['fsGroup', 'fsGroupChangePolicy', 'runAsUser', 'runAsGroup', 'supplementalGroupsPolicy'])
    if (fieldsOf(before.securityContext)[key] !== fieldsOf(after.securityContext)[key])
      yield `spec.securityContext.${key}`;
  yield* volumeChanges(listOf(before.volumes), listOf(after.volumes));
  const names = new Set(listOf(before.volumes).map(({ name }) => name));
  const containers = [...listOf(after.containers), ...listOf(after.initContainers)];
  const own = containers.find(({ name }) => name === side);
  if (own) yield* containerChanges(fieldsOf(listOf(before.containers)[0]), own);
  else yield `spec.containers: ${side} is gone`;
  // What runs before the container of the copy is the copy's own, too.
  const gates = listOf(before.initContainers);
  const kept = containers.filter(({ name }) => gates.some((one) => one.name === name));
  for (const one of gates) {
    const now = kept.find(({ name }) => name === one.name);
    if (now) yield* containerChanges(one, now);
    else yield `spec.initContainers: ${one.name} is gone`;
  }
  for (const other of containers.filter((one) => one !== own && !kept.includes(one)))
    if ([...listOf(other.volumeMounts), ...listOf(other.volumeDevices)].some(({ name }) => names.has(name)))
      yield `container ${other.name} mounts a volume of the copy`;
}

function* metadataChanges(ours: PodTemplate, patched: PodTemplate): Generator<string> {
  for (const field of ['labels', 'annotations'] as const) {
    const [before, after] = [ours.metadata[field] ?? {}, patched.metadata?.[field] ?? {}];
    const isOwn = (key: string) => key.startsWith('x8s.dev/') || key === 'app.kubernetes.io/managed-by';
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)]))
      if (isOwn(key) && before[key] !== after[key]) yield `metadata.${field}.${key}`;
  }
}

function* volumeChanges(before: readonly Fields[], after: readonly Fields[]): Generator<string> {
  for (const volume of before)
    if (
      !isDeepStrictEqual(
        after.find(({ name }) => name === volume.name),
        volume,
      )
    )
      yield `spec.volumes: ${volume.name}`;
  const claims = before.map(claimOf).filter((claim) => claim !== undefined);
  for (const volume of after)
    if (claims.some((claim) => claim === claimOf(volume)) && !before.some(({ name }) => name === volume.name))
      yield `spec.volumes: ${volume.name} is a claim of the copy once more`;
}

const claimOf = ({ persistentVolumeClaim }: Fields): string | undefined =>
  fieldsOf(persistentVolumeClaim).claimName as string | undefined;

function* containerChanges(before: Fields, after: Fields): Generator<string> {
  for (const key of ['command', 'args', 'lifecycle', 'volumeDevices'])
    if (!isDeepStrictEqual(before[key], after[key])) yield `container ${after.name}: ${key}`;
  const has = (list: unknown, wanted: Fields) => listOf(list).some((one) => isDeepStrictEqual(one, wanted));
  for (const variable of listOf(before.env))
    if (!has(after.env, variable)) yield `container ${after.name}: environment variable ${variable.name}`;
  for (const mount of listOf(before.volumeMounts))
    if (!has(after.volumeMounts, mount)) yield `container ${after.name}: mount of ${mount.mountPath}`;
  for (const mount of listOf(after.volumeMounts))
    if (!has(before.volumeMounts, mount) && isWithinOwn(String(mount.mountPath)))
      yield `container ${after.name}: a mount at ${mount.mountPath}`;
  const [user, now] = [fieldsOf(before.securityContext), fieldsOf(after.securityContext)];
  for (const key of ['runAsUser', 'runAsGroup'])
    if (user[key] !== now[key]) yield `container ${after.name}: securityContext.${key}`;
  const added = (context: Fields) => (fieldsOf(context.capabilities).add ?? []) as readonly string[];
  for (const capability of added(user))
    if (!added(now).includes(capability)) yield `container ${after.name}: capability ${capability}`;
}

const isWithinOwn = (path: string): boolean => {
  const normal = path.replace(/\/+/g, '/').replace(/(.)\/$/, '$1');
  return (
    normal === '/' ||
    ownPaths.some((own) => normal === own || normal.startsWith(`${own}/`) || own.startsWith(`${normal}/`))
  );
};
