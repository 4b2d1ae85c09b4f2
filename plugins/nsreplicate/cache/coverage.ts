/** Which objects a task covers, on either side: by kind, namespace and labels. */
import type { CopiedKind } from '../clusters/kinds.ts';
import { makesObjects } from '../objects/carry.ts';
import { isFormerPlace, type ObjectKey, type ObjectPlace, placeOf } from '../objects/keys.ts';
import type { Rule } from '../rules/rule.ts';
import { ruleOf } from '../rules/scope.ts';
import type { Labels } from '../rules/selector.ts';

/** What a task covers of what a replica has. */
export interface CopyScope {
  /** By kind and namespace: what counts is what its labels are now. */
  covers(key: ObjectKey): boolean;
  /** Whole, by kind, namespace and an object's own labels. */
  rules(key: ObjectKey, labels: Labels | undefined): boolean;
}

export class Coverage implements CopyScope {
  readonly #kinds: ReadonlyMap<string, CopiedKind>;
  readonly #coversNamespace: (namespace: string) => boolean;

  /** @param coversNamespace whether the task covers a namespace of the primary */
  constructor(kinds: readonly CopiedKind[], coversNamespace: (namespace: string) => boolean) {
    this.#kinds = new Map(kinds.map((kind) => [kind.name, kind]));
    this.#coversNamespace = coversNamespace;
  }

  /** A kind that is copied, as `groupKind` writes it. */
  kind(name: string): CopiedKind | undefined {
    return this.#kinds.get(name);
  }

  /** Whether an object of that place could be copied, whatever labels one bears that is there already. */
  covers(key: ObjectKey): boolean {
    const place = placeOf(key);
    const within = withinOf(place);
    if (!this.#kinds.has(place.kind)) return false;
    return within === undefined || (!isFormerPlace(within) && this.#coversNamespace(within));
  }

  /** Whether a rule covers a replica's object whole, by its own labels. */
  rules(key: ObjectKey, labels: Labels | undefined): boolean {
    const rule = this.ruleOnReplica(key, labels);
    // What a rule carries too little of to make it is somebody else's, also where it was made by another rule.
    return rule ? makesObjects(rule.carry) : this.#mayHaveMade(key);
  }

  /** The rule for an object as it is on a replica. */
  ruleOnReplica(key: ObjectKey, labels: Labels | undefined): Rule | undefined {
    const place = placeOf(key);
    const kind = this.#kinds.get(place.kind);
    return kind && ruleOf(kind.rules, kind.resource, withinOf(place), labels);
  }

  /** The rule for an object of the primary; undefined where none covers it there. */
  ruleOnPrimary(key: ObjectKey, labels: Labels | undefined): Rule | undefined {
    return this.covers(key) ? this.ruleOnReplica(key, labels) : undefined;
  }

  /** What a rule for fields makes does not bear the labels by which that rule chose its original. */
  #mayHaveMade(key: ObjectKey): boolean {
    const place = placeOf(key);
    const rules = this.#kinds.get(place.kind)?.rules ?? [];
    return rules.some(
      ({ rule: { carry }, coversNamespace }) =>
        carry.what === 'fields' && makesObjects(carry) && coversNamespace(withinOf(place)),
    );
  }
}

/** The namespace that decides on an object: of a Namespace it is its own name. */
const withinOf = ({ kind, namespace, name }: ObjectPlace): string | undefined =>
  (kind === 'Namespace' ? name : namespace) || undefined;
