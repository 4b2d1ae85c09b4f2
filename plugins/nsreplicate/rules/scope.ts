/** Which namespaces and kinds a task covers, compiled once. */
import { compileGlobs, isGlob } from './glob.ts';
import type { NamespaceScope, Rule } from './rule.ts';
import { type Labels, matches } from './selector.ts';

/** A kind as the API server names it. */
export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/**
 * Whether the task covers a namespace of the primary. Namespaces that begin with `kube` need the flag, even
 * where they are named: it is their content that is dangerous elsewhere, not a glob that meets them.
 */
export function namespaceMatcher(scope: NamespaceScope): (name: string, labels?: Labels) => boolean {
  const included = compileGlobs(scope.include);
  const excluded = scope.exclude.length === 0 ? () => false : compileGlobs(scope.exclude);
  return (name, labels) =>
    (scope.sensitive || !name.startsWith('kube')) &&
    included(name) &&
    !excluded(name) &&
    matches(scope.selector, labels);
}

/** The namespaces by name, where the scope needs no look at the cluster; else undefined. */
export function literalNamespaces({ include, selector }: NamespaceScope): readonly string[] | undefined {
  return include.length > 0 && selector.length === 0 && !include.some(isGlob) ? include : undefined;
}

/**
 * Whether a task works without knowing of Namespace objects: its namespaces are named, and no rule names that kind. They
 * are copied where that is allowed, and have to be there where it is not.
 */
export const mayLackNamespaces = (scope: NamespaceScope, rules: readonly Rule[]): boolean =>
  literalNamespaces(scope) !== undefined &&
  !rules.some(({ group, kind }) => group === '' && kind === 'Namespace');

/** Sensitive namespaces that were asked for by name, without the flag that allows it. */
export function refusedNamespaces({ include, sensitive }: NamespaceScope): readonly string[] {
  return sensitive ? [] : include.filter((name) => name.startsWith('kube'));
}

/** A rule that can be asked about kinds and objects. */
export interface CompiledRule {
  readonly rule: Rule;
  coversKind(kind: GroupVersionKind): boolean;
  /** Whether it may mean kinds of a version of a group. */
  coversVersion(of: Omit<GroupVersionKind, 'kind'>): boolean;
  /** Namespace and labels of an object of a covered kind. Cluster-scoped objects have no namespace. */
  coversObject(namespace: string | undefined, labels?: Labels): boolean;
  /** The same, whatever labels an object has. */
  coversNamespace(namespace: string | undefined): boolean;
}

/** Compiles a rule. Throws UsageError on a bad glob. */
export function compileRule(rule: Rule): CompiledRule {
  const [group, version, kind] = [rule.group, rule.version, rule.kind].map((part) =>
    part === '' ? (name: string) => name === '' : compileGlobs([part]),
  );
  const namespaces = compileGlobs(rule.namespaces);
  return {
    rule,
    coversVersion: (of) => !!group?.(of.group) && !!version?.(of.version),
    coversKind: (gvk) => !!group?.(gvk.group) && !!version?.(gvk.version) && !!kind?.(gvk.kind),
    coversObject: (namespace, labels) =>
      (namespace === undefined || namespaces(namespace)) && matches(rule.selector, labels),
    coversNamespace: (namespace) => namespace === undefined || namespaces(namespace),
  };
}

/** The first rule that covers the object: order in the file decides. */
export function ruleOf(
  rules: readonly CompiledRule[],
  kind: GroupVersionKind,
  namespace: string | undefined,
  labels?: Labels,
): Rule | undefined {
  return rules.find((rule) => rule.coversKind(kind) && rule.coversObject(namespace, labels))?.rule;
}
