/** What a task copies: rules by group, version, kind and namespaces, and what of an object each carries. */
import type { Operation } from 'rfc6902';
import type { Requirement } from './selector.ts';

/** A path into an object, one key a part: `['spec', 'replicas']`. */
export type FieldPath = readonly string[];

/**
 * What of an object a rule carries.
 * - `whole`: everything that survives sanitising; the copy bears our provenance, and may be pruned.
 * - `status`: the status alone, to an object that somebody else makes; no provenance, never pruned.
 * - `fields`: the named fields alone, likewise; but where they are enough to make an object that is not there, it is ours.
 */
export type Carry =
  | { readonly what: 'whole'; readonly status: boolean }
  | { readonly what: 'status' }
  | { readonly what: 'fields'; readonly fields: readonly FieldPath[]; readonly status: boolean };

/** Group, version and kind may be globs; an empty list of namespaces means all that the task covers. */
export interface Rule {
  /** Empty for the core group. */
  readonly group: string;
  /** `*`: the version that the primary's API server prefers. */
  readonly version: string;
  readonly kind: string;
  readonly namespaces: readonly string[];
  readonly selector: readonly Requirement[];
  readonly carry: Carry;
}

/** A change of what is written to some replicas, after everything else: `replicas: 0` is one. */
export interface Override {
  /** File, line and key, for messages. */
  readonly place?: string | undefined;
  /** Globs over replica names; empty: all. */
  readonly replicas: readonly string[];
  readonly group: string;
  readonly kinds: readonly string[];
  /** Globs over the primary's namespaces; empty: all. */
  readonly namespaces: readonly string[];
  readonly names: readonly string[];
  readonly selector: readonly Requirement[];
  /** JSON patch (RFC 6902). */
  readonly patch: readonly Operation[];
}

/** Which namespaces of the primary a task covers. */
export interface NamespaceScope {
  /** Names and globs; empty: all that are not sensitive. */
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly selector: readonly Requirement[];
  /** Also those that begin with `kube`. */
  readonly sensitive: boolean;
}

/** A config file's content. Everything that a flag can say, a flag overrides. */
export interface TaskConfig {
  readonly name?: string | undefined;
  readonly primary?: string | undefined;
  readonly replicas: readonly string[];
  readonly namespaces: NamespaceScope;
  /** Namespace on the primary → namespace on the replicas. */
  readonly map: Readonly<Record<string, string>>;
  /** File, line and key of what the map says of a namespace, for messages. */
  readonly mapPlaces?: Readonly<Record<string, string>> | undefined;
  readonly rules: readonly Rule[];
  readonly overrides: readonly Override[];
  readonly suspend: boolean;
  /** Replicas on which workloads are held: globs over their names. */
  readonly standby?: readonly string[] | undefined;
  /** Where the file says that it belongs to the cluster that is copied to: that is the current context then, not the primary. */
  readonly pullsAt?: string | undefined;
}

export const wholeObject: Carry = { what: 'whole', status: false };

/** A rule for one kind in every namespace of the task. */
export function ruleFor(group: string, kind: string, version = '*'): Rule {
  return { group, version, kind, namespaces: [], selector: [], carry: wholeObject };
}

/** The kinds that are copied where nobody names others. */
export const defaultRules: readonly Rule[] = [
  ruleFor('', 'PersistentVolumeClaim'),
  ruleFor('', 'Secret'),
  ruleFor('', 'ConfigMap'),
  ruleFor('apps', 'StatefulSet'),
  ruleFor('apps', 'Deployment'),
];
