/** Whether a server left a copy as it was applied: the quick way to know its digest, taken for most writes. */
import { own } from '../../../src/json.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { type Draft, isJson, type Json } from './draft.ts';

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
    sameMap(applied, object as Draft, (key) => key === 'metadata') &&
    sameMap(applied.metadata as unknown as Json, object.metadata as unknown as Json, (key) =>
      byServer.has(key),
    )
  );
}

const nothing = () => false;

function sameMap(wanted: Json, present: Json, aside: (key: string) => boolean): boolean {
  let more = 0;
  for (const key of Object.keys(wanted)) if (!aside(key)) more++;
  for (const key of Object.keys(present)) {
    if (aside(key)) continue;
    if (!same(own(wanted, key), present[key])) return false;
    more--;
  }
  return more === 0;
}

function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, index) => same(item, b[index]));
  return isJson(a) && isJson(b) && sameMap(a, b, nothing);
}
