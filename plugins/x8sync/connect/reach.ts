/**
 * Leads the mover to the source, one strategy after the other. The mover tries every address that it is given
 * until one answers, so a further strategy only adds addresses; the first that works wins.
 */
import { until } from '../../../src/async/until.ts';
import type { Clock } from '../../../src/clock.ts';
import { messageOf, UnreachableError } from '../../../src/errors.ts';
import type { Service } from '../../../src/kube/objects.ts';
import { execOutput } from '../../../src/kube/streams/exec.ts';
import type { StepHandle } from '../../../src/ui/reporter.ts';
import type { MoverWatch } from '../monitor/mover-watch.ts';
import { relayAddress } from '../mover/relay.ts';
import { moverCommand } from '../objects/manifests/pods.ts';
import type { TaskSide } from '../objects/sides.ts';
import { changeType, type Endpoint, openEndpoint } from './endpoint.ts';
import { portForwards, Relay } from './relay.ts';
import type { NetworkStrategy, ServiceStrategy } from './strategies.ts';
import type { StrategyName } from './strategy-names.ts';

export interface ReachContext {
  readonly source: TaskSide;
  readonly target: TaskSide;
  readonly watch: MoverWatch;
  /** What could not be made and may be why no strategy works: a NetworkPolicy. */
  readonly notes: readonly string[];
  /** Limit for an address to be given out, in milliseconds. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** How long a strategy may take to answer once the source serves and the mover runs. */
const patienceMs = 20_000;

/**
 * Resolves once the mover is connected, or has come to its end, with the strategy that was tried last.
 *
 * @param known the first strategy's addresses that the mover has from the start; empty where they have to be
 *   delivered to it, also where it was made by an earlier run.
 * @throws UnreachableError where no strategy works, with each strategy's reason.
 */
export async function reachSource(
  { service, strategies, declined }: Endpoint,
  known: readonly string[],
  context: ReachContext,
  handle: StepHandle,
): Promise<StrategyName> {
  const reasons: string[] = [];
  const leader = new Leader(service, context);
  for (const [index, strategy] of strategies.entries()) {
    handle.detail(`trying ${strategy.name}`);
    let addresses: readonly string[];
    try {
      addresses = await leader.lead(strategy, index === 0 ? known : []);
    } catch (error) {
      context.signal.throwIfAborted();
      reasons.push(`${strategy.name}: ${messageOf(error)}`);
      continue;
    }
    if (await connectedInTime(context)) {
      for (const reason of reasons) handle.warn(`Not ${reason}; ${strategy.name} is used instead.`);
      return strategy.name;
    }
    reasons.push(`${strategy.name}: no answer from ${addresses.join(', ')}`);
  }
  const { source, target } = context;
  throw new UnreachableError(
    `pods in ${target.kube.cluster.context} can't reach the source's SSH service ${source.namespace}/${source.name} in ${source.kube.cluster.context}`,
    {
      details: [...declined, ...reasons, ...context.notes],
      hint: 'check firewalls and NetworkPolicies between the clusters, or choose another strategy with --strategy',
    },
  );
}

/** Opens one strategy after the other, and lets the mover know its addresses. */
class Leader {
  readonly #context: ReachContext;
  readonly #delivery: Delivery;
  #service: Service | undefined;

  constructor(service: Service | undefined, context: ReachContext) {
    this.#service = service;
    this.#context = context;
    this.#delivery = new Delivery(context);
  }

  /** @param known what the mover knows of it already. */
  async lead(strategy: NetworkStrategy, known: readonly string[]): Promise<readonly string[]> {
    if (strategy.name === 'relay') await this.#startRelay();
    if (known.length > 0) return known;
    const addresses = strategy.name === 'relay' ? [relayAddress] : await this.#addressesOf(strategy);
    await this.#delivery.add(addresses);
    return addresses;
  }

  async #addressesOf(strategy: ServiceStrategy): Promise<string[]> {
    const { source, timeoutMs, signal } = this.#context;
    this.#service = await this.#open(strategy);
    const { kube, namespace, name } = source;
    return strategy.addresses(this.#service, { kube, namespace, pod: `${name}-0`, timeoutMs, signal });
  }

  /** The Service, as this strategy needs it. */
  async #open(strategy: ServiceStrategy): Promise<Service> {
    const { source, timeoutMs, signal } = this.#context;
    const present = this.#service;
    if (present?.spec.type === strategy.shapes[0]?.type && present) return present;
    if (present) return changeType(strategy, present, source, signal);
    const { service } = await openEndpoint(source, [strategy], { timeoutMs, signal });
    if (!service) throw new Error('a strategy with a Service has opened none');
    return service;
  }

  /** Serves the mover's present pod, and every one that takes its place, until the mover has ended. */
  async #startRelay(): Promise<void> {
    const { source, target, watch, clock } = this.#context;
    const over = new AbortController();
    const signal = AbortSignal.any([this.#context.signal, over.signal]);
    void watch.end.catch(() => {}).finally(() => over.abort(new Error('the copy is over')));
    const onTrouble = (text: string) => watch.messages.addDiagnostic(text);
    const relay = new Relay({ ...portForwards(source, target), clock, signal, onTrouble });
    let pod: string;
    try {
      [pod] = await until(Promise.all([watch.started, watch.serving]), signal);
      await relay.serve(pod);
    } catch (error) {
      this.#context.signal.throwIfAborted();
      // It has ended by itself, and says why: that nobody relays to it any more is no reason of its own.
      if (over.signal.aborted) return;
      throw error;
    }
    watch.onPod((next) => {
      if (next !== pod) relay.serve(next).catch((error: unknown) => onTrouble(`relay: ${messageOf(error)}`));
    });
  }
}

async function connectedInTime({ watch, clock, signal }: ReachContext): Promise<boolean> {
  const patience = Promise.all([watch.serving, watch.started])
    .then(() => clock.sleep(patienceMs, signal))
    .then(() => false);
  patience.catch(() => {});
  return until(Promise.race([watch.connected().then(() => true), patience]), signal);
}

/** Hands addresses to the running mover, and to every pod that takes its place. */
class Delivery {
  readonly #context: ReachContext;
  readonly #addresses: string[] = [];

  constructor(context: ReachContext) {
    this.#context = context;
    context.watch.onPod((pod) => {
      this.#deliver(pod).catch((error: unknown) => context.watch.messages.addDiagnostic(messageOf(error)));
    });
  }

  /** Resolves when the mover knows them, or needs none any more. */
  async add(addresses: readonly string[]): Promise<void> {
    const { watch, signal } = this.#context;
    this.#addresses.push(...addresses);
    const delivered = until(watch.started, signal).then((pod) => this.#deliver(pod));
    delivered.catch(() => {});
    await Promise.race([watch.connected(), delivered]);
  }

  async #deliver(pod: string): Promise<void> {
    if (this.#addresses.length === 0) return;
    const { target, signal } = this.#context;
    const { kube, namespace } = target;
    const command = moverCommand('addresses', ...this.#addresses);
    await execOutput(kube, { namespace, pod, container: 'target', command, signal });
  }
}
