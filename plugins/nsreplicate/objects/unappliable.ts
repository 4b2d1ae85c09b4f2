/** What keeps a server from applying an object that it would take by another verb: looked at after an apply failed. */
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { at, isJson, type Json } from './draft.ts';

/** Keys of lists (x-kubernetes-list-map-keys in the OpenAPI document of Kubernetes 1.34). */
const listKeys = [
  ['name'],
  ['type'],
  ['ip'],
  ['uid'],
  ['mountPath'],
  ['devicePath'],
  ['rule'],
  ['containerPort', 'protocol'],
  ['port', 'protocol'],
  ['topologyKey', 'whenUnsatisfiable'],
];

/** Whether two items of some list have the same keys, which servers accept in a create or update, and in no apply. */
export function hasTwins(value: unknown): boolean {
  if (Array.isArray(value)) return areTwins(value.filter(isJson)) || value.some(hasTwins);
  return isJson(value) && Object.keys(value).some((key) => hasTwins(value[key]));
}

const areTwins = (items: readonly Json[]): boolean =>
  listKeys.some(([first = '', ...others]) => {
    const keyed = items.filter((item) => Object.hasOwn(item, first));
    const names = keyed.map((item) =>
      JSON.stringify([item[first], ...others.map((key) => item[key] ?? 'TCP')]),
    );
    return new Set(names).size < names.length;
  });

/** Whether somebody wrote fields of an object in another version of its kind, which may be gone by now. */
export function isWrittenInOtherVersion(
  { metadata: { managedFields = [] } }: KubeObject,
  apiVersion: string,
): boolean {
  return managedFields.some(
    (entry) => ![undefined, apiVersion].includes(at(entry, 'apiVersion') as string | undefined),
  );
}
