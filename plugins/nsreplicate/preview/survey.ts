/** A look at both sides without a word to either: what plan and drift are made of. */
import { messageOf, type X8sError } from '../../../src/errors.ts';
import { isNotFound } from '../../../src/kube/api-error.ts';
import type { AppliedResults } from '../cache/applied-results.ts';
import { Autoscaled, autoscalersOf } from '../cache/autoscaled.ts';
import type { Informers } from '../cache/informers.ts';
import type { PrimaryCache } from '../cache/primary-cache.ts';
import { ReplicaCache } from '../cache/replica-cache.ts';
import { checkDistinct, type Site } from '../clusters/cluster.ts';
import { isAway } from '../clusters/failure.ts';
import { type CopiedKind, chooseKinds } from '../clusters/kinds.ts';
import { isSilent } from '../clusters/late-kinds.ts';
import { absentees, type Scopes, scopesOf } from '../clusters/scopes.ts';
import { checkMap, displaced, type TaskSpec } from '../decide/spec.ts';
import { makesObjects } from '../objects/carry.ts';
import { idleOverrides } from '../objects/idle-overrides.ts';
import { isIn, listOf, type ObjectKey, Places } from '../objects/keys.ts';
import { StampKey } from '../objects/stamps.ts';
import { liveDigest, type Shaping } from '../objects/wanted.ts';
import { Assessor } from '../reconcile/assessor.ts';
import { Probes } from '../reconcile/probe.ts';
import { literalNamespaces } from '../rules/scope.ts';
import type { Labels } from '../rules/selector.ts';
import type { Memory } from '../state/memory.ts';
import { mayBeLacking } from '../task/primary-lists.ts';
import { setUp } from '../task/set-up.ts';

export interface SurveyOptions {
  readonly spec: TaskSpec;
  readonly primary: Site;
  readonly replicas: readonly Site[];
  readonly feeds: Informers;
  readonly key: Uint8Array;
  readonly memory: Memory;
  readonly settled: AppliedResults;
  readonly signal: AbortSignal;
}

export interface Survey {
  readonly primary: Site;
  readonly catalogue: PrimaryCache;
  readonly places: Places;
  readonly shaping: Shaping;
  readonly kinds: readonly CopiedKind[];
  readonly notes: readonly string[];
  /** What could not be listed on the primary, or does not answer just now: its copies are not looked at. */
  readonly unread: readonly Unread[];
  readonly replicas: readonly SurveyedReplica[];
}

export interface SurveyedReplica {
  readonly site: Site;
  readonly copies: ReplicaCache;
  readonly assessor: Assessor;
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
  const { spec, primary, replicas, memory, settled, signal } = options;
  checkDistinct(primary, replicas);
  checkMap(spec.map, spec.namespaces);
  const { kinds, notes, silent } = await chooseKinds(primary, spec.rules, { signal });
  const places = new Places(spec.map);
  const autoscaled = new Autoscaled(places);
  const labels = new Map<string, Labels>();
  const { shaping, catalogue } = setUp(options, { kinds, places, autoscaled, labels });
  const { formerPrimaries } = memory;
  const sides = replicas.map((site) => {
    const copies = new ReplicaCache(spec.name, catalogue.copyScope);
    const options = { spec, primary, replica: site, catalogue, places, copies, formerPrimaries };
    const assessor = new Assessor({ ...options, settled: settled.on(site.name) });
    return { site, copies, assessor, probes: new Probes(site.kube), unread: [] as Unread[] };
  });
  await listAutoscalers(options, autoscaled);
  const frame: Frame = { catalogue, places, shaping, away: new Set() };
  const refused: Refused[] = [];
  for (const kind of kinds) {
    try {
      const scopes = await scopesOf(primary, kind.resource, literalNamespaces(spec.namespaces), { signal });
      await listPrimary(options, kind, scopes, { catalogue, labels });
      await Promise.all(sides.map((side) => listReplica(options, kind, scopes, { ...frame, ...side })));
    } catch (error) {
      signal.throwIfAborted();
      if (!mayBeLacking(kind, error, spec)) throw error;
      refused.push({ kind: kind.name, error });
    }
  }
  if (refused.length === kinds.length && refused[0]) throw refused[0].error;
  return {
    primary,
    catalogue,
    places,
    shaping,
    kinds,
    notes: [
      ...notes,
      ...absentees(options, catalogue, labels),
      ...displaced(spec, labels.keys()),
      ...idleOverrides(spec.overrides, {
        replicas: replicas.map(({ name }) => name),
        keys: () => catalogue.keys(),
      }),
      ...catalogue.mentions(),
    ],
    unread: [
      ...silent.map((name) => ({ kind: name, why: isSilent().message })),
      ...refused.map(({ kind, error }) => ({ kind, why: error.message })),
    ],
    replicas: sides,
  };
}

interface Refused {
  readonly kind: string;
  readonly error: X8sError;
}

const quiet = { synced: () => undefined, event: () => undefined };

async function listAutoscalers(
  { primary, spec, feeds, signal }: SurveyOptions,
  autoscaled: Autoscaled,
): Promise<void> {
  const resource = await autoscalersOf(primary, { signal });
  if (!resource) return;
  const scopes = await scopesOf(primary, resource, literalNamespaces(spec.namespaces), { signal }).catch(
    () => [],
  );
  const scope = { kube: primary.kube, resource, metadataOnly: false, watch: false };
  const lists = scopes.map((namespace) => {
    const handler = autoscaled.handler(namespace, () => undefined);
    return feeds.follow({ ...scope, namespace }, handler, signal);
  });
  await Promise.all(lists).catch(() => undefined);
}

async function listPrimary(
  { primary, feeds, signal }: SurveyOptions,
  kind: CopiedKind,
  scopes: Scopes,
  { catalogue, labels }: { readonly catalogue: PrimaryCache; readonly labels: Map<string, Labels> },
): Promise<void> {
  for (const namespace of scopes) {
    const list = listOf(kind.name, namespace);
    await feeds.follow(
      { kube: primary.kube, resource: kind.resource, namespace, metadataOnly: false, watch: false },
      {
        ...quiet,
        page: (items, first) => {
          if (first) catalogue.beginList(list);
          for (const object of items) {
            if (kind.name === 'Namespace') labels.set(object.metadata.name, object.metadata.labels ?? {});
            catalogue.take(kind, object, list);
          }
        },
        synced: () => {
          catalogue.endList(list, kind, namespace);
        },
      },
      signal,
    );
  }
}

interface Side {
  readonly site: Site;
  readonly copies: ReplicaCache;
  readonly unread: Unread[];
}

interface Frame {
  readonly catalogue: PrimaryCache;
  readonly places: Places;
  readonly shaping: Shaping;
  /** Replicas that did not answer. */
  readonly away: Set<Site>;
}

async function listReplica(
  { feeds, signal }: SurveyOptions,
  kind: CopiedKind,
  scopes: Scopes,
  { site, copies, unread, catalogue, places, shaping, away }: Frame & Side,
): Promise<void> {
  for (const scope of scopes) {
    // One that does not answer is asked once: each further question may take as long as the first.
    if (away.has(site)) {
      unread.push({ kind: kind.name, namespace: scope, why: 'it does not answer' });
      continue;
    }
    const namespace = scope && places.namespaceOnReplica(scope);
    const page = (items: readonly Parameters<typeof copies.set>[1][]) => {
      for (const object of items) {
        const key = places.ofCopy(kind.name, object);
        if (key === undefined) continue;
        const rule = catalogue.original(key)?.rule ?? catalogue.ruleOnReplica(key, object.metadata.labels);
        const isMarked = object.metadata.labels?.[StampKey.task] === shaping.task;
        if (rule || isMarked) copies.set(key, object, rule && liveDigest(object, rule, shaping));
      }
    };
    const feed = { kube: site.kube, resource: kind.resource, namespace, metadataOnly: true, watch: false };
    await feeds.follow(feed, { ...quiet, page }, signal).catch((error: unknown) => {
      signal.throwIfAborted();
      if (isAway(error)) away.add(site);
      // A kind that is not served there: then nothing of it is there, which is known, and it may yet be made.
      const isKnown = isNotFound(error) && kind.rules.some(({ rule }) => makesObjects(rule.carry));
      if (!isKnown) unread.push({ kind: kind.name, namespace: scope, why: messageOf(error) });
    });
  }
}
