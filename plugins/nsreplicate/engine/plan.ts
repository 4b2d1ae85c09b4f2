/** What would change on each replica: digests first, and a server-side dry run for what differs. Writes nothing. */
import { someAtOnce } from '../../../src/async/some-at-once.ts';
import { messageOf } from '../../../src/errors.ts';
import type { KubeObject } from '../../../src/kube/objects.ts';
import { nothingAlong, refusesAlong } from '../decide/along.ts';
import { isWrite, type Write } from '../decide/assess.ts';
import { readableDiff } from '../decide/diff.ts';
import { explain, type LeaveReason, outcomes, type PlannedAction } from '../decide/outcomes.ts';
import { makesObjects } from '../objects/carry.ts';
import { type Draft, drop } from '../objects/draft.ts';
import { sanitise } from '../objects/sanitise.ts';
import { withoutStamps } from '../objects/stamps.ts';
import type { Copy } from '../objects/wanted.ts';
import { applyCopy } from './apply.ts';
import { isWhatItMakes } from './asking.ts';
import { alongWith, ownedBy } from './dependents.ts';
import { failureOf, isImmutable, messageAbout } from './failure.ts';
import { describe, type ObjectKey, placeOf } from './keys.ts';
import type { TaskSpec } from './spec.ts';
import { isUnread, type Survey, type SurveyedReplica } from './survey.ts';
import { foreignKeys, mayOverrule, wasBound, whatGoesAlong } from './writer.ts';

/** One object that would change, or should and can't. */
export interface PlannedChange {
  readonly replica: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly action: PlannedAction;
  /** It would be tried, and fail. */
  readonly blocked?: true;
  /** The difference, one field a line; Secrets' values masked. */
  readonly diff: readonly string[];
  /** Why it is refused, blocked or left, or could not be validated. */
  readonly note?: string | undefined;
}

/**
 * The changes of all replicas, in the order in which they would be made. What could not be listed on a replica is not
 * among them: nobody knows what would become of it.
 */
export async function plan(survey: Survey, spec: TaskSpec, signal: AbortSignal): Promise<PlannedChange[]> {
  const work: (() => Promise<PlannedChange | undefined>)[] = [];
  for (const replica of survey.replicas) {
    const orphans = [...replica.copies.keys()].filter((key) => !survey.catalogue.original(key));
    for (const key of [...survey.catalogue.keys(), ...orphans])
      if (!isUnread(replica, key)) work.push(() => planned({ survey, replica, key, spec, signal }));
  }
  return (await someAtOnce(work)).filter((change) => change !== undefined);
}

/** One object, and what is to be known of it. */
interface Planning {
  readonly survey: Survey;
  readonly replica: SurveyedReplica;
  readonly key: ObjectKey;
  readonly spec: TaskSpec;
  readonly signal: AbortSignal;
}

async function planned(planning: Planning): Promise<PlannedChange | undefined> {
  const { replica, key } = planning;
  const assessment = replica.assessor.assess(key);
  const change: Change = (action, diff = [], more = {}) => ({
    replica: replica.site.name,
    ...placeOf(key),
    action,
    diff,
    ...more,
  });
  if (isWrite(assessment)) return plannedWrite(planning, assessment, change);
  switch (assessment.outcome) {
    case 'fail': {
      const action = replica.copies.get(key) ? 'update' : 'create';
      return change(action, [], { blocked: true, note: assessment.problem });
    }
    case 'refuse':
      return change('refused', [], { note: explain(assessment.why) });
    case 'leave':
      return plannedToBeLeft(planning, assessment.why, change);
    case 'wait':
      return assessment.why === 'terminating' ? plannedAnew(planning, change) : undefined;
    case 'delete':
      return plannedDeletion(planning, change);
    case 'compare':
      return plannedFields(planning, change);
    default:
      return undefined;
  }
}

/** What stays as it is, where the two sides may differ. */
async function plannedToBeLeft(
  { survey, replica, key, signal }: Planning,
  why: LeaveReason,
  change: Change,
): Promise<PlannedChange | undefined> {
  if (['not-a-copy', 'kind-dropped', 'there-before'].includes(why)) return undefined;
  if (why === 'edited' && (await isWhatItMakes(survey, replica, key, signal))) return undefined;
  return replica.copies.get(key)?.deleting === true && why !== 'came-from-there'
    ? undefined
    : change('left', [], { note: explain(why) });
}

async function copyOf({ survey, replica, key, signal }: Planning): Promise<Copy | undefined> {
  const { name, id } = replica.site;
  const copy = await survey.catalogue.copy(key, { name, cluster: id }, signal);
  survey.catalogue.release(key, name);
  return copy;
}

async function plannedAnew(planning: Planning, change: Change): Promise<PlannedChange | undefined> {
  const copy = await copyOf(planning);
  if (!copy?.main) return undefined;
  return change('create', readableDiff(bare(copy.main), undefined), { note: 'once the old one is gone' });
}

type Change = (
  action: PlannedAction,
  diff?: readonly string[],
  more?: Pick<PlannedChange, 'blocked' | 'note'>,
) => PlannedChange;

/** Asks the replica what it would make of it; what can't be asked yet is shown as it would be applied. */
async function plannedWrite(
  planning: Planning,
  { outcome, force }: Write,
  change: Change,
): Promise<PlannedChange | undefined> {
  const { survey, replica, key, spec, signal } = planning;
  const { kube } = replica.site;
  const kind = survey.catalogue.kind(placeOf(key).kind);
  const main = (await copyOf(planning))?.main;
  if (!kind || !main) return undefined;
  const apply = (forced: boolean) =>
    applyCopy(kube, kind.resource, main, { force: forced, dryRun: true, signal });
  let before: KubeObject | undefined;
  try {
    if (outcome !== 'create')
      before = await kube.find(kind.resource, survey.places.onReplica(key), { signal });
    const after = await apply(force).catch((error: unknown) => {
      if (outcome === 'create' || !mayOverrule(error, spec)) throw error;
      return apply(true);
    });
    if (spec.exact || outcome === 'adopt')
      for (const path of foreignKeys(main, after)) drop(after as Draft, ...path);
    const diff = readableDiff(bare(after), before && bare(before));
    // It is what the replica makes of it, though that is not remembered.
    if (outcome === 'put-right' && diff.length === 0) return undefined;
    return change(outcomes[outcome].plan, diff);
  } catch (error) {
    signal.throwIfAborted();
    const diff = readableDiff(bare(main), before && bare(before));
    const goes =
      before && isImmutable(error) && spec.onImmutable !== 'fail'
        ? await whatGoesAlong(kube, before, spec.onImmutable, { signal })
        : nothingAlong;
    const isAlone = goes.strangers.length + goes.taken.length === 0;
    return failing(error, outcomes[outcome].plan, diff, isAlone ? before : undefined, change, spec);
  }
}

/** What has to be otherwise on a replica before it can be asked, by reasons of failures. */
const notYet: Readonly<Record<string, string>> = {
  'namespace-missing': 'its namespace is not there',
  'namespace-terminating': 'its namespace is being deleted there',
  'kind-missing': 'its kind is not served there',
};

/** What would come of a write that the replica does not take as it is. */
function failing(
  error: unknown,
  action: PlannedAction,
  diff: readonly string[],
  before: KubeObject | undefined,
  change: Change,
  spec: TaskSpec,
): PlannedChange {
  const failure = failureOf(error);
  const message = messageAbout(change(action).kind, failure);
  if (failure.reason in notYet)
    return change(action, diff, { note: `can't be validated yet: ${notYet[failure.reason]}` });
  if (isImmutable(error) && spec.onImmutable !== 'fail' && before && !wasBound(before))
    return change('recreate', diff, { note: 'an immutable field differs: it is deleted and made anew' });
  return change(action, diff, { blocked: true, note: message });
}

/** Fields or a status that a rule carries to somebody else's object. */
async function plannedFields(planning: Planning, change: Change): Promise<PlannedChange | undefined> {
  const { survey, replica, key, signal } = planning;
  const { catalogue, places } = survey;
  const copy = await copyOf(planning);
  const kind = catalogue.kind(placeOf(key).kind);
  if (!copy || !kind) return undefined;
  const object = await replica.site.kube.find(kind.resource, places.onReplica(key), { signal });
  const rule = catalogue.original(key)?.rule;
  if (!object)
    return rule && makesObjects(rule.carry) && copy.main
      ? change('create', readableDiff(copy.main as KubeObject, undefined))
      : change('left', [], { note: explain('not-on-replica') });
  const diff = [
    ...(copy.main && replica.copies.get(key)?.live !== copy.digest
      ? readableDiff(copy.main as KubeObject, only(object, copy.main))
      : []),
    ...(copy.status
      ? readableDiff({ ...copy.status, kind: kind.resource.kind } as KubeObject, only(object, copy.status))
      : []),
  ];
  return diff.length === 0 ? undefined : change('update', diff);
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
  withoutStamps(draft);
  return draft;
}

async function plannedDeletion(
  { survey: { catalogue, primary, places }, replica, key, spec, signal }: Planning,
  change: Change,
): Promise<PlannedChange | undefined> {
  const { kind: kindName, namespace, name } = placeOf(key);
  const [kind, present] = [catalogue.kind(kindName), replica.copies.get(key)];
  if (!kind || !present) return undefined;
  const where = { namespace: namespace || undefined, name };
  const { kube } = replica.site;
  try {
    if (await primary.kube.find(kind.resource, where, { signal }))
      return change('left', [], { note: explain('still-on-primary') });
    const object = await kube.find(kind.resource, places.onReplica(key), { signal });
    if (!object) return undefined;
    const along = await alongWith(object, { kube, isOurs: ownedBy({ places, spec, primary }), signal });
    const diff = [...along.strangers, ...along.taken].map((name) => `- ${name}`);
    const why = refusesAlong(describe(key), along, spec.prune);
    if (why !== undefined) return change('delete', diff, { blocked: true, note: why });
    const call = { dryRun: true, uid: present.uid, signal };
    await kube.delete(kind.resource, places.onReplica(key), call);
    return change('delete', diff);
  } catch (error) {
    signal.throwIfAborted();
    return change('delete', [], { blocked: true, note: `${describe(key)}: ${messageOf(error)}` });
  }
}
