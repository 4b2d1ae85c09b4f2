/** Which copies may go. Every answer but one is to leave them. */
import type { Stamp } from '../objects/stamps.ts';

export interface PruneCase {
  /** As `groupKind` writes it. */
  readonly kind: string;
  readonly stamp: Stamp | undefined;
  readonly task: string;
  /** UID of the primary's kube-system namespace. */
  readonly primary: string;
  /** The rules cover its kind, namespace and labels. */
  readonly inScope: boolean;
  /** Present in a complete list of the primary. */
  readonly onPrimary: boolean;
  readonly flags: PruneFlags;
}

export interface PruneFlags {
  readonly prune: boolean;
  readonly claims: boolean;
  readonly namespaces: boolean;
}

export type PruneVerdict =
  /** It is not ours, or it is still wanted. */
  | 'keep'
  /** Its rule is gone: left, and reported. */
  | 'left-scope'
  /** Would go, but a flag is missing: left, and reported. */
  | 'guarded'
  /** Ask the primary for the object itself; only a 404 lets it go. */
  | 'ask-primary';

/** What is to be done about a copy whose original was not seen. */
export function pruneVerdict({
  kind,
  stamp,
  task,
  primary,
  inScope,
  onPrimary,
  flags,
}: PruneCase): PruneVerdict {
  if (onPrimary || !stamp || stamp.origin.task !== task || stamp.origin.cluster !== primary) return 'keep';
  if (!inScope) return 'left-scope';
  if (!flags.prune) return 'guarded';
  if (kind === 'PersistentVolumeClaim' && !flags.claims) return 'guarded';
  if (kind === 'Namespace' && !flags.namespaces) return 'guarded';
  return 'ask-primary';
}

/** Why a copy without an original stays; undefined where it may go. */
export function explainVerdict(verdict: PruneVerdict, kind: string): string | undefined {
  if (verdict === 'ask-primary') return undefined;
  if (verdict === 'keep') return 'it is not a copy of this task';
  if (verdict === 'left-scope') return 'no rule covers it any more';
  if (kind === 'PersistentVolumeClaim') return 'claims are deleted with --prune-claims only';
  if (kind === 'Namespace') return 'namespaces are deleted with --prune-namespaces only';
  return 'deletions are followed with --prune only';
}
