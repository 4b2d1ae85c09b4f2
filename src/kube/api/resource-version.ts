/** The order of resource versions. */

const number = /^\d+$/;

/**
 * Whether one resource version is older than another of the same resource in the same cluster: those can be compared
 * as numbers of any length (https://kep.k8s.io/5504). False where one of them is no number: then nothing is known.
 */
export function isOlder(a: string, b: string): boolean {
  if (!number.test(a) || !number.test(b)) return false;
  return a.length === b.length ? a < b : a.length < b.length;
}
