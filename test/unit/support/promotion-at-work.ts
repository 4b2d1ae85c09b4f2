/**
 * A promotion beside the run that is at work, between two fake clusters: four lines, each of which can be cut, one clock,
 * and what the servers saw of it, in order.
 */

import { Informers } from '../../../plugins/nsreplicate/cache/informers.ts';
import type { Cluster } from '../../../plugins/nsreplicate/clusters/cluster.ts';
import { stateNamespace } from '../../../plugins/nsreplicate/decide/spec.ts';
import { checkLeads, tellEpoch } from '../../../plugins/nsreplicate/failover/demote.ts';
import { type PromotionOptions, planPromotion } from '../../../plugins/nsreplicate/failover/plan.ts';
import { type PromotionReport, promote } from '../../../plugins/nsreplicate/failover/promote.ts';
import { ProvenanceKey, provenanceOf } from '../../../plugins/nsreplicate/objects/provenance.ts';
import { originalOf } from '../../../plugins/nsreplicate/objects/standby.ts';
import { ruleFor } from '../../../plugins/nsreplicate/rules/rule.ts';
import { Session } from '../../../plugins/nsreplicate/run/session.ts';
import { writeControl } from '../../../plugins/nsreplicate/state/control.ts';
import { UnreachableError } from '../../../src/errors.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { type FakeClock, fakeClock } from './fake-clock.ts';
import type { FakeCluster, FakeEvent } from './fake-cluster.ts';
import { type FakeCall, type FakeKube, fakeKube } from './fake-kube.ts';
import { cronJobs, deployments, statefulSets } from './promotion.ts';
import { configMap, configMaps, groups, namespace, namespaces, resource, sides } from './replication.ts';

export type Side = 'from' | 'to';

/** What becomes of a request before and after it took effect; what they throw is what its sender gets. */
export interface Fault {
  readonly before?: (side: Side, call: FakeCall) => void | Promise<void>;
  readonly after?: (side: Side, call: FakeCall) => void | Promise<void>;
}

export const cut = (): never => {
  throw new UnreachableError('the line is cut');
};

const workload = (kind: string, name: string, spec: object): KubeObject => ({
  apiVersion: kind === 'CronJob' ? 'batch/v1' : 'apps/v1',
  kind,
  metadata: { name, namespace: 'shop' },
  spec,
});

/** What each workload is told, on either side. */
const toldOf = (cluster: FakeCluster) =>
  [statefulSets, deployments, cronJobs].flatMap((collection) =>
    cluster.all(collection).map(({ metadata: { name }, spec }) => [name, spec] as const),
  );

const originals: readonly (readonly [string, object])[] = [
  ['db', { replicas: 1 }],
  ['web', { replicas: 2 }],
  ['nightly', { suspend: false }],
];

/** Pods are ready as soon as they are wanted. */
function fakeController(cluster: FakeCluster): void {
  for (const collection of [statefulSets, deployments])
    for (const object of cluster.all(collection)) {
      const { replicas } = object.spec as { replicas: number };
      const status = { readyReplicas: replicas, availableReplicas: replicas };
      cluster.replace(collection, { ...object, status });
    }
}

const served = [
  {
    metadata: { name: 'apps' },
    versions: [
      {
        version: 'v1',
        resources: [resource('statefulsets', 'StatefulSet'), resource('deployments', 'Deployment')],
      },
    ],
  },
  {
    metadata: { name: 'batch' },
    versions: [{ version: 'v1', resources: [resource('cronjobs', 'CronJob')] }],
  },
  {
    metadata: { name: 'autoscaling' },
    versions: [
      { version: 'v2', resources: [resource('horizontalpodautoscalers', 'HorizontalPodAutoscaler')] },
    ],
  },
];

const serveKinds = (kube: FakeKube): void => {
  const core = [resource('namespaces', 'Namespace', 'Cluster'), resource('configmaps', 'ConfigMap')];
  kube.answers.set('/api', () => groups('', ...core));
  kube.answers.set('/apis', () => ({ kind: 'APIGroupDiscoveryList', items: served }));
  const review = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
  kube.answers.set(review, () => ({ status: { allowed: true } }));
};

const silently = {
  info: () => undefined,
  warn: () => undefined,
  begun: () => undefined,
  compared: () => undefined,
  standingBy: () => undefined,
};

/** What goes on beside a test; its outcome is there once it has come to an end. */
interface Beginning<T> {
  outcome: T | Error | undefined;
}

function begin<T>(work: Promise<T>): Beginning<T> {
  const beginning: Beginning<T> = { outcome: undefined };
  void work
    .catch((error: Error) => error)
    .then((outcome) => {
      beginning.outcome = outcome;
    });
  return beginning;
}

/** A run that copies two workloads, a CronJob and a ConfigMap that changes all the time, to a standby. */
export class PromotionAtWork {
  readonly clock: FakeClock = fakeClock();
  readonly #sides = sides({
    rules: [
      ruleFor('', 'ConfigMap'),
      ruleFor('apps', 'StatefulSet'),
      ruleFor('apps', 'Deployment'),
      ruleFor('batch', 'CronJob'),
    ],
    standby: ['to'],
  });
  readonly #kubes: FakeKube[] = [this.#sides.from, this.#sides.to];
  readonly #ended = new AbortController();
  /** Workloads that were woken while the primary did not know of the epoch. */
  readonly #wokenUnfenced: string[] = [];
  #written = 0;
  /** Whether something is changed on the primary all the time. */
  isBusy = true;
  /** How the run that was at work ended; undefined: it is at work. */
  runEnded: unknown;

  /** The lines of the run that is at work. */
  get run(): Readonly<Record<Side, FakeKube>> {
    return { from: this.#sides.from, to: this.#sides.to };
  }

  get objects(): Readonly<Record<Side, FakeCluster>> {
    return { from: this.run.from.objects, to: this.run.to.objects };
  }

  /** Resolves once the run has compared, and holds what it copied. */
  static async begin(): Promise<PromotionAtWork> {
    const world = new PromotionAtWork();
    const { from, to } = world.objects;
    const kinds = [statefulSets, deployments, cronJobs];
    for (const [index, [name, spec]] of originals.entries())
      from.create(
        kinds[index] ?? '',
        workload(['StatefulSet', 'Deployment', 'CronJob'][index] ?? '', name, spec),
      );
    from.create(configMaps, configMap('busy', '0'));
    to.create(namespaces, namespace('shop', { tier: 'front' }));
    for (const kube of Object.values(world.run)) serveKinds(kube);
    world.#startRun();
    to.onEvent(() => world.#lookAtWaking());
    await world.passes(3000);
    return world;
  }

  #lookAtWaking(): void {
    const event = this.objects.to.events.at(-1);
    if (!event || !wakes(event) || this.isFenced('from')) return;
    this.#wokenUnfenced.push(`${event.after?.metadata.name} is woken before the primary is fenced`);
  }

  /** Whether a cluster knows that the standby was promoted. */
  isFenced(side: Side): boolean {
    const epoch = this.objects[side].find(configMaps, stateNamespace, 'nsreplicate-t-epoch');
    return (epoch?.data as { leader?: string } | undefined)?.leader === 'TO';
  }

  #startRun(): void {
    const { assignment } = this.#sides;
    const session = new Session(assignment, {
      state: this.run.from,
      informers: new Informers(this.clock),
      clock: this.clock,
      signal: this.#ended.signal,
      ...silently,
    });
    void session.watch().catch((error: unknown) => {
      this.runEnded = error;
    });
  }

  get #stepMs(): number {
    return this.isBusy ? 500 : 2000;
  }

  /** Time passes, and something is changed on the primary twice a second, while that is busy. */
  async passes(ms: number): Promise<void> {
    for (const end = this.clock.monotonic() + ms; this.clock.monotonic() < end; ) {
      const { from } = this.objects;
      const object = from.find(configMaps, 'shop', 'busy');
      if (object && this.isBusy)
        from.replace(configMaps, { ...object, data: { value: String(++this.#written) } });
      await this.clock.advance(this.#stepMs);
    }
  }

  /** As a workstation sees the two clusters. */
  workstation(fault: Fault = {}): Readonly<Record<Side, FakeKube>> {
    const { from, to } = this.objects;
    const kubes = { from: fakeKube(from), to: fakeKube(to, { server: 'https://to.invalid' }) };
    for (const side of ['from', 'to'] as const) {
      const kube = kubes[side];
      serveKinds(kube);
      kube.before = (call) => fault.before?.(side, call);
      kube.after = (call) => {
        if (side === 'to' && call.verb === 'patch') fakeController(to);
        return fault.after?.(side, call);
      };
      this.#kubes.push(kube);
    }
    return kubes;
  }

  /** Promotes the standby; resolves with what came of it once it has come to an end, or the limit has passed. */
  async promote(
    kubes: Readonly<Record<Side, FakeKube>>,
    change: Partial<PromotionOptions> = {},
    limitMs = 90_000,
  ): Promise<PromotionReport | Error | undefined> {
    return this.#outcomeOf(this.start(kubes, change), limitMs);
  }

  async #outcomeOf<T>(work: Beginning<T>, limitMs: number): Promise<T | Error | undefined> {
    const until = this.clock.monotonic() + limitMs;
    while (work.outcome === undefined && this.clock.monotonic() < until) await this.passes(this.#stepMs);
    return work.outcome;
  }

  /** Begins to promote the standby; what comes of it is in `outcome` once it has come to an end. */
  start(
    kubes: Readonly<Record<Side, FakeKube>>,
    change: Partial<PromotionOptions> = {},
  ): Beginning<PromotionReport> {
    const options: PromotionOptions = {
      task: 't',
      replica: this.as('to', kubes),
      takesPart: true,
      isPrimary: false,
      guardedBy: undefined,
      others: [this.as('from', kubes)],
      silent: [],
      mayLack: () => false,
      state: kubes.from,
      withEmptyClaims: false,
      timeoutMs: 5000,
      clock: this.clock,
      signal: new AbortController().signal,
      info: () => undefined,
      raised: ({ number }) =>
        writeControl(kubes.from, 't', { epoch: number }, { at: '', by: 'tester', what: 'promote' }),
      ...change,
    };
    return begin(planPromotion(options).then((plan) => promote(plan, options)));
  }

  /**
   * Makes the old primary the standby of the new one; resolves as `promote` does, with the phase in which that task ended. What
   * has come to no end by the limit is ended.
   * What people see before they agree to it is left out.
   */
  async demote(
    kubes: Readonly<Record<Side, FakeKube>>,
    limitMs = 90_000,
  ): Promise<string | Error | undefined> {
    const [primary, demoted] = [this.as('to', kubes), this.as('from', kubes)];
    const ended = new AbortController();
    const { signal } = ended;
    const carryOut = async () => {
      const epoch = await checkLeads(primary, 't', { signal });
      await tellEpoch([demoted], 't', epoch, { clock: this.clock, signal });
      const spec = { ...this.#sides.assignment.spec, standby: ['from'], adopt: true, failBack: true };
      const session = new Session(
        { spec, primary, replicas: [demoted] },
        { ...silently, state: kubes.to, informers: new Informers(this.clock), clock: this.clock, signal },
      );
      return (await session.once()).status.phase;
    };
    const outcome = await this.#outcomeOf(begin(carryOut()), limitMs);
    if (outcome !== undefined) return outcome;
    // As by Ctrl-C. Where it is killed, its Lease runs out, which that of a process that lives never does.
    ended.abort(new Error('ended'));
    await this.passes(12_000);
    this.objects.to.delete('coordination.k8s.io/leases', stateNamespace, 'nsreplicate-t-lease');
    return undefined;
  }

  /** A cluster as a promotion knows it. */
  as(side: Side, kubes: Readonly<Record<Side, FakeKube>>): Cluster {
    const id = side === 'to' ? 'TO' : this.#sides.assignment.primary.id;
    return { name: side, id, kube: kubes[side] };
  }

  /** Whether workloads of a cluster are told what they had in the beginning. */
  isAwakeOn(side: Side): boolean {
    return JSON.stringify(toldOf(this.objects[side])) === JSON.stringify(originals);
  }

  get isAwake(): boolean {
    return this.isAwakeOn('to');
  }

  /** What workloads of a cluster are told. */
  toldOn(side: Side) {
    return toldOf(this.objects[side]);
  }

  /** What went wrong, in the order in which the servers were asked; empty where nothing did. */
  violations({ isLost = false } = {}): string[] {
    const { to } = this.objects;
    const wokenAt = to.events.findIndex(wakes);
    if (wokenAt < 0) return [];
    const older = to.events
      .slice(wokenAt)
      .filter(isCopyOfBefore)
      .map(({ collection, after }) => `${collection} ${after?.metadata.name} is of an older epoch`);
    return isLost ? older : [...older, ...this.#wokenUnfenced];
  }

  async close(): Promise<void> {
    this.#ended.abort(new Error('ended'));
    await this.clock.advance(1000);
    await Promise.all(this.#kubes.map((kube) => kube.close()));
  }
}

/** Whether it is the write that wakes a workload. */
export const wakes = ({ before, after }: FakeEvent): boolean =>
  before !== undefined && after !== undefined && isHeld(before) && !isHeld(after);

const isHeld = (object: KubeObject): boolean => originalOf(object) !== undefined;

/** The epoch in which a copy was written; 0 before the first promotion, undefined where it is no copy. */
export function epochOf(object: KubeObject | undefined): number | undefined {
  if (!object || !provenanceOf(object)) return undefined;
  const origin = object.metadata.annotations?.[ProvenanceKey.origin] ?? '';
  return Number(/ epoch=(\d+)/.exec(origin)?.[1] ?? 0);
}

/** Whether the run of the old primary wrote that: neither a controller nor a promotion changes where an object came from. */
const isCopyOfBefore = ({ before, after }: FakeEvent): boolean => {
  if (epochOf(after) !== 0) return false;
  const originOf = (object: KubeObject | undefined) => object?.metadata.annotations?.[ProvenanceKey.origin];
  const isRewritten = originOf(before) !== originOf(after);
  return isRewritten || (before !== undefined && !isHeld(before) && isHeld(after as KubeObject));
};
