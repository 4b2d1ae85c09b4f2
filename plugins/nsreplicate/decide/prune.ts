/** Which copies may go. Every answer but one is to leave them. */
import type { Stamp } from '../objects/stamps.ts';

export interface PruneCase {
  /** As `groupKind` writes it. */
  readonly kind: string;
  readonly stamp: Stamp | undefined;
  /** It bears the stamp of another object. */
  readonly isStranger: boolean;
  /** The API server knows that it was us who put the stamp there. */
  readonly isWritten: boolean;
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
  /** Definitions of kinds. */
  readonly definitions: boolean;
}

export type PruneVerdict =
  /** It is not ours, or it is still wanted. */
  | 'keep'
  /** Somebody copied a copy, with our stamp on it: left, and reported. */
  | 'stranger'
  /** It bears our stamp, but we did not put it there: left, and reported. */
  | 'unproven'
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
  isStranger,
  isWritten,
  task,
  primary,
  inScope,
  onPrimary,
  flags,
}: PruneCase): PruneVerdict {
  if (isStranger && !onPrimary) return 'stranger';
  if (onPrimary || !stamp || stamp.origin.task !== task || stamp.origin.cluster !== primary) return 'keep';
  if (!inScope) return 'left-scope';
  if (!isWritten) return 'unproven';
  if (!isEverPruned(kind, flags)) return 'guarded';
  return 'ask-primary';
}

/** Kinds whose deletion takes data or other objects along, and what has to be said in words for it. */
const guards = new Map([
  [
    'PersistentVolumeClaim',
    { why: 'claims are deleted with --prune-claims only', allowed: ({ claims }: PruneFlags) => claims },
  ],
  [
    'Namespace',
    {
      why: 'namespaces are deleted with --prune-namespaces only',
      allowed: ({ namespaces }: PruneFlags) => namespaces,
    },
  ],
  [
    'CustomResourceDefinition.apiextensions.k8s.io',
    {
      why: 'definitions, whose deletion takes all objects of their kind along, are deleted with --prune-crds only',
      allowed: ({ definitions }: PruneFlags) => definitions,
    },
  ],
]);

export const explainStranger = 'it bears the mark of another object: somebody copied a copy';

/** Whether copies of a kind are ever deleted. */
export const isEverPruned = (kind: string, flags: PruneFlags): boolean =>
  flags.prune && (guards.get(kind)?.allowed(flags) ?? true);

/** Why a copy without an original stays; undefined where it may go. */
export function explainVerdict(verdict: PruneVerdict, kind: string): string | undefined {
  if (verdict === 'ask-primary') return undefined;
  if (verdict === 'keep') return 'it is not a copy of this task';
  if (verdict === 'stranger') return explainStranger;
  if (verdict === 'unproven') return 'it bears the mark of this task, but this tool did not write it';
  if (verdict === 'left-scope') return 'no rule covers it any more';
  return guards.get(kind)?.why ?? 'deletions are followed with --prune only';
}
