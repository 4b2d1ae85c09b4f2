/** What this user may do in the namespace of a side, verb by verb. */
import { ForbiddenError } from '../../../src/errors.ts';
import { nameOf } from '../../../src/kube/api/resources.ts';
import { describePermission, missingPermissions, type Permission } from '../../../src/kube/cluster/access.ts';
import type { ClaimRef } from '../claims/claim.ts';
import type { Role } from '../objects/sides.ts';
import { helpfulPermissions, type Makes, permissionsOf } from '../preflight/permissions.ts';
import { type Finding, failed, note, ok } from './finding.ts';

/** One right, asked for. */
export interface Right {
  readonly side: Role;
  readonly verb: string;
  /** As RBAC names it: `pods/log`, `jobs.batch`. */
  readonly resource: string;
  readonly namespace: string | undefined;
  readonly allowed: boolean;
  /** Whether a copy can't do without it, may come to need it for a further strategy, or is better with it. */
  readonly need: 'required' | 'for some strategies' | 'helpful';
}

/** What a side is asked for, from what it can't do without to what it is better with. */
function asked(
  side: Role,
  namespace: string,
  { required, any }: AccessWish,
): (readonly [Right['need'], Permission])[] {
  const all: readonly (readonly [Right['need'], readonly Permission[]])[] = [
    ['required', permissionsOf(side, namespace, required)],
    ['for some strategies', permissionsOf(side, namespace, any)],
    ['helpful', helpfulPermissions(side, namespace, any)],
  ];
  const seen = new Set<string>();
  return all.flatMap(([need, permissions]) =>
    permissions.flatMap((permission) => {
      const text = describePermission(permission);
      if (seen.has(text)) return [];
      seen.add(text);
      return [[need, permission] as const];
    }),
  );
}

export interface AccessWish {
  /** What has to be allowed. */
  readonly required: Makes;
  /** What any of the strategies may need. */
  readonly any: Makes;
}

/** Asks the API server for every right that a copy may need on one side. */
export async function askRights(
  side: Role,
  { kube, namespace }: ClaimRef,
  wish: AccessWish,
  signal: AbortSignal,
): Promise<Right[]> {
  const needs = asked(side, namespace, wish);
  const missing = await missingPermissions(
    kube,
    needs.map(([, permission]) => permission),
    { signal },
  );
  const lacks = new Set(missing.map(describePermission));
  return needs.map(([need, permission]) => {
    const { verb, resource, subresource } = permission;
    const name = subresource === undefined ? nameOf(resource) : `${nameOf(resource)}/${subresource}`;
    const allowed = !lacks.has(describePermission(permission));
    return { side, verb, resource: name, namespace: permission.namespace, allowed, need };
  });
}

/** A line for each resource: the verbs that are allowed, and those that are not. */
export function findingsOfRights(rights: readonly Right[]): Finding[] {
  const byResource = Map.groupBy(rights, ({ side, resource, need }) => `${side} ${resource} ${need}`);
  return [...byResource.values()].flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    const { side, resource, need } = first;
    const place = { side, check: 'permissions' };
    const verbs = (allowed: boolean) =>
      group.filter((right) => right.allowed === allowed).map(({ verb }) => verb);
    const [may, mayNot] = [verbs(true), verbs(false)];
    if (mayNot.length === 0) return [ok(place, `${resource}: ${may.join(', ')}`)];
    const rest = may.length > 0 ? `, may ${may.join(', ')}` : '';
    const message = `${resource}: may not ${mayNot.join(', ')}${rest} (${need})`;
    return [need === 'required' ? failed(place, forbidden(message)) : note(place, message)];
  });
}

const forbidden = (message: string) =>
  new ForbiddenError(message, { hint: 'kubectl x8sync rbac SOURCE TARGET prints the Roles that grant it' });
