/**
 * Strategic merge of a pod template: maps are merged, `null` removes, lists of named things are merged by their keys, and
 * `$patch: delete` or `replace` does that
 * (https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/).
 */
import type { PodSpec } from '../../../../src/kube/api/objects.ts';

export interface PodTemplate {
  readonly metadata: {
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: PodSpec;
}

/** The keys by which lists are merged, as the patchMergeKey of k8s.io/api/core/v1 has them; other lists are replaced. */
const mergeKeys: Readonly<Record<string, string>> = {
  containers: 'name',
  initContainers: 'name',
  volumes: 'name',
  env: 'name',
  imagePullSecrets: 'name',
  volumeMounts: 'mountPath',
  volumeDevices: 'devicePath',
  ports: 'containerPort',
  hostAliases: 'ip',
  topologySpreadConstraints: 'topologyKey',
};

type Fields = Readonly<Record<string, unknown>>;

const isMap = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** By what name a patch may call the container of a copy, whichever side's it is. */
const anySide = 'mover';

/** The template with a patch over it. The container `mover` of a patch is the one of this side. */
export function mergeTemplate(template: PodTemplate, patch: Fields, side: 'source' | 'target'): PodTemplate {
  return mergeMaps(template as unknown as Fields, renamed(patch, side)) as unknown as PodTemplate;
}

function renamed(patch: Fields, side: string): Fields {
  const { spec } = patch;
  if (!isMap(spec) || !Array.isArray(spec.containers)) return patch;
  const containers = spec.containers.map((one: unknown) =>
    isMap(one) && one.name === anySide ? { ...one, name: side } : one,
  );
  return { ...patch, spec: { ...spec, containers } };
}

function mergeMaps(base: Fields, patch: Fields): Fields {
  const { $patch: directive, ...fields } = patch;
  if (directive === 'replace') return fields;
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(fields)) {
    if (value === null) delete merged[key];
    else merged[key] = mergeValue(key, merged[key], value);
  }
  return merged;
}

function mergeValue(key: string, base: unknown, value: unknown): unknown {
  if (isMap(value)) return mergeMaps(isMap(base) ? base : {}, value);
  const by = mergeKeys[key];
  if (!Array.isArray(value) || by === undefined) return value;
  return mergeLists(Array.isArray(base) ? base : [], value, by);
}

function mergeLists(base: readonly unknown[], patch: readonly unknown[], by: string): unknown[] {
  const keyOf = (item: unknown) => (isMap(item) ? item[by] : undefined);
  const isReplaced = patch.some(
    (item) => isMap(item) && item.$patch === 'replace' && keyOf(item) === undefined,
  );
  let merged = isReplaced ? [] : [...base];
  for (const item of patch) {
    if (!isMap(item) || keyOf(item) === undefined) continue;
    const at = merged.findIndex((one) => keyOf(one) === keyOf(item));
    if (item.$patch === 'delete') merged = merged.filter((_, index) => index !== at);
    else if (at < 0) merged.push(mergeMaps({}, item));
    else merged[at] = mergeMaps(merged[at] as Fields, item);
  }
  return merged;
}
