/** What a user may do, what is missing, and the least that would grant it. */
import { ForbiddenError } from '../../errors.ts';
import { ApiError } from '../api/api-error.ts';
import type { CallOptions, KubeClient } from '../api/client.ts';
import type { KubeObject } from '../api/objects.ts';
import { nameOf, type Resource } from '../api/resources.ts';

export interface Permission {
  /** As RBAC names it: `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`. */
  readonly verb: string;
  readonly resource: Resource;
  readonly subresource?: string | undefined;
  /** All namespaces where absent. */
  readonly namespace?: string | undefined;
  /** One object of this name only; all where absent. */
  readonly name?: string | undefined;
}

interface RulesReview extends KubeObject {
  spec: unknown;
  status?: { resourceRules?: PolicyRule[] };
}

interface AccessReview extends KubeObject {
  spec: unknown;
  status?: { allowed?: boolean };
}

/**
 * Those of `needs` that the client's user lacks. The rules that hold in each namespace grant most of them in one
 * answer (a SelfSubjectRulesReview); what they do not name is asked for each by itself, since an authorizer that
 * is no RBAC tells no rules.
 */
export async function missingPermissions(
  kube: KubeClient,
  needs: readonly Permission[],
  options: CallOptions = {},
): Promise<Permission[]> {
  const unique = [...new Map(needs.map((need) => [describePermission(need), need])).values()];
  const inOne = new Set(unique.map(({ namespace }) => namespace).filter((name) => name !== undefined));
  const rules = new Map(
    await Promise.all([...inOne].map(async (name) => [name, await rulesIn(kube, name, options)] as const)),
  );
  const allowed = await Promise.all(
    unique.map(
      async (need) => isGranted(need, rules.get(need.namespace ?? '')) || isAllowed(kube, need, options),
    ),
  );
  return unique.filter((_, index) => !allowed[index]);
}

/** @throws {ForbiddenError} names each missing verb and resource */
export async function requirePermissions(
  kube: KubeClient,
  needs: readonly Permission[],
  options: CallOptions & { readonly hint?: string } = {},
): Promise<void> {
  const missing = await missingPermissions(kube, needs, options);
  if (missing.length === 0) return;
  const { context, user } = kube.cluster;
  const count = missing.length === 1 ? 'a permission' : `${missing.length} permissions`;
  throw new ForbiddenError(`${context}: ${user} lacks ${count}`, {
    details: missing.map((need) => `may not ${describePermission(need)}`),
    hint: options.hint ?? 'ask an administrator of that cluster for them',
  });
}

/** The rules that hold for the client's user in a namespace; none where it may not even ask. */
async function rulesIn(kube: KubeClient, namespace: string, options: CallOptions): Promise<PolicyRule[]> {
  try {
    const review = await kube.request<RulesReview>({
      ...options,
      method: 'POST',
      path: '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews',
      what: 'a review of your own rules',
      body: {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectRulesReview',
        spec: { namespace },
      },
    });
    return review.status?.resourceRules ?? [];
  } catch (error) {
    if (error instanceof ApiError) return [];
    throw error;
  }
}

/** Whether one of the rules grants it, as RBAC reads them. */
function isGranted(need: Permission, rules: readonly PolicyRule[] = []): boolean {
  const { verb, resource, subresource, name } = need;
  const own =
    subresource === undefined ? [resource.plural] : [`${resource.plural}/${subresource}`, `*/${subresource}`];
  const has = (list: readonly string[] | undefined, ...wanted: string[]) =>
    list?.some((one) => one === '*' || wanted.includes(one)) === true;
  const names = ({ resourceNames = [] }: PolicyRule) =>
    resourceNames.length === 0 || (name !== undefined && resourceNames.includes(name));
  return rules.some(
    (rule) =>
      has(rule.verbs, verb) &&
      has(rule.apiGroups, resource.group) &&
      has(rule.resources, ...own) &&
      names(rule),
  );
}

async function isAllowed(kube: KubeClient, need: Permission, options: CallOptions): Promise<boolean> {
  const { verb, resource, subresource, namespace, name } = need;
  const { group, plural } = resource;
  const review = await kube.request<AccessReview>({
    ...options,
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    what: 'a review of your own access',
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: { verb, group, resource: plural, subresource, namespace, name } },
    },
  });
  return review.status?.allowed === true;
}

/** `create pods/exec in namespace "x"`. */
export function describePermission({ verb, resource, subresource, namespace, name }: Permission): string {
  const where =
    namespace === undefined
      ? resource.namespaced
        ? ' in all namespaces'
        : ''
      : ` in namespace "${namespace}"`;
  const what = subresource === undefined ? nameOf(resource) : `${nameOf(resource)}/${subresource}`;
  return `${verb} ${what}${name === undefined ? '' : ` "${name}"`}${where}`;
}

export interface PolicyRule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
  resourceNames?: string[];
}

export interface RbacRole extends KubeObject {
  rules: PolicyRule[];
}

/** Least Roles (one a namespace) and ClusterRole (for all else) that grant `needs`. */
export function rbacManifest(needs: readonly Permission[], name: string): RbacRole[] {
  const byNamespace = Map.groupBy(needs, ({ resource, namespace }) =>
    resource.namespaced ? (namespace ?? '') : '',
  );
  return [...byNamespace]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([namespace, permissions]) => ({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: namespace === '' ? 'ClusterRole' : 'Role',
      metadata: namespace === '' ? { name } : { name, namespace },
      rules: rulesOf(permissions),
    }));
}

/** One rule for each set of verbs on one group, with all resources that have just those verbs. */
function rulesOf(permissions: readonly Permission[]): PolicyRule[] {
  const targets = Map.groupBy(permissions, (permission) => JSON.stringify(targetOf(permission)));
  const rules = new Map<string, PolicyRule>();
  for (const [key, granted] of targets) {
    const { group, resource, name } = JSON.parse(key) as ReturnType<typeof targetOf>;
    const verbs = [...new Set(granted.map(({ verb }) => verb))].sort();
    const ruleKey = JSON.stringify([group, name, verbs]);
    const names = name === undefined ? {} : { resourceNames: [name] };
    const rule = rules.get(ruleKey) ?? { apiGroups: [group], resources: [], verbs, ...names };
    rule.resources.push(resource);
    rules.set(ruleKey, rule);
  }
  return [...rules.values()];
}

function targetOf({ verb, resource, subresource, name }: Permission) {
  return {
    group: resource.group,
    resource: subresource === undefined ? resource.plural : `${resource.plural}/${subresource}`,
    // A create is authorised before the object's name is known.
    name: verb === 'create' && subresource === undefined ? undefined : name,
  };
}
