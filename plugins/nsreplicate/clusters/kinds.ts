/** From rules to resources that both sides serve. */
import { nearest } from '../../../src/closest.ts';
import { UsageError, X8sError } from '../../../src/errors.ts';
import { isForbidden } from '../../../src/kube/api/api-error.ts';
import type { CallOptions } from '../../../src/kube/api/client.ts';
import { apiVersionOf, type DiscoveredResource, nameOf } from '../../../src/kube/api/resources.ts';
import { type Discovery, discover } from '../../../src/kube/cluster/discovery.ts';
import type { TaskSpec } from '../decide/spec.ts';
import { appliesWhole } from '../objects/carry.ts';
import { groupKind } from '../objects/draft.ts';
import { rankOf } from '../objects/order.ts';
import { isEphemeralKind } from '../objects/skip.ts';
import { isGlob } from '../rules/glob.ts';
import { type Rule, ruleFor } from '../rules/rule.ts';
import { type CompiledRule, compileRule, mayLackNamespaces } from '../rules/scope.ts';
import type { Cluster } from './cluster.ts';

/** A kind that a task copies. */
export interface CopiedKind {
  /** As `groupKind` writes it; unique within a task. */
  readonly name: string;
  readonly resource: DiscoveredResource;
  /** Its rules, in the order in which they count. */
  readonly rules: readonly CompiledRule[];
}

/** The kinds of a task, in the order in which they are written, and what a person should know of the choice. */
export interface KindChoice {
  readonly kinds: readonly CopiedKind[];
  readonly notes: readonly string[];
  /** Versions of groups, as `apps/v1`, that rules mean and that do not answer just now: their kinds are lacking. */
  readonly silent: readonly string[];
}

/**
 * The kinds that the rules mean, as the primary serves them. Namespaces are always among them, since their labels
 * are needed; they are made where whole objects go, and not for what only adds to the objects of others.
 * @throws {UsageError} a rule that names a kind which the primary does not serve, or which is never copied
 */
export async function chooseKinds(
  primary: Cluster,
  rules: readonly Rule[],
  options: CallOptions & { refresh?: boolean } = {},
): Promise<KindChoice> {
  const compiled = rules.map(compileRule);
  let found = await discover(primary.kube, options);
  if (found.unavailable.length > 0 || compiled.some((rule) => missing(rule, found.resources)))
    found = await discover(primary.kube, { ...options, refresh: true });
  const { resources } = found;
  const silent = silentOf(found);
  for (const rule of compiled)
    if (missing(rule, resources) && !silent.some((version) => rule.coversVersion(version)))
      throw notServed(primary, rule.rule, resources);
  const clusterScoped = new Set<string>();
  const makers = new Set<CompiledRule>();
  const chosen = resources.flatMap((resource) => {
    const wanted = compiled.filter((rule) => rule.coversKind(resource) && isVersionOf(rule.rule, resource));
    const usable = wanted.filter((rule) => mayBeCopied(resource, rule.rule, clusterScoped));
    if (resource.namespaced) for (const rule of usable) if (appliesWhole(rule.rule.carry)) makers.add(rule);
    return usable.length === 0 && !isNamespaces(resource) ? [] : [{ resource, rules: usable }];
  });
  const implied = [...makers].map(({ rule: { namespaces } }) =>
    compileRule({ ...ruleFor('', 'Namespace'), namespaces }),
  );
  const kinds = chosen.map(({ resource, rules }) =>
    kindOf(resource, isNamespaces(resource) ? [...rules, ...implied] : rules),
  );
  // Two versions of one kind: the first, which the group prefers, is enough.
  const unique = [...new Map(kinds.reverse().map((kind) => [kind.name, kind])).values()].reverse();
  const meant = silent.filter((version) =>
    compiled.some(
      (rule) => rule.coversVersion(version) && (!isLiteral(rule.rule) || missing(rule, resources)),
    ),
  );
  return {
    kinds: unique.sort((a, b) => rankOf(a.name) - rankOf(b.name)),
    notes: [...idleRules(compiled, found, silent), ...noteOf([...clusterScoped])],
    silent: meant.map(({ group, version }) => `${group}/${version}`),
  };
}

/**
 * The kinds that the rules mean, as the first of some clusters serves them that says which it has.
 * @throws {X8sError} none of them does, or as `chooseKinds`
 */
export async function chooseKindsOnAny(
  [first, ...others]: readonly Cluster[],
  rules: readonly Rule[],
  options: CallOptions,
): Promise<KindChoice> {
  if (!first) throw new Error('there is no cluster to ask');
  try {
    return await chooseKinds(first, rules, options);
  } catch (error) {
    if (!isForbidden(error) || others.length === 0) throw error;
    return chooseKindsOnAny(others, rules, options);
  }
}

/** Rules by globs that mean nothing, as a mistyped group does; what a kind that is silent may answer is not known. */
const idleRules = (
  rules: readonly CompiledRule[],
  { resources }: Discovery,
  silent: readonly GroupVersion[],
) =>
  rules
    .filter((rule) => !resources.some((one) => rule.coversKind(one) && isVersionOf(rule.rule, one)))
    .filter((rule) => !silent.some((version) => rule.coversVersion(version)))
    .map(({ rule: { group, version, kind } }) => {
      const names = `group ${JSON.stringify(group)}, version ${JSON.stringify(version)}, kind ${JSON.stringify(kind)}`;
      return `no kind of the primary is meant by a rule (${names}): it copies nothing before there is one`;
    });

interface GroupVersion {
  readonly group: string;
  readonly version: string;
}

/** What does not answer, and of which nothing is known from before either. */
function silentOf({ unavailable, resources }: Discovery): GroupVersion[] {
  return unavailable
    .map((name) => ({ group: name.slice(0, name.indexOf('/')), version: name.slice(name.indexOf('/') + 1) }))
    .filter(({ group, version }) => !resources.some((one) => one.group === group && one.version === version));
}

/** Whether a cluster forbids to list a kind without which a task works, were it only namespaces that are there anyway. */
export const isDispensable = (
  { name }: CopiedKind,
  error: unknown,
  { namespaces, rules, prune }: Pick<TaskSpec, 'namespaces' | 'rules' | 'prune'>,
): boolean =>
  name === 'Namespace' && isForbidden(error) && !prune.namespaces && mayLackNamespaces(namespaces, rules);

const isNamespaces = (resource: DiscoveredResource): boolean => nameOf(resource) === 'namespaces';

const kindOf = (resource: DiscoveredResource, rules: readonly CompiledRule[]): CopiedKind => ({
  name: groupKind({ apiVersion: apiVersionOf(resource), kind: resource.kind }),
  resource,
  rules,
});

/** `*` means the preferred version; a version that is named may be another one. */
const isVersionOf = ({ version }: Rule, resource: DiscoveredResource): boolean =>
  isGlob(version) ? resource.preferred : version === resource.version;

/** Whether a rule names one kind; by globs it may mean kinds that are yet to come. */
export const isLiteral = ({ group, version, kind }: Rule): boolean =>
  !isGlob(kind) && !isGlob(group) && (version === '*' || !isGlob(version));

const missing = (rule: CompiledRule, resources: readonly DiscoveredResource[]): boolean =>
  isLiteral(rule.rule) && !resources.some((resource) => rule.coversKind(resource));

function mayBeCopied(resource: DiscoveredResource, rule: Rule, clusterScoped: Set<string>): boolean {
  const name = nameOf(resource);
  const literal = !isGlob(rule.kind);
  if (isEphemeralKind(kindOf(resource, []).name)) {
    if (!literal) return false;
    throw new UsageError(`${resource.kind}: objects of this kind are never copied.`, {
      hint: 'They say what a cluster is doing, not what it should do; copy what makes them instead.',
    });
  }
  if (!['list', 'watch', 'get'].every((verb) => resource.verbs.includes(verb))) {
    if (!literal) return false;
    throw new X8sError(`${name} can't be listed and watched, so it can't be kept the same.`);
  }
  if (!resource.namespaced && !literal) {
    if (!isNamespaces(resource)) clusterScoped.add(name);
    return false;
  }
  return true;
}

/** What globs would have covered, in one line, however much it is. */
function noteOf(clusterScoped: readonly string[]): string[] {
  const [first, ...others] = clusterScoped;
  if (first === undefined) return [];
  if (others.length === 0)
    return [`${first} is cluster-scoped: a rule has to name it without "*" to copy it`];
  const more = clusterScoped.length - MOST_NAMED;
  const named = clusterScoped.slice(0, MOST_NAMED).join(', ');
  return [
    `${clusterScoped.length} kinds are cluster-scoped: a rule has to name each without "*" to copy it: ${named}${more > 0 ? ` and ${more} more` : ''}`,
  ];
}

const MOST_NAMED = 5;

function notServed(primary: Cluster, rule: Rule, resources: readonly DiscoveredResource[]): UsageError {
  const others = resources.filter(({ kind }) => kind.toLowerCase() === rule.kind.toLowerCase());
  const groups = [...new Set(others.map((resource) => `${apiVersionOf(resource)} ${resource.kind}`))];
  const wanted = [rule.group, rule.version === '*' ? '' : rule.version]
    .filter((part) => part !== '')
    .join('/');
  return new UsageError(
    `Primary ${primary.name} has no kind ${rule.kind}${wanted === '' ? '' : ` in ${wanted}`}.`,
    {
      hint:
        groups.length > 0
          ? `It has ${groups.join(', ')}.`
          : (meantBy(rule.kind, resources) ?? 'Is its CRD installed in that cluster?'),
    },
  );
}

/** Rules name kinds as objects do: a plural, a short name or a mistyped one stands for which? */
function meantBy(name: string, resources: readonly DiscoveredResource[]): string | undefined {
  const word = name.toLowerCase();
  const named = resources.filter(
    ({ plural, singular, shortNames }) => plural === word || singular === word || shortNames.includes(word),
  );
  const near = nearest(
    name,
    resources.map(({ kind }) => kind),
  );
  const found = named.length > 0 ? named : resources.filter(({ kind }) => kind === near);
  if (found.length === 0) return undefined;
  const kinds = [...new Set(found.map((one) => `${one.kind} (${apiVersionOf(one)})`))];
  return `Did you mean kind ${kinds.join(' or ')}?`;
}

/** Kinds of the task that a replica does not serve, or in other versions only: their objects wait until it does. */
export async function kindsMissingOn(
  cluster: Cluster,
  kinds: readonly CopiedKind[],
  options: CallOptions = {},
): Promise<string[]> {
  const { resources } = await discover(cluster.kube, options);
  const served = new Set(resources.map((resource) => `${apiVersionOf(resource)}/${resource.kind}`));
  return kinds
    .filter(({ resource }) => !served.has(`${apiVersionOf(resource)}/${resource.kind}`))
    .map(({ name, resource: { group, kind, version } }) => {
      const others = resources.filter((one) => one.group === group && one.kind === kind);
      const versions = [...new Set(others.map((one) => one.version))];
      return versions.length === 0 ? name : `${name} in version ${version}, but in ${versions.join(', ')}`;
    });
}

/**
 * Rules for kinds as `--kinds` takes them: `Deployment`, `deploy`, `certificates.cert-manager.io`. `+` before
 * the list adds to the default ones.
 */
export async function rulesForKinds(
  primary: Cluster,
  names: readonly string[],
  options: CallOptions = {},
): Promise<Rule[]> {
  const { resolveResource } = await import('../../../src/kube/cluster/discovery.ts');
  const found = await Promise.all(names.map((name) => resolveResource(primary.kube, name, options)));
  return found.map(({ group, kind, version }) => ruleFor(group, kind, version));
}
