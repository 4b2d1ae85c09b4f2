/** The labels of the primary's namespaces, which may decide what is covered. Pure. */
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { coverageOf, type TaskSpec } from '../decide/spec.ts';
import type { Labels } from '../rules/selector.ts';

export class CoveredNamespaces {
  readonly #spec: TaskSpec;
  readonly #labels = new Map<string, Labels>();

  constructor(spec: TaskSpec) {
    this.#spec = spec;
  }

  /** Of all namespaces that were seen, by name. */
  get labels(): ReadonlyMap<string, Labels> {
    return this.#labels;
  }

  /** Takes note of a namespace. Returns whether it becomes covered by its labels, and was not by those of before. */
  note({ metadata: { name, labels = {} } }: KubeObject): boolean {
    const covers = coverageOf(this.#spec);
    const before = this.#labels.get(name);
    this.#labels.set(name, labels);
    if (this.#spec.namespaces.selector.length === 0) return false;
    return covers(name, labels) && !covers(name, before ?? {});
  }
}
