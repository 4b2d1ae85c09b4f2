/** What the primary's objects need of their cluster, and what a person should know of them. */
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { describe, type ObjectKey } from '../objects/keys.ts';
import { type NamespaceMap, unmappedMentions } from '../objects/mapping.ts';
import { type Need, needsOf } from '../objects/needs.ts';
import { remarkOn } from '../objects/remarks.ts';

/** What an object needs of its cluster. */
export interface Needed {
  readonly need: Need;
  readonly by: ObjectKey;
}

export class Findings {
  readonly #map: NamespaceMap;
  /** What objects need that were noted since somebody asked; each once. */
  readonly #needs = new Map<string, Needed>();
  /** By remark: the objects that it is about. */
  readonly #remarks = new Map<string, Set<ObjectKey>>();

  constructor(map: NamespaceMap) {
    this.#map = map;
  }

  /** Looks at an object as it is now. */
  note(key: ObjectKey, object: KubeObject): void {
    this.forget(key);
    const mentions = unmappedMentions(object, this.#map).map((what) => `${what}, which stays as it is`);
    const remark = remarkOn(object);
    for (const what of remark === undefined ? mentions : [...mentions, remark])
      this.#remarks.set(what, (this.#remarks.get(what) ?? new Set()).add(key));
    for (const need of needsOf(object)) this.#needs.set(Object.values(need).join('|'), { need, by: key });
  }

  /** The object is gone. There are as many remarks as moved namespaces, and few others, at most. */
  forget(key: ObjectKey): void {
    for (const [what, keys] of this.#remarks)
      if (keys.delete(key) && keys.size === 0) this.#remarks.delete(what);
  }

  /** What workloads and claims need of their clusters, each once, of those that came since this was asked last. */
  takeNeeds(): Needed[] {
    const needs = [...this.#needs.values()];
    this.#needs.clear();
    return needs;
  }

  /**
   * What a person should know of objects: names of moved namespaces that are not rewritten, Jobs that run again.
   * @param isCopied whether an object goes to any replica
   */
  remarks(isCopied: (key: ObjectKey) => boolean = () => true): string[] {
    return [...this.#remarks].flatMap(([what, keys]) => {
      const [first, ...more] = [...keys].filter(isCopied);
      if (first === undefined) return [];
      return `${describe(first)}${more.length > 0 ? ` and ${more.length} more` : ''}: ${what}`;
    });
  }
}
