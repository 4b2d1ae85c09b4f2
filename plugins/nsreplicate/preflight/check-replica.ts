/** What a replica lacks for the copies that a task would make there, and what it would refuse. Writes nothing. */
import { messageOf, X8sError } from '../../../src/errors.ts';
import { isForbidden } from '../../../src/kube/api/api-error.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { resourceQuotas } from '../../../src/kube/api/resources.ts';
import type { Needed } from '../cache/findings.ts';
import { kindsMissingOn } from '../clusters/kinds.ts';
import { isWrite } from '../decide/assess.ts';
import { standbyMatcher, type TaskSpec } from '../decide/spec.ts';
import { describe, keyOf, type ObjectKey, placeOf } from '../objects/keys.ts';
import { isHeldKind, remarkOnHeld } from '../objects/standby.ts';
import { type PlannedChange, plan } from '../preview/plan.ts';
import { isUnread, type Survey, type SurveyedReplica } from '../preview/survey.ts';
import { describeNeed, lookFor } from '../task/needs-check.ts';
import type { Finding } from './finding.ts';
import { exceeded, isScoped, sumOf, type Usage, usageOf } from './quotas.ts';

export interface ReplicaCheck {
  readonly surveyed: Survey;
  readonly replica: SurveyedReplica;
  readonly spec: TaskSpec;
  /** What objects of the primary need of their cluster. */
  readonly needed: readonly Needed[];
  readonly signal: AbortSignal;
}

export async function checkReplica(check: ReplicaCheck): Promise<Finding[]> {
  const parts = [checkUnread, checkKinds, checkNeeds, checkStrangers, checkHeld, checkQuotas, checkDryRuns];
  const found: Finding[] = [];
  // One after the other: each of them asks the same server many questions.
  for (const part of parts) found.push(...(await guarded(part, check)));
  return found;
}

/** A check that can't be made hides no other. */
async function guarded(
  part: (check: ReplicaCheck) => Promise<Finding[]> | Finding[],
  check: ReplicaCheck,
): Promise<Finding[]> {
  try {
    return await part(check);
  } catch (error) {
    check.signal.throwIfAborted();
    if (!(error instanceof X8sError)) throw error;
    // What the task itself needs is checked verb by verb; this was only to be looked at.
    if (isForbidden(error)) return [finding(check, 'look', 'note', `can't be told: ${messageOf(error)}`)];
    return [finding(check, 'look', 'denied', messageOf(error))];
  }
}

const finding = (
  { replica: { cluster } }: ReplicaCheck,
  check: string,
  verdict: Finding['verdict'],
  message: string,
): Finding => ({ cluster: cluster.name, check, verdict, message });

function checkUnread(check: ReplicaCheck): Finding[] {
  return check.replica.unread.map(({ kind, why }) =>
    finding(check, 'look', 'denied', `${kind} can't be read: ${why}`),
  );
}

/** Kinds that objects of the primary have, and that the replica does not serve, or in other versions. */
async function checkKinds(check: ReplicaCheck): Promise<Finding[]> {
  const { surveyed, replica, signal } = check;
  const used = new Set([...surveyed.primaryCache.keys()].map((key) => placeOf(key).kind));
  const kinds = surveyed.kinds.filter(({ name }) => used.has(name));
  const missing = await kindsMissingOn(replica.cluster, kinds, { signal });
  if (missing.length === 0)
    return [finding(check, 'kinds', 'ok', `serves all ${kinds.length} kinds that there are objects of`)];
  const isBrought = used.has('CustomResourceDefinition.apiextensions.k8s.io');
  return missing.map((name) =>
    finding(
      check,
      'kinds',
      isBrought ? 'note' : 'failed',
      `does not serve ${name}${isBrought ? '; definitions are copied as well' : ''}`,
    ),
  );
}

/** Classes, and what workloads name. */
async function checkNeeds(check: ReplicaCheck): Promise<Finding[]> {
  const { surveyed, replica, needed, signal } = check;
  const { primaryCache, places } = surveyed;
  const found: Finding[] = [];
  for (const { need, by } of needed) {
    const there = await lookFor(replica.cluster, need, { primaryCache, places }, { signal });
    const what = describeNeed(need, by, places);
    if (there === 'missing') found.push(finding(check, 'needs', 'failed', `lacks ${what}`));
    if (there === 'unknown') found.push(finding(check, 'needs', 'note', `may not be asked for ${what}`));
  }
  if (found.length > 0) return found;
  return [finding(check, 'needs', 'ok', 'has all classes, and all else that workloads name')];
}

/** Objects that are there, and that others made. */
function checkStrangers(check: ReplicaCheck): Finding[] {
  const { surveyed, replica } = check;
  const refused = [...surveyed.primaryCache.keys()].filter(
    (key) => replica.assessor.assess(key).outcome === 'refuse',
  );
  const [first] = refused;
  if (first === undefined) return [];
  const more = refused.length > 1 ? ` and ${refused.length - 1} more` : '';
  return [
    finding(
      check,
      'objects',
      'note',
      `${describe(first)}${more}: there already, and not made by this task: left, or --adopt`,
    ),
  ];
}

/** What a person should know of what is held on a standby, whether it is there already or comes. */
async function checkHeld(check: ReplicaCheck): Promise<Finding[]> {
  const { surveyed, replica, spec } = check;
  if (!standbyMatcher(spec)(replica.cluster.name)) return [];
  const keys = [...surveyed.primaryCache.keys()].filter((key) => isHeldKind(placeOf(key).kind));
  const found: Finding[] = [];
  for (const key of keys) {
    const remark = remarkOnHeld((await copyFor(check, key))?.main);
    if (remark !== undefined) found.push(finding(check, 'standby', 'note', `${describe(key)}: ${remark}`));
  }
  return found;
}

/** The copy as it would be there, with its overrides, and held on a standby. */
async function copyFor({ surveyed, replica, signal }: ReplicaCheck, key: ObjectKey) {
  const { name, id } = replica.cluster;
  const copy = await surveyed.primaryCache.copy(key, { name, cluster: id }, signal);
  surveyed.primaryCache.release(key, name);
  return copy;
}

/** Quotas are counted over all that would be created: a dry run of one object at a time does not see that. */
async function checkQuotas(check: ReplicaCheck): Promise<Finding[]> {
  const { surveyed, replica } = check;
  const { kube } = replica.cluster;
  const created = [...surveyed.primaryCache.keys()].filter(
    (key) => placeOf(key).namespace !== '' && replica.assessor.assess(key).outcome === 'create',
  );
  const found: Finding[] = [];
  for (const [from, keys] of Map.groupBy(created, (key) => placeOf(key).namespace)) {
    const namespace = surveyed.places.namespaceOnReplica(from);
    const { items: quotas } = await kube.list(resourceQuotas, { namespace, signal: check.signal });
    if (quotas.length > 0) found.push(...(await quotaFindings(check, namespace, quotas, keys)));
  }
  if (found.length > 0) return found;
  return [
    finding(check, 'quotas', 'ok', `none would be exceeded by the ${created.length} objects that come`),
  ];
}

async function quotaFindings(
  check: ReplicaCheck,
  namespace: string,
  quotas: readonly KubeObject[],
  keys: readonly ObjectKey[],
): Promise<Finding[]> {
  const usages: Usage[] = [];
  for (const key of keys) usages.push(await usageOfCopy(check, key));
  const more = sumOf(usages);
  return quotas.flatMap((quota) => {
    const { name } = quota.metadata;
    if (isScoped(quota))
      return [
        finding(check, 'quotas', 'note', `quota ${namespace}/${name} counts some pods only: not computed`),
      ];
    return exceeded(quota, more).map((line) =>
      finding(check, 'quotas', 'failed', `quota ${namespace}/${name} would be exceeded: ${line}`),
    );
  });
}

async function usageOfCopy(check: ReplicaCheck, key: ObjectKey): Promise<Usage> {
  const copy = await copyFor(check, key);
  const resource = check.surveyed.primaryCache.kind(placeOf(key).kind)?.resource;
  return copy?.main && resource ? usageOf(copy.main, resource) : new Map();
}

/** One object of each kind, in a namespace that is there where possible: webhooks and policies say what they think. */
async function checkDryRuns(check: ReplicaCheck): Promise<Finding[]> {
  const { surveyed, replica, spec, signal } = check;
  const chosen = new Set(samples(check));
  // What can't be listed there is not tried: of that nothing is known, and nothing is ok.
  const untold = untried(check);
  if (untold.length > 0 && chosen.size === 0)
    return [finding(check, 'dry run', 'note', `can't be told for ${untold.join(', ')}, which can't be read`)];
  const tried = await plan({ ...surveyed, replicas: [replica] }, spec, signal, {
    concerns: (key) => chosen.has(key),
  });
  const found = tried.map((change) => ofDryRun(check, change));
  if (found.some(({ verdict }) => verdict !== 'ok')) return found.filter(({ verdict }) => verdict !== 'ok');
  const but = untold.length === 0 ? '' : `; can't be told for ${untold.join(', ')}, which can't be read`;
  return [
    finding(
      check,
      'dry run',
      'ok',
      `takes one object of each of ${chosen.size} kinds that something is to be written of${but}`,
    ),
  ];
}

function samples({ surveyed, replica }: ReplicaCheck): ObjectKey[] {
  const { primaryCache } = surveyed;
  const isNew = (key: ObjectKey) => isWrite(replica.assessor.assess(key));
  const hasNamespace = (key: ObjectKey) =>
    replica.replicaCache.get(keyOf('Namespace', '', placeOf(key).namespace)) !== undefined;
  const known = [...primaryCache.keys()].filter((key) => !isUnread(replica, key) && isNew(key));
  const byKind = Map.groupBy(known, (key) => placeOf(key).kind);
  return [...byKind.values()].flatMap((keys) => keys.find(hasNamespace) ?? keys[0] ?? []);
}

/** Kinds of which nothing can be tried, since it is not known what the replica has. */
const untried = ({ surveyed: { primaryCache }, replica }: ReplicaCheck): string[] => [
  ...new Set(
    [...primaryCache.keys()].filter((key) => isUnread(replica, key)).map((key) => placeOf(key).kind),
  ),
];

function ofDryRun(check: ReplicaCheck, change: PlannedChange): Finding {
  const { kind, namespace, name, blocked, note, action } = change;
  const what = `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`;
  if (blocked) return finding(check, 'dry run', 'failed', `can't ${action} ${what}: ${note}`);
  if (note !== undefined) return finding(check, 'dry run', 'note', `${what}: ${note}`);
  return finding(check, 'dry run', 'ok', `would ${action} ${what}`);
}
