/** What would change on each replica: digests first, and a server-side dry run for what differs. Writes nothing. */
import { someAtOnce } from '../../../src/async/some-at-once.ts';
import { messageOf } from '../../../src/errors.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { failureOf, isNamespaceMissing, messageAbout, notAllTaken } from '../clusters/failure.ts';
import { isWrite, type Write } from '../decide/assess.ts';
import { refusalOfDependents } from '../decide/dependents.ts';
import { explain, type LeaveReason, outcomes, type PlannedAction } from '../decide/outcomes.ts';
import type { TaskSpec } from '../decide/spec.ts';
import type { Failure } from '../jobs/retry.ts';
import type { Copy } from '../objects/copy.ts';
import { type Draft, groupKind } from '../objects/draft.ts';
import { describe, type ObjectKey, placeOf } from '../objects/keys.ts';
import { withoutProvenance } from '../objects/provenance.ts';
import { sanitise } from '../objects/sanitise.ts';
import { remarkOnHeld } from '../objects/standby.ts';
import { applyCopy } from '../reconcile/apply.ts';
import { keptByPrimary } from '../reconcile/delete-copy.ts';
import { dependentsOf, ownedBy } from '../reconcile/dependents.ts';
import { mayOverrule } from '../reconcile/writer.ts';
import { assessByAsking, partOf } from './asking.ts';
import { asImmutable, dryRun, mayBeMadeAnew, type Trial } from './dry-run.ts';
import { both, type Shown, Shows } from './shows.ts';
import { isUnread, type Survey, type SurveyedReplica } from './survey.ts';

/** One object that would change, or should and can't. */
export interface PlannedChange {
  readonly replica: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly action: PlannedAction;
  /** It would be tried, and fail. */
  readonly blocked?: true;
  /** The difference, one field a line, and of a deletion what goes along; Secrets' values masked. */
  readonly diff: readonly string[];
  /** The difference as lines of YAML, where that was asked for; masked likewise. */
  readonly patch?: readonly string[] | undefined;
  /** Why it is refused, blocked or left, or could not be validated. */
  readonly note?: string | undefined;
}

export interface PlanOptions {
  /** Objects that are asked for; all where absent. */
  readonly concerns?: (key: ObjectKey) => boolean;
  /** Differences as YAML too, with long values cut or whole. */
  readonly patch?: 'short' | 'whole' | undefined;
}

/**
 * The changes of all replicas, in the order in which they would be made. What could not be listed on a replica is not
 * among them: nobody knows what would become of it.
 */
export async function plan(
  survey: Survey,
  spec: TaskSpec,
  signal: AbortSignal,
  { concerns = () => true, patch }: PlanOptions = {},
): Promise<PlannedChange[]> {
  const shows = new Shows(patch);
  const work: (() => Promise<PlannedChange | undefined>)[] = [];
  for (const replica of survey.replicas) {
    const orphans = [...replica.replicaCache.keys()].filter((key) => !survey.primaryCache.original(key));
    for (const key of [...survey.primaryCache.keys(), ...orphans])
      if (concerns(key) && !isUnread(replica, key))
        work.push(() => planned({ survey, replica, key, spec, shows, signal }));
  }
  return (await someAtOnce(work)).filter((change) => change !== undefined);
}

/** One object, and what is to be known of it. */
interface Planning {
  readonly survey: Survey;
  readonly replica: SurveyedReplica;
  readonly key: ObjectKey;
  readonly spec: TaskSpec;
  readonly shows: Shows;
  readonly signal: AbortSignal;
}

async function planned(planning: Planning): Promise<PlannedChange | undefined> {
  const { replica, key } = planning;
  const change: Change = (action, shown = nothing, more = {}) => ({
    replica: replica.cluster.name,
    ...placeOf(key),
    action,
    ...shown,
    ...more,
  });
  if (replica.assessor.assess(key).outcome === 'compare') return plannedPart(planning, change);
  const assessment = await assessByAsking(planning.survey, replica, key, planning.signal);
  if (assessment.outcome === 'update' && assessment.why === 'status') return plannedPart(planning, change);
  if (isWrite(assessment)) return plannedWrite(planning, assessment, change);
  switch (assessment.outcome) {
    case 'fail': {
      const action = replica.replicaCache.get(key) ? 'update' : 'create';
      return change(action, nothing, { blocked: true, note: assessment.problem });
    }
    case 'refuse':
      return change('refused', nothing, { note: explain(assessment.why) });
    case 'leave':
      return plannedToBeLeft(assessment.why, change);
    case 'wait':
      return assessment.why === 'terminating' ? plannedAnew(planning, change) : undefined;
    case 'delete':
      return plannedDeletion(planning, change);
    default:
      return undefined;
  }
}

/** What stays as it is, where the two sides may differ. */
function plannedToBeLeft(why: LeaveReason, change: Change): PlannedChange | undefined {
  if (['not-a-copy', 'kind-dropped', 'there-before', 'not-listable'].includes(why)) return undefined;
  return change('left', nothing, { note: explain(why) });
}

async function copyOf({ survey, replica, key, signal }: Planning): Promise<Copy | undefined> {
  const { name, id } = replica.cluster;
  const copy = await survey.primaryCache.copy(key, { name, cluster: id }, signal);
  survey.primaryCache.release(key, name);
  return copy;
}

async function plannedAnew(planning: Planning, change: Change): Promise<PlannedChange | undefined> {
  const copy = await copyOf(planning);
  if (!copy?.main) return undefined;
  return change('create', planning.shows.of(bare(copy.main), undefined), {
    note: 'once the old one is gone',
  });
}

const nothing: Shown = { diff: [] };

type Change = (
  action: PlannedAction,
  shown?: Shown,
  more?: Pick<PlannedChange, 'blocked' | 'note'>,
) => PlannedChange;

/** Asks the replica what it would make of it; what can't be asked yet is shown as it would be applied. */
async function plannedWrite(
  planning: Planning,
  write: Write,
  change: Change,
): Promise<PlannedChange | undefined> {
  const { survey, replica, key, spec, shows, signal } = planning;
  const { kube } = replica.cluster;
  const resource = survey.primaryCache.kind(placeOf(key).kind)?.resource;
  const main = (await copyOf(planning))?.main;
  if (!resource || !main) return undefined;
  const action = outcomes[write.outcome].plan;
  const trial: Trial = { kube, resource, main, context: replica.shaping, write, policy: spec, signal };
  let before: KubeObject | undefined;
  try {
    if (write.outcome !== 'create')
      before = await kube.find(resource, survey.places.onReplica(key), { signal });
    const { after, drift } = await dryRun(trial, before);
    const isNew = write.outcome === 'create';
    const notTaken = await replica.probes.notTaken(trial, drift.rest, isNew, { signal });
    const failure = notAllTaken(`${main.kind} ${main.metadata.name}`, notTaken);
    const shown = shows.of(bare(after), before && bare(before));
    if (failure) return await plannedAfterRefusal(trial, failure, before, shown, change);
    // It is what the replica makes of it, though that is not remembered.
    if (write.outcome === 'put-right' && shown.diff.length === 0) return undefined;
    return change(action, shown, { note: remarkOnHeld(main) });
  } catch (error) {
    signal.throwIfAborted();
    const shown = shows.of(bare(main), before && bare(before));
    const failure = failureOf(error);
    if (failure.reason in notYet) return change(action, shown, { note: yetToBe(failure) });
    return plannedAfterRefusal(trial, error, before, shown, change);
  }
}

/** What has to be otherwise on a replica before it can be asked, by reasons of failures. */
const notYet: Readonly<Record<string, string>> = {
  'namespace-missing': 'its namespace is not there',
  'namespace-terminating': 'its namespace is being deleted there',
  'kind-missing': 'its kind is not served there',
  'role-missing': 'the role that it binds is not there',
};

const yetToBe = ({ reason }: Failure): string => `can't be validated yet: ${notYet[reason]}`;

/** What would come of a write that the replica does not take as it is. */
async function plannedAfterRefusal(
  trial: Trial,
  error: unknown,
  before: KubeObject | undefined,
  shown: Shown,
  change: Change,
): Promise<PlannedChange> {
  const { main, write } = trial;
  const cause = before ? await asImmutable(trial, error) : undefined;
  if (before && cause && (await mayBeMadeAnew(trial, before)))
    return change('recreate', shown, { note: "a field can't be changed: it is deleted and made anew" });
  const { plan: action } = outcomes[write.outcome];
  const note = messageAbout(groupKind(main), failureOf(cause ?? error));
  return change(action, shown, { blocked: true, note });
}

/** Fields or a status that a rule carries to an object that may be somebody else's. */
async function plannedPart(
  { survey, replica, key, spec, shows, signal }: Planning,
  change: Change,
): Promise<PlannedChange | undefined> {
  const { object, copy, difference, assessment } = await partOf(survey, replica, key, signal);
  if (assessment.outcome === 'leave') return plannedToBeLeft(assessment.why, change);
  if (!isWrite(assessment) || !copy) return undefined;
  const { main, status } = copy;
  const action = outcomes[assessment.outcome].plan;
  const shown = both(
    difference.main && main ? shows.of(main as KubeObject, object && only(object, main)) : nothing,
    difference.status && status && object
      ? shows.of({ ...status, kind: main?.kind ?? '' } as KubeObject, only(object, status))
      : nothing,
  );
  const resource = survey.primaryCache.kind(placeOf(key).kind)?.resource;
  if (!difference.main || !resource) return change(action, shown);
  const { kube } = replica.cluster;
  const apply = (force: boolean) => applyCopy(kube, resource, main as Draft, { force, dryRun: true, signal });
  try {
    await apply(assessment.force).catch((error: unknown) => {
      if (!object || !mayOverrule(error, spec)) throw error;
      return apply(true);
    });
    return change(action, shown);
  } catch (error) {
    signal.throwIfAborted();
    if (!object && isNamespaceMissing(error)) return plannedToBeLeft('no-namespace', change);
    const failure = failureOf(error);
    if (failure.reason in notYet) return change(action, shown, { note: yetToBe(failure) });
    return change(action, shown, { blocked: true, note: messageAbout(placeOf(key).kind, failure) });
  }
}

/** The top-level fields of an object that another one has, to compare like with like. */
function only(object: KubeObject, like: Draft): KubeObject {
  const fields = Object.keys(like).filter((field) => field !== 'metadata');
  const { name, namespace } = like.metadata;
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
  return { metadata, ...Object.fromEntries(fields.map((field) => [field, object[field]])) };
}

function bare(object: KubeObject | Draft): KubeObject {
  const draft = sanitise(object as KubeObject);
  withoutProvenance(draft);
  return draft;
}

async function plannedDeletion(
  { survey: { primaryCache, primary, places }, replica, key, spec, shows, signal }: Planning,
  change: Change,
): Promise<PlannedChange | undefined> {
  const [kind, present] = [primaryCache.kind(placeOf(key).kind), replica.replicaCache.get(key)];
  if (!kind || !present) return undefined;
  const { kube } = replica.cluster;
  try {
    const kept = await keptByPrimary(kind, key, primary, signal);
    if (kept !== undefined) return change('left', nothing, { note: explain(kept) });
    const object = await kube.find(kind.resource, places.onReplica(key), { signal });
    if (!object) return undefined;
    const along = await dependentsOf(object, { kube, isOurs: ownedBy({ places, spec, primary }), signal });
    const shown = shows.gone(bare(object), [...along.strangers, ...along.taken]);
    const why = refusalOfDependents(describe(key), along, spec.prune);
    if (why !== undefined) return change('delete', shown, { blocked: true, note: why });
    const call = { dryRun: true, uid: present.uid, signal };
    await kube.delete(kind.resource, places.onReplica(key), call);
    return change('delete', shown);
  } catch (error) {
    signal.throwIfAborted();
    return change('delete', nothing, { blocked: true, note: messageOf(error) });
  }
}
