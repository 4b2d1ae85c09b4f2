/** Why one object is as it is on each replica: the rule, the decision, the digests, who wrote what, what was done last. */
import { messageOf } from '../../../src/errors.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import type { Resource } from '../../../src/kube/api/resources.ts';
import { undefinedIfNotServed } from '../clusters/failure.ts';
import type { Assessment } from '../decide/assess.ts';
import { explain } from '../decide/outcomes.ts';
import { reasonOf } from '../decide/reasons.ts';
import { fieldManager } from '../decide/spec.ts';
import type { JobRecord } from '../jobs/records.ts';
import { isIn, keyOf, type ObjectKey, type ObjectPlace, placeOf } from '../objects/keys.ts';
import { managedFieldsOf, pathsOf, readable } from '../objects/managed-fields.ts';
import { borneProvenanceOf, type Provenance } from '../objects/provenance.ts';
import { skipReason } from '../objects/skip.ts';
import type { Rule } from '../rules/rule.ts';
import { assessByAsking } from './asking.ts';
import type { Survey, SurveyedReplica } from './survey.ts';

/** Who wrote fields of an object, and which. */
export interface FieldOwner {
  readonly manager: string;
  /** `Apply` or `Update`. */
  readonly operation: string;
  readonly subresource: string;
  /** It is this tool. */
  readonly ours: boolean;
  readonly fields: readonly string[];
}

/** The object on the primary. */
export interface ExplainedOriginal {
  readonly exists: boolean;
  /** The rule that covers it; undefined: it is not copied, for `because`. */
  readonly rule: Rule | undefined;
  readonly because: string | undefined;
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
  /** Where it came from, where it is a copy itself. */
  readonly copiedFrom: Provenance | undefined;
}

/** The object on a replica. */
export interface ExplainedCopy {
  readonly replica: string;
  readonly namespace: string;
  readonly name: string;
  /** Undefined: it could not be looked at, for `unread`. */
  readonly exists: boolean | undefined;
  readonly unread: string | undefined;
  readonly outcome: Assessment['outcome'] | undefined;
  /** Why that, in words. */
  readonly because: string | undefined;
  readonly digests: {
    /** Of what it should be. */
    readonly wanted: string | undefined;
    /** Of what this task applied last, as the copy says. */
    readonly applied: string | undefined;
    /** Of what it is now. */
    readonly present: string | undefined;
  };
  readonly provenance: Provenance | undefined;
  readonly owners: readonly FieldOwner[];
  /** What was done last, or fails; undefined where nothing is kept of it. */
  readonly job: JobRecord | undefined;
}

export interface ExplainedObject {
  readonly object: ObjectPlace;
  readonly primary: { readonly name: string } & ExplainedOriginal;
  readonly replicas: readonly ExplainedCopy[];
}

export interface ExplainOptions {
  readonly place: ObjectPlace;
  /** Its kind, as the primary serves it. */
  readonly resource: Resource;
  /** What is kept of the task's jobs. */
  readonly jobs: readonly JobRecord[];
  readonly signal: AbortSignal;
}

/** @param surveyed a look at just that object */
export async function explainObject(surveyed: Survey, options: ExplainOptions): Promise<ExplainedObject> {
  const { place } = options;
  const key = keyOf(place.kind, place.namespace, place.name);
  const { primary } = surveyed;
  const { namespace, name } = place;
  const where = { name, namespace: namespace || undefined };
  const [object, copies] = await Promise.all([
    primary.kube.find(options.resource, where, { signal: options.signal }),
    Promise.all(surveyed.replicas.map((replica) => copyOn(surveyed, replica, key, options))),
  ]);
  const original = originalOf(surveyed, key, object);
  const replicas = copies.map((copy) => besideOriginal(copy, object));
  return { object: place, primary: { name: primary.name, ...original }, replicas };
}

function originalOf(
  { primaryCache }: Survey,
  key: ObjectKey,
  object: KubeObject | undefined,
): ExplainedOriginal {
  const rule = primaryCache.original(key)?.rule;
  return {
    exists: object !== undefined,
    rule,
    because: object && !rule ? whyNotCopied(object, key, primaryCache) : undefined,
    uid: object?.metadata.uid,
    resourceVersion: object?.metadata.resourceVersion,
    copiedFrom: object && borneProvenanceOf(object)?.provenance,
  };
}

/** What has no original that is copied is assessed as if there were none; the primary may have it all the same. */
function besideOriginal(copy: ExplainedCopy, original: KubeObject | undefined): ExplainedCopy {
  if (!original) return copy;
  if (copy.outcome === 'gone') return { ...copy, outcome: 'leave', because: explain('uncopied') };
  if (copy.outcome === 'delete' && original.metadata.deletionTimestamp === undefined)
    return { ...copy, outcome: 'leave', because: explain('still-on-primary') };
  return copy;
}

function whyNotCopied(object: KubeObject, key: ObjectKey, { coverage }: Survey['primaryCache']): string {
  const { kind } = placeOf(key);
  if (!coverage.kind(kind)) return `no rule covers the kind ${kind}`;
  if (!coverage.covers(key)) return 'the task does not cover its namespace';
  if (!coverage.ruleOnPrimary(key, object.metadata.labels))
    return 'no rule covers it, by its namespace and labels';
  if (object.metadata.deletionTimestamp !== undefined) return 'it is being deleted';
  return skipReason(object) ?? 'it came, or changed, just now: look again';
}

async function copyOn(
  surveyed: Survey,
  replica: SurveyedReplica,
  key: ObjectKey,
  { resource, jobs, signal }: ExplainOptions,
): Promise<ExplainedCopy> {
  const { cluster, replicaCache } = replica;
  const there = surveyed.places.onReplica(key);
  const found = await find(replica, resource, there, signal);
  const unread =
    replica.unread.find(({ kind, namespace }) => isIn(kind, namespace)(key))?.why ?? found.problem;
  const assessment = unread === undefined ? await assessByAsking(surveyed, replica, key, signal) : undefined;
  const provenance = found.object && borneProvenanceOf(found.object)?.provenance;
  return {
    replica: cluster.name,
    namespace: there.namespace ?? '',
    name: there.name,
    exists: found.problem === undefined ? found.object !== undefined : undefined,
    unread,
    outcome: assessment?.outcome,
    because: assessment && reasonOf(assessment),
    digests: {
      wanted: surveyed.primaryCache.digest(key, cluster.name),
      applied: provenance?.applied,
      present: replicaCache.get(key)?.live,
    },
    provenance,
    owners: found.object ? ownersOf(found.object) : [],
    job: jobs.find(
      (job) => job.replica === cluster.name && keyOf(job.kind, job.namespace ?? '', job.name) === key,
    ),
  };
}

interface Found {
  readonly object?: KubeObject | undefined;
  /** Why it can't be looked at. */
  readonly problem?: string;
}

async function find(
  { cluster }: SurveyedReplica,
  resource: Resource,
  there: { readonly namespace: string | undefined; readonly name: string },
  signal: AbortSignal,
): Promise<Found> {
  try {
    return { object: await cluster.kube.find(resource, there, { signal }).catch(undefinedIfNotServed) };
  } catch (error) {
    signal.throwIfAborted();
    return { problem: messageOf(error) };
  }
}

/** Those of others first: they are what one looks for. */
const ownersOf = (object: KubeObject): FieldOwner[] =>
  managedFieldsOf(object)
    .map(({ manager, operation, subresource, fields }) => ({
      manager,
      operation,
      subresource,
      ours: manager === fieldManager,
      fields: [...pathsOf(fields)].map(readable),
    }))
    .sort((a, b) => Number(a.ours) - Number(b.ours));
