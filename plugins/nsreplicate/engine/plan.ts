/** What would change on each replica: digests first, and a server-side dry run for what differs. Writes nothing. */
import { someAtOnce } from '../../../src/async/some-at-once.ts';
import { messageOf } from '../../../src/errors.ts';
import type { KubeObject } from '../../../src/kube/objects.ts';
import { nothingAlong, refusesAlong } from '../decide/along.ts';
import { decide, explain } from '../decide/decide.ts';
import { readableDiff } from '../decide/diff.ts';
import { mayCopy } from '../decide/may-copy.ts';
import { explainVerdict, pruneVerdict } from '../decide/prune.ts';
import { makesObjects, ownsCopies } from '../objects/carry.ts';
import { type Draft, drop } from '../objects/draft.ts';
import { sanitise } from '../objects/sanitise.ts';
import { withoutStamps } from '../objects/stamps.ts';
import type { Copy } from '../objects/wanted.ts';
import { acceptedLive, cameFromThere } from './converger.ts';
import { alongWith, ownedBy } from './dependents.ts';
import { failureOf, isImmutable, messageAbout } from './failure.ts';
import { describe, type ObjectKey, placeOf } from './keys.ts';
import { fieldManager, type TaskSpec } from './spec.ts';
import { isUnread, type Survey } from './survey.ts';
import { foreignKeys, mayOverrule, wasBound, whatGoesAlong } from './writer.ts';

export type PlannedAction =
  | 'create'
  | 'update'
  | 'put-right'
  | 'adopt'
  | 'recreate'
  | 'delete'
  /** It is not ours to change. */
  | 'refused'
  /** Nothing is done about it, and nothing is wrong. */
  | 'left';

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
    for (const key of survey.catalogue.keys()) work.push(() => planned(survey, replica, key, spec, signal));
    for (const key of replica.copies.keys())
      if (!survey.catalogue.original(key))
        work.push(() => plannedDeletion(survey, replica, key, spec, signal));
  }
  return (await someAtOnce(work)).filter((change) => change !== undefined);
}

type Surveyed = Survey['replicas'][number];

async function planned(
  survey: Survey,
  replica: Surveyed,
  key: ObjectKey,
  spec: TaskSpec,
  signal: AbortSignal,
): Promise<PlannedChange | undefined> {
  const { catalogue, primary } = survey;
  const { site, copies, settled } = replica;
  const destination = { name: site.name, cluster: site.id };
  const [original, wanted, present] = [
    catalogue.original(key),
    catalogue.wanted(key, destination),
    copies.get(key),
  ];
  const change: Change = (action, diff = [], more = {}) => ({
    replica: site.name,
    ...placeOf(key),
    action,
    diff,
    ...more,
  });
  if (!original || !wanted || isUnread(replica, key)) return undefined;
  if (original.problem !== undefined)
    return change(present ? 'update' : 'create', [], { blocked: true, note: original.problem });
  const route = { primary: primary.id, replica: site.id, failBack: spec.failBack };
  if (!mayCopy(route, original.inherited, present?.stamp?.origin))
    return change('left', [], { note: cameFromThere });
  if (!ownsCopies(original.rule.carry)) return plannedFields(survey, replica, key, change, signal);
  const decision = decide(wanted, present, acceptedLive(settled, key, wanted.digest, present?.live, spec), {
    adopt: spec.adopt,
    formerPrimaries: survey.formerPrimaries,
  });
  if (decision.do === 'nothing' || decision.do === 'look') return undefined;
  if (decision.do === 'refuse') {
    if (placeOf(key).kind === 'Namespace') return undefined;
    return change('refused', [], { note: explain(decision.why) });
  }
  if (decision.do === 'update' && decision.why === 'drift' && spec.drift === 'report') return undefined;
  const copy = await catalogue.copy(key, destination, signal);
  catalogue.release(key, site.name);
  if (!copy?.main) return undefined;
  if (decision.do === 'wait-gone')
    return change('create', readableDiff(bare(copy.main), undefined), { note: 'once the old one is gone' });
  const action =
    decision.do === 'create'
      ? 'create'
      : ({ changed: 'update', recreated: 'update', drift: 'put-right', adopted: 'adopt' } as const)[
          decision.why
        ];
  return dryRun(survey, replica, key, copy, change, action, spec, signal);
}

type Change = (
  action: PlannedAction,
  diff?: readonly string[],
  more?: Pick<PlannedChange, 'blocked' | 'note'>,
) => PlannedChange;

/** Asks the replica what it would make of it; what can't be asked yet is shown as it would be applied. */
async function dryRun(
  { catalogue, places }: Survey,
  { site }: Surveyed,
  key: ObjectKey,
  copy: Copy,
  change: Change,
  action: PlannedAction,
  spec: TaskSpec,
  signal: AbortSignal,
): Promise<PlannedChange | undefined> {
  const kind = catalogue.kind(placeOf(key).kind);
  const main = copy.main as KubeObject;
  if (!kind) return undefined;
  const force = spec.forceConflicts || action === 'adopt' || (action === 'put-right' && spec.drift === 'fix');
  const apply = (forced: boolean) =>
    site.kube.apply(kind.resource, main, { fieldManager, force: forced, dryRun: true, signal });
  let before: KubeObject | undefined;
  try {
    if (action !== 'create') before = await site.kube.find(kind.resource, places.onReplica(key), { signal });
    const after = await apply(force).catch((error: unknown) => {
      if (action === 'create' || !mayOverrule(error, spec)) throw error;
      return apply(true);
    });
    if (spec.exact || action === 'adopt')
      for (const path of foreignKeys(copy.main as Draft, after)) drop(after as Draft, ...path);
    const diff = readableDiff(bare(after), before && bare(before));
    // It is what the replica makes of it, though that is not remembered.
    if (action === 'put-right' && diff.length === 0) return undefined;
    return change(action, diff);
  } catch (error) {
    signal.throwIfAborted();
    const diff = readableDiff(bare(main), before && bare(before));
    const goes =
      before && isImmutable(error) && spec.onImmutable !== 'fail'
        ? await whatGoesAlong(site.kube, before, spec.onImmutable, { signal })
        : nothingAlong;
    const isAlone = goes.strangers.length + goes.taken.length === 0;
    return failing(error, action, diff, isAlone ? before : undefined, change, spec);
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
async function plannedFields(
  { catalogue, places }: Survey,
  { site, copies }: Surveyed,
  key: ObjectKey,
  change: Change,
  signal: AbortSignal,
): Promise<PlannedChange | undefined> {
  const copy = await catalogue.copy(key, { name: site.name, cluster: site.id }, signal);
  catalogue.release(key, site.name);
  const kind = catalogue.kind(placeOf(key).kind);
  if (!copy || !kind) return undefined;
  const object = await site.kube.find(kind.resource, places.onReplica(key), { signal });
  const rule = catalogue.original(key)?.rule;
  if (!object)
    return rule && makesObjects(rule.carry) && copy.main
      ? change('create', readableDiff(copy.main as KubeObject, undefined))
      : change('left', [], { note: 'the replica does not have it' });
  const diff = [
    ...(copy.main && copies.get(key)?.live !== copy.digest
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
  { catalogue, primary, places }: Survey,
  { site, copies }: Surveyed,
  key: ObjectKey,
  spec: TaskSpec,
  signal: AbortSignal,
): Promise<PlannedChange | undefined> {
  const { kind: name, namespace, name: objectName } = placeOf(key);
  const [kind, present] = [catalogue.kind(name), copies.get(key)];
  if (!kind || !present) return undefined;
  const verdict = pruneVerdict({
    ...present,
    kind: name,
    task: spec.name,
    primary: primary.id,
    inScope: copies.isInScope(key),
    onPrimary: false,
    flags: spec.prune,
  });
  if (verdict === 'keep' || present.deleting) return undefined;
  const change = { replica: site.name, kind: name, namespace, name: objectName, diff: [] };
  const note = explainVerdict(verdict, name);
  if (note !== undefined) return { ...change, action: 'left', note };
  const where = { namespace: namespace || undefined, name: objectName };
  try {
    if (await primary.kube.find(kind.resource, where, { signal })) return undefined;
    const object = await site.kube.find(kind.resource, places.onReplica(key), { signal });
    if (!object) return undefined;
    const along = await alongWith(object, {
      kube: site.kube,
      isOurs: ownedBy({ places, spec, primary }),
      signal,
    });
    const diff = [...along.strangers, ...along.taken].map((name) => `- ${name}`);
    const why = refusesAlong(describe(key), along, spec.prune);
    if (why !== undefined) return { ...change, action: 'delete', diff, blocked: true, note: why };
    await site.kube.delete(kind.resource, places.onReplica(key), { dryRun: true, uid: present.uid, signal });
    return { ...change, action: 'delete', diff };
  } catch (error) {
    signal.throwIfAborted();
    return { ...change, action: 'delete', blocked: true, note: `${describe(key)}: ${messageOf(error)}` };
  }
}
