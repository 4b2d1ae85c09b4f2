/** Quotas and limit ranges of a namespace, against what a copy makes there. Pure. */
import { RefusedError } from '../../../src/errors.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { parseMilliQuantity } from '../../../src/kube/api/quantity.ts';
import { type Finding, failed, note, ok } from './finding.ts';

type Amounts = Readonly<Record<string, string>>;
type Place = Pick<Finding, 'side' | 'check'>;

/** What a pod of a copy asks for and may use at most, as its container has it. */
export interface PodResources {
  readonly requests?: Amounts | undefined;
  readonly limits?: Amounts | undefined;
}

/** What a copy adds to a namespace: objects by the names of a quota, and pods. */
export interface Addition {
  readonly objects: Amounts;
  readonly pods: readonly PodResources[];
}

/** How much of a quota's resource is added; undefined where it does not count anything of a copy. */
function addedTo(resource: string, { objects, pods }: Addition): bigint | undefined {
  const own = objects[resource] ?? objects[resource.replace(/^count\//, '')];
  if (own !== undefined) return parseMilliQuantity(own);
  if (resource === 'pods' || resource === 'count/pods') return BigInt(pods.length) * 1000n;
  const [, kind = 'requests', name = ''] = /^(?:(requests|limits)\.)?(cpu|memory)$/.exec(resource) ?? [];
  if (name === '') return undefined;
  const amounts = pods.map((pod) => (kind === 'limits' ? pod.limits : pod.requests)?.[name] ?? '0');
  return amounts.reduce((sum, amount) => sum + parseMilliQuantity(amount), 0n);
}

interface QuotaStatus {
  readonly hard?: Amounts;
  readonly used?: Amounts;
}

/** A finding for each quota that has no room for it; one for all others together. */
export function quotaFindings(place: Place, quotas: readonly KubeObject[], addition: Addition): Finding[] {
  if (quotas.length === 0) return [ok(place, 'no quota is set')];
  const findings = quotas.flatMap((quota): Finding[] => {
    const { scopes, scopeSelector } = (quota.spec ?? {}) as { scopes?: string[]; scopeSelector?: object };
    const { name } = quota.metadata;
    if (scopes !== undefined || scopeSelector !== undefined)
      return [note(place, `quota ${name} holds for some pods only, which was not looked into`)];
    const { hard = {}, used = {} } = (quota.status ?? {}) as QuotaStatus;
    const full = Object.entries(hard).flatMap(([resource, limit]) => {
      const added = addedTo(resource, addition);
      const now = used[resource] ?? '0';
      return added !== undefined && parseMilliQuantity(now) + added > parseMilliQuantity(limit)
        ? [`${resource}: ${now} of ${limit} is used, and ${describe(added)} more would be`]
        : [];
    });
    return full.length === 0
      ? []
      : [failed(place, exceeded(`quota ${name} has no room: ${full.join(', ')}`))];
  });
  return findings.length > 0 ? findings : [ok(place, `${quotas.length} set, with room for the copy`)];
}

const exceeded = (message: string) =>
  new RefusedError(message, {
    hint: 'have the quota raised, or free some of it; --cpu and --memory set what the pods ask for',
  });

const describe = (milli: bigint): string => (milli % 1000n === 0n ? `${milli / 1000n}` : `${milli}m`);

interface LimitItem {
  readonly type?: string;
  readonly min?: Amounts;
  readonly max?: Amounts;
}

/** Whether a limit range admits a pod of one container with these resources. */
export function limitRangeFindings(
  place: Place,
  ranges: readonly KubeObject[],
  { requests = {}, limits = {} }: PodResources,
): Finding[] {
  if (ranges.length === 0) return [ok(place, 'no limit range is set')];
  const findings = ranges.flatMap(({ metadata, spec }) => {
    const items = ((spec ?? {}) as { limits?: readonly LimitItem[] }).limits ?? [];
    return items
      .filter(({ type }) => type === 'Container' || type === 'Pod')
      .flatMap(({ min = {}, max = {} }) => [
        ...Object.entries(min)
          .filter(([name, least]) => isLess(requests[name], least))
          .map(([name, least]) => `${name}: ${requests[name]} is asked for, ${least} is the least`),
        ...Object.entries(max)
          .filter(([name, most]) => isLess(most, limits[name] ?? requests[name]))
          .map(
            ([name, most]) => `${name}: ${limits[name] ?? requests[name]} is asked for, ${most} is the most`,
          ),
      ])
      .map((text) => failed(place, outside(`limit range ${metadata.name}: ${text}`)));
  });
  return findings.length > 0 ? findings : [ok(place, `${ranges.length} set, which the pods keep to`)];
}

const outside = (message: string) =>
  new RefusedError(message, { hint: '--cpu and --memory set what the pods ask for' });

const isLess = (a: string | undefined, b: string | undefined): boolean =>
  a !== undefined && b !== undefined && parseMilliQuantity(a) < parseMilliQuantity(b);
