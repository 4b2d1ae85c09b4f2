/** Reads both sides of a task and writes to neither: the basis of `plan` and `drift`. */
import { messageOf, type X8sError } from '../../../src/errors.ts';
import { isNotFound } from '../../../src/kube/api/api-error.ts';
import type { AppliedResults } from '../cache/applied-results.ts';
import { Autoscaled } from '../cache/autoscaled.ts';
import type { Informers } from '../cache/informers.ts';
import type { PrimaryCache } from '../cache/primary-cache.ts';
import type { ReplicaCache } from '../cache/replica-cache.ts';
import { type Cluster, checkDistinct } from '../clusters/cluster.ts';
import { isAway } from '../clusters/failure.ts';
import { type CopiedKind, chooseKinds, isDispensable } from '../clusters/kinds.ts';
import { isSilent } from '../clusters/late-kinds.ts';
import { type Scopes, scopesOf } from '../clusters/scopes.ts';
import { explain, isCopied } from '../decide/outcomes.ts';
import { checkMap, type TaskSpec } from '../decide/spec.ts';
import { makesObjects } from '../objects/carry.ts';
import { liveDigest, type Shaping } from '../objects/copy.ts';
import { isIn, listOf, type ObjectKey, type ObjectPlace, Places, placeOf } from '../objects/keys.ts';
import { ProvenanceKey } from '../objects/provenance.ts';
import type { Assessor } from '../reconcile/assessor.ts';
import { Probes } from '../reconcile/probe.ts';
import { literalNamespaces } from '../rules/scope.ts';
import type { Labels } from '../rules/selector.ts';
import type { SavedState } from '../state/saved-state.ts';
import { followAutoscalers } from '../task/follow-autoscalers.ts';
import { mayBeLacking } from '../task/primary-lists.ts';
import { notesOn, setUp, setUpReplica } from '../task/set-up.ts';

export interface SurveyOptions {
  readonly spec: TaskSpec;
  readonly primary: Cluster;
  readonly replicas: readonly Cluster[];
  readonly informers: Informers;
  readonly key: Uint8Array;
  readonly saved: SavedState;
  readonly results: AppliedResults;
  /** The epoch by which the primary leads; 0 before the first promotion. */
  readonly epochs: { readonly number: number };
  /** Lists nothing but the kind and the namespace of this object; all that the rules cover where absent. */
  readonly only?: ObjectPlace | undefined;
  readonly signal: AbortSignal;
}

export interface Survey {
  readonly primary: Cluster;
  readonly primaryCache: PrimaryCache;
  readonly places: Places;
  readonly kinds: readonly CopiedKind[];
  readonly notes: readonly string[];
  /** What could not be listed on the primary, or does not answer just now: its copies are not looked at. */
  readonly unread: readonly Unread[];
  readonly replicas: readonly SurveyedReplica[];
}

export interface SurveyedReplica {
  readonly cluster: Cluster;
  readonly replicaCache: ReplicaCache;
  readonly assessor: Assessor;
  /** How its objects are looked at. */
  readonly shaping: Shaping;
  readonly probes: Probes;
  /** What could not be listed there: nothing is known of it. */
  readonly unread: readonly Unread[];
}

/** A kind that may not be listed on a cluster, or could not be just now. */
export interface Unread {
  readonly kind: string;
  /** Namespace of the primary; all of them where absent. */
  readonly namespace?: string | undefined;
  readonly why: string;
}

/** Whether an object is of what could not be listed on a replica. */
export const isUnread = ({ unread }: Pick<SurveyedReplica, 'unread'>, key: ObjectKey): boolean =>
  unread.some(({ kind, namespace }) => isIn(kind, namespace)(key));

/**
 * Lists everything that the rules cover, on all sides. A kind that the primary refuses holds up no other, as in a run.
 * @throws {X8sError} the primary does not answer, or lets nothing be read, or not what decides on namespaces
 */
export async function survey(options: SurveyOptions): Promise<Survey> {
  const { spec, primary, replicas, only, signal } = options;
  checkDistinct(primary, replicas);
  checkMap(spec.map, spec.namespaces);
  const { kinds, notes, silent } = await chooseKinds(primary, spec.rules, { signal });
  const places = new Places(spec.map);
  const autoscaled = new Autoscaled(places);
  const labels = new Map<string, Labels>();
  const { shaping, primaryCache } = setUp(options, { kinds, places, autoscaled, labels });
  const sides = replicas.map((cluster) => {
    const set = setUpReplica(cluster, options, { primaryCache, places, shaping });
    return { cluster, ...set, probes: new Probes(cluster.kube), unread: [] as Unread[] };
  });
  // Without them replicas are copied as they are.
  const once = { ...options, watch: false, broken: () => undefined };
  await followAutoscalers(once, autoscaled).catch(() => signal.throwIfAborted());
  const frame: Frame = { primaryCache, places, away: new Set() };
  const refused: Refused[] = [];
  const looked = kinds.filter(({ name }) => only === undefined || name === only.kind || name === 'Namespace');
  for (const kind of looked) {
    try {
      const all = await scopesOf(primary, kind.resource, literalNamespaces(spec.namespaces), { signal });
      const scopes = kind.name === only?.kind ? narrowed(all, only) : all;
      await listPrimary(options, kind, scopes, { primaryCache, labels });
      await Promise.all(sides.map((side) => listReplica(options, kind, scopes, { ...frame, ...side })));
    } catch (error) {
      signal.throwIfAborted();
      if (!mayBeLacking(kind, error, spec)) throw error;
      refused.push({ kind: kind.name, error });
    }
  }
  const isAllRead = refused.length + silent.length === 0;
  if (refused.length === looked.length && refused[0]) throw refused[0].error;
  return {
    primary,
    primaryCache,
    places,
    kinds,
    // A look at one kind in one namespace tells nothing of whether rules and overrides meet anything.
    notes: only
      ? []
      : [
          ...notes,
          ...coversNothing(options, primaryCache, isAllRead),
          ...notesOn(options, { primaryCache, labels, isCopied: goesTo(sides) }),
        ],
    unread: [
      ...silent.map((name) => ({ kind: name, why: isSilent().message })),
      ...refused.map(({ kind, error }) => ({ kind, why: error.message })),
    ],
    replicas: sides,
  };
}

/** That nothing differs where nothing is covered would pass for success. Namespaces come along with what is in them. */
function coversNothing({ spec, primary }: SurveyOptions, cache: PrimaryCache, isAllRead: boolean): string[] {
  const namesNamespaces = spec.rules.some(({ group, kind }) => group === '' && kind === 'Namespace');
  const kinds = [...cache.keys()].map((key) => placeOf(key).kind);
  if (!isAllRead || kinds.some((kind) => namesNamespaces || kind !== 'Namespace')) return [];
  return [`the rules cover no object of ${primary.name}${kinds.length > 0 ? ' but namespaces' : ''}`];
}

/** Whether an object of the primary goes to any of some replicas, as far as is known without asking them. */
const goesTo = (sides: readonly Pick<SurveyedReplica, 'assessor'>[]) => (key: ObjectKey) =>
  sides.some(({ assessor }) => {
    const assessment = assessor.assess(key);
    return assessment.outcome !== 'leave' || isCopied(explain(assessment.why));
  });

/** Of the scopes of a kind, the object's own. */
const narrowed = (scopes: Scopes, { namespace }: ObjectPlace): Scopes =>
  namespace !== '' && scopes.some((scope) => scope === undefined || scope === namespace)
    ? [namespace]
    : scopes;

interface Refused {
  readonly kind: string;
  readonly error: X8sError;
}

const quiet = { synced: () => undefined, event: () => undefined };

async function listPrimary(
  { primary, informers, signal }: SurveyOptions,
  kind: CopiedKind,
  scopes: Scopes,
  { primaryCache, labels }: { readonly primaryCache: PrimaryCache; readonly labels: Map<string, Labels> },
): Promise<void> {
  for (const namespace of scopes) {
    const list = listOf(kind.name, namespace);
    await informers.follow(
      { kube: primary.kube, resource: kind.resource, namespace, metadataOnly: false, watch: false },
      {
        ...quiet,
        page: (items, first) => {
          if (first) primaryCache.beginList(list);
          for (const object of items) {
            if (kind.name === 'Namespace') labels.set(object.metadata.name, object.metadata.labels ?? {});
            primaryCache.take(kind, object, list);
          }
        },
        synced: () => {
          primaryCache.endList(list, kind, namespace);
        },
      },
      signal,
    );
  }
}

/** A replica that is being listed. */
type ListedReplica = Pick<SurveyedReplica, 'cluster' | 'replicaCache' | 'shaping'> & {
  readonly unread: Unread[];
};

interface Frame {
  readonly primaryCache: PrimaryCache;
  readonly places: Places;
  /** Replicas that did not answer. */
  readonly away: Set<Cluster>;
}

async function listReplica(
  { informers, spec, signal }: SurveyOptions,
  kind: CopiedKind,
  scopes: Scopes,
  { cluster, replicaCache, unread, primaryCache, places, shaping, away }: Frame & ListedReplica,
): Promise<void> {
  for (const scope of scopes) {
    // A replica that does not answer is asked once: each further question may take as long as the first.
    if (away.has(cluster)) {
      unread.push({ kind: kind.name, namespace: scope, why: 'it does not answer' });
      continue;
    }
    const namespace = scope && places.namespaceOnReplica(scope);
    const page = (items: readonly Parameters<typeof replicaCache.set>[1][]) => {
      for (const object of items) {
        const key = places.ofCopy(kind.name, object);
        if (key === undefined) continue;
        const rule =
          primaryCache.original(key)?.rule ??
          primaryCache.coverage.ruleOnReplica(key, object.metadata.labels);
        const isMarked = object.metadata.labels?.[ProvenanceKey.task] === shaping.task;
        if (rule || isMarked) replicaCache.set(key, object, rule && liveDigest(object, rule, shaping));
      }
    };
    const feed = { kube: cluster.kube, resource: kind.resource, namespace, metadataOnly: true, watch: false };
    await informers.follow(feed, { ...quiet, page }, signal).catch((error: unknown) => {
      signal.throwIfAborted();
      if (isAway(error)) away.add(cluster);
      // The kind is not served there, so the replica has no object of it; its definition may still be copied.
      const isDone = isDispensable(kind, error, spec);
      if (isDone) replicaCache.doWithout(kind.name, true);
      const isKnown =
        isDone || (isNotFound(error) && kind.rules.some(({ rule }) => makesObjects(rule.carry)));
      if (!isKnown) unread.push({ kind: kind.name, namespace: scope, why: messageOf(error) });
    });
  }
}
