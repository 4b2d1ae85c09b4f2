/** How the difference of an object is shown: field by field, and as YAML where somebody wants to read that. */
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { readableDiff } from '../decide/diff.ts';
import { yamlDiff } from '../decide/yaml-diff.ts';

/** A difference; values of Secrets masked in both forms. */
export interface Shown {
  /** A field a line. */
  readonly diff: readonly string[];
  /** Lines of a unified diff. */
  readonly patch?: readonly string[] | undefined;
}

export class Shows {
  readonly #patch: 'short' | 'whole' | undefined;

  /** @param patch whether YAML is shown, and whether with long values as a whole */
  constructor(patch: 'short' | 'whole' | undefined) {
    this.#patch = patch;
  }

  /** What differs between what an object would be and what it is; one that is not there is undefined. */
  of(wanted: KubeObject, present: KubeObject | undefined): Shown {
    return { diff: readableDiff(wanted, present), ...this.#patchOf(wanted, present) };
  }

  /** An object that goes, and what goes along with it. */
  gone(object: KubeObject, along: readonly string[]): Shown {
    return { diff: along.map((name) => `- ${name}`), ...this.#patchOf(undefined, object) };
  }

  #patchOf(wanted: KubeObject | undefined, present: KubeObject | undefined): Pick<Shown, 'patch'> {
    return this.#patch ? { patch: yamlDiff(wanted, present, { whole: this.#patch === 'whole' }) } : {};
  }
}

/** Two differences of one object as one. */
export const both = (one: Shown, other: Shown): Shown => ({
  diff: [...one.diff, ...other.diff],
  ...(one.patch || other.patch ? { patch: [...(one.patch ?? []), ...(other.patch ?? [])] } : {}),
});
