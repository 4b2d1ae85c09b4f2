/** What an object is called within a task: always by its place on the primary, also where it is a copy. */
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { mapped, type NamespaceMap } from './mapping.ts';

/** `kind|namespace|name`; the namespace is empty for cluster-scoped objects. */
export type ObjectKey = string;

export interface ObjectPlace {
  /** As `groupKind` writes it. */
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

export const keyOf = (kind: string, namespace: string, name: string): ObjectKey =>
  `${kind}|${namespace}|${name}`;

/** The name of a list: of a kind in one scope. */
export const listOf = (kind: string, namespace: string | undefined): string => `${kind}|${namespace ?? ''}`;

export function placeOf(key: ObjectKey): ObjectPlace {
  const first = key.indexOf('|');
  const second = key.indexOf('|', first + 1);
  return { kind: key.slice(0, first), namespace: key.slice(first + 1, second), name: key.slice(second + 1) };
}

/** The list of an object's kind in all namespaces, as `listOf` names it. */
export const wholeListOf = (key: ObjectKey): string => key.slice(0, key.indexOf('|') + 1);

/** The list of an object's kind in its own namespace; of a cluster-scoped object that is the whole one. */
export const ownListOf = (key: ObjectKey): string => key.slice(0, key.indexOf('|', key.indexOf('|') + 1));

/** Whether a key belongs to the list of a kind in one scope. */
export const isIn = (kind: string, namespace: string | undefined) => (key: ObjectKey) => {
  const place = placeOf(key);
  return place.kind === kind && (namespace === undefined || place.namespace === namespace);
};

/** `Secret prod/password`, as messages name it. */
export function describe(key: ObjectKey): string {
  const { kind, namespace, name } = placeOf(key);
  return `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`;
}

/** No namespace's name ends so. */
const formerSuffix = ' (former place)';

/** A namespace of the replicas to which none of the primary leads any more, as keys and people name it. */
export const formerPlace = (there: string): string => `${there}${formerSuffix}`;

/** Whether a namespace of a key is such a one. */
export const isFormerPlace = (namespace: string): boolean => namespace.endsWith(formerSuffix);

/** Translates between places on the primary and places on the replicas. */
export class Places {
  readonly #to: NamespaceMap;
  readonly #from: ReadonlyMap<string, string>;
  /** Namespaces of the replicas in which copies may be, though none of the primary leads there any more. */
  readonly former: readonly string[];

  constructor(map: NamespaceMap, former: readonly string[] = []) {
    this.former = former;
    this.#to = map;
    this.#from = new Map([...map].map(([from, to]) => [to, from]));
  }

  /** The key of an object that was read from the primary. */
  ofOriginal(kind: string, { metadata }: KubeObject): ObjectKey {
    return keyOf(kind, metadata.namespace ?? '', metadata.name);
  }

  /** The key of an object that was read from a replica; undefined where nothing of the primary belongs there. */
  ofCopy(kind: string, { metadata }: KubeObject): ObjectKey | undefined {
    const isNamespace = kind === 'Namespace';
    const there = isNamespace ? metadata.name : metadata.namespace;
    if (there === undefined) return keyOf(kind, '', metadata.name);
    const here = this.former.includes(there) ? formerPlace(there) : (this.#from.get(there) ?? there);
    // A namespace that goes elsewhere leaves its name on the replica to whoever has it there.
    if (this.namespaceOnReplica(here) !== there) return undefined;
    return isNamespace ? keyOf(kind, '', here) : keyOf(kind, here, metadata.name);
  }

  /** What a namespace of the primary is called on the replicas. */
  namespaceOnReplica(namespace: string): string {
    if (isFormerPlace(namespace)) return namespace.slice(0, -formerSuffix.length);
    return mapped(this.#to, namespace);
  }

  /** Where an object's copy is. */
  onReplica(key: ObjectKey): { namespace: string | undefined; name: string } {
    const { kind, namespace, name } = placeOf(key);
    if (kind === 'Namespace') return { namespace: undefined, name: this.namespaceOnReplica(name) };
    return { namespace: namespace === '' ? undefined : this.namespaceOnReplica(namespace), name };
  }
}
