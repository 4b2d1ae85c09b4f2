/** Whether a server left a copy as it was applied: the quick way to know its digest, taken for most writes. */
import type { KubeObject } from '../../../src/kube/objects.ts';
import { type Draft, isJson } from './draft.ts';

/** What the server adds, and sanitising takes out again. */
const byServer = new Set([
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'managedFields',
  'selfLink',
]);

/** True where nothing differs but what the server says about an object; false also where that is not plain. */
export function isAsApplied(applied: Draft, object: KubeObject): boolean {
  return (
    sameMap(applied, object, (key) => key === 'metadata') &&
    sameMap(applied.metadata, object.metadata, (key) => byServer.has(key))
  );
}

function sameMap(applied: object, present: object, aside: (key: string) => boolean): boolean {
  const [wanted, found] = [applied as Record<string, unknown>, present as Record<string, unknown>];
  const keys = Object.keys(found).filter((key) => !aside(key));
  return (
    keys.length === Object.keys(wanted).filter((key) => !aside(key)).length &&
    keys.every((key) => same(wanted[key], found[key]))
  );
}

function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, index) => same(item, b[index]));
  return isJson(a) && isJson(b) && sameMap(a, b, () => false);
}
