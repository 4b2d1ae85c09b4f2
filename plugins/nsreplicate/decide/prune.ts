/** Which copies may be deleted. In doubt a copy stays. */
import { own } from '../../../src/json.ts';
import type { LeaveReason } from './outcomes.ts';
import type { Ownership } from './ownership.ts';

export interface PruneCase {
  /** As `groupKind` writes it. */
  readonly kind: string;
  readonly ownership: Ownership;
  /** The API server knows that it was us who put the provenance there. */
  readonly isWritten: boolean;
  /** The rules cover its kind, namespace and labels. */
  readonly inScope: boolean;
  readonly flags: PruneFlags;
}

export interface PruneFlags {
  readonly prune: boolean;
  readonly claims: boolean;
  readonly namespaces: boolean;
  /** Definitions of kinds. */
  readonly definitions: boolean;
}

/**
 * Why an object whose original is not in a complete list of the primary stays; undefined where it may go, if the
 * primary itself says that it does not have the original.
 */
export function keptBecause({
  kind,
  ownership,
  isWritten,
  inScope,
  flags,
}: PruneCase): LeaveReason | undefined {
  if (ownership === 'copied-copy') return 'copied-copy';
  if (ownership !== 'ours') return 'not-a-copy';
  if (!inScope) return 'left-scope';
  if (!isWritten) return 'unproven';
  return guardOf(kind, flags);
}

/** Kinds whose deletion takes data or other objects along, and what has to be said in words for it. */
const guards: Readonly<Record<string, { flag: keyof PruneFlags; reason: LeaveReason }>> = {
  PersistentVolumeClaim: { flag: 'claims', reason: 'claims-guarded' },
  Namespace: { flag: 'namespaces', reason: 'namespaces-guarded' },
  'CustomResourceDefinition.apiextensions.k8s.io': { flag: 'definitions', reason: 'definitions-guarded' },
};

function guardOf(kind: string, flags: PruneFlags): LeaveReason | undefined {
  const guard = own(guards, kind);
  if (guard && !flags[guard.flag]) return guard.reason;
  return flags.prune ? undefined : 'deletions-off';
}
