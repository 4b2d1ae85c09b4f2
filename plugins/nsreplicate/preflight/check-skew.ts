/** Whether servers differ in version by more than what Kubernetes has clients and servers differ in. Pure. */
import type { Finding } from './finding.ts';

/** What a cluster is called, and which version its API server says that it is; undefined where it said none. */
export interface Versioned {
  readonly cluster: string;
  readonly version: string | undefined;
}

/** Minor versions: an object of one server is written to another as kubectl of the one would write it. */
const MOST_SKEW = 1;

/** A note for each replica that is too far from the primary, either way. What that breaks, the other checks find. */
export const checkSkew = (primary: Versioned, replicas: readonly Versioned[]): Finding[] =>
  replicas.flatMap((replica) => skewOf(primary, replica) ?? []);

function skewOf(primary: Versioned, { cluster, version = '' }: Versioned): Finding | undefined {
  const [there, here] = [minorOf(version), minorOf(primary.version ?? '')];
  if (!there || !here) return undefined;
  const [major, minor] = [there.major - here.major, there.minor - here.minor];
  if (major === 0 && Math.abs(minor) <= MOST_SKEW) return undefined;
  const isOlder = major === 0 ? minor < 0 : major < 0;
  const by = `${Math.abs(major || minor)} ${major === 0 ? 'minor versions' : 'major version'}`;
  const means = isOlder
    ? 'fields and kinds that came since then are not known there'
    : 'what was removed since then is not served there, and defaults may be others';
  return {
    cluster,
    check: 'versions',
    verdict: 'note',
    message: `${version} is ${by} ${isOlder ? 'older' : 'newer'} than ${primary.version} of ${primary.cluster}: ${means}`,
  };
}

/** Vendors add words of their own behind it, as in `v1.34.4-gke.1`. */
function minorOf(version: string): { readonly major: number; readonly minor: number } | undefined {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version) ?? [];
  return major === undefined || minor === undefined
    ? undefined
    : { major: Number(major), minor: Number(minor) };
}
