/** What becomes of the sync that the cluster has under a name, now that a file says what it is to be. */
import { isDeepStrictEqual } from 'node:util';
import { canonicalJson, diffSpecs } from '../../../src/tasks/spec.ts';
import type { SyncSpec } from '../spec/spec.ts';

/**
 * `same`: it stays. `revise`: other rules for the same two directories, so what was agreed on still holds. `replace`: it
 * begins anew, as a first sync. `foreign`: it belongs to another directory or workstation.
 */
export type Comparison = 'same' | 'revise' | 'replace' | 'foreign';

export function compareSpecs(known: SyncSpec, wanted: SyncSpec): Comparison {
  if (known.local.workstation !== wanted.local.workstation || known.local.path !== wanted.local.path)
    return 'foreign';
  if (isDeepStrictEqual(plain(known), plain(wanted))) return 'same';
  return isDeepStrictEqual(whatIsSynced(known), whatIsSynced(wanted)) ? 'revise' : 'replace';
}

/** What differs, one field a line. */
export const differences = (known: SyncSpec, wanted: SyncSpec): string[] =>
  diffSpecs(plain(known), plain(wanted));

/** As the cluster keeps it, but for what is known only once it was made. */
function plain(spec: SyncSpec): unknown {
  const { workstation, path } = spec.local;
  return JSON.parse(canonicalJson({ ...spec, local: { workstation, path }, foreground: undefined }));
}

/** Which files of which container, and what is known of each: an ancestor describes just this. */
function whatIsSynced({
  target: { writer: _, ...target },
  remote,
  scan: { times: _times, ...scan },
}: SyncSpec): unknown {
  return JSON.parse(canonicalJson({ target, remote, scan }));
}
