/**
 * Brings the mover and the source together, one strategy after the other: the mover dials the source, or the source the
 * mover. Who dials tries every address that it is given until one answers, so a further strategy only adds addresses; the
 * first that works wins.
 */
import { until } from '../../../src/async/until.ts';
import type { Clock } from '../../../src/clock.ts';
import { messageOf, UnreachableError, X8sError } from '../../../src/errors.ts';
import type { Service } from '../../../src/kube/api/objects.ts';
import { execOutput } from '../../../src/kube/streams/exec.ts';
import type { StepHandle } from '../../../src/ui/reporter.ts';
import { moreMemory } from '../monitor/mover-messages.ts';
import type { MoverWatch } from '../monitor/mover-watch.ts';
import { relayAddress } from '../mover/protocol/relay.ts';
import { moverCommand } from '../objects/manifests/pods.ts';
import type { Role, TaskSide } from '../objects/sides.ts';
import { changeType, type Endpoint, openEndpoint } from './endpoint.ts';
import { portForwards, Relay } from './relay.ts';
import type { NetworkStrategy, ServiceStrategy } from './strategies.ts';
import type { StrategyName } from './strategy-names.ts';

export interface ReachContext {
  readonly source: TaskSide;
  readonly target: TaskSide;
  readonly watch: MoverWatch;
  /** The source dials the target; the other way round where absent. */
  readonly push?: boolean | undefined;
  /** What could not be made and may be why no strategy works: a NetworkPolicy. */
  readonly notes: readonly string[];
  /** Limit for an address to be given out, in milliseconds. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** How long a strategy may take to answer once the source serves and the mover runs, in milliseconds. */
const patienceMs = 20_000;

/**
 * Resolves once the mover is connected, or has come to its end, with the strategy by whose address that is: a slow line
 * may answer to one that was tried before. Undefined where that is an address of an earlier run, which goes on.
 *
 * @param known the first strategy's addresses that the pod which dials has from the start; empty where they have to be
 *   delivered to it, also where it was made by an earlier run.
 * @throws UnreachableError where no strategy works, with each strategy's reason; X8sError where pods were killed meanwhile.
 */
export async function reachSource(
  { service, strategies, declined }: Endpoint,
  known: readonly string[],
  context: ReachContext,
  handle: StepHandle,
): Promise<StrategyName | undefined> {
  const reasons: string[] = [];
  const tried: Tried[] = [];
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
    tried.push({ name: strategy.name, addresses, reasons: [...reasons] });
    if (await connectedInTime(context)) {
      const { address } = context.watch.messages;
      const used =
        address === undefined ? tried.at(-1) : tried.find((one) => one.addresses.includes(address));
      if (!used) {
        handle.warn(
          `The mover is connected by an address of an earlier run, ${address}: ${strategy.name} is for when that breaks.`,
        );
        return undefined;
      }
      for (const reason of used.reasons) handle.warn(`Not ${reason}; ${used.name} is used instead.`);
      return used.name;
    }
    reasons.push(`${strategy.name}: no answer from ${addresses.join(', ')}`);
  }
  throw unreachable([...declined, ...reasons, ...context.notes], context);
}

/** A strategy that was opened. */
interface Tried {
  readonly name: StrategyName;
  readonly addresses: readonly string[];
  /** Why those before it did not do. */
  readonly reasons: readonly string[];
}

/** The end of the ladder. */
function unreachable(details: readonly string[], { source, target, watch, push }: ReachContext): X8sError {
  const { killed, diagnostics } = watch.messages;
  if (killed !== undefined)
    return new X8sError(`${killed}: nothing could connect to what is not there`, {
      details: [...diagnostics, ...details],
      hint: moreMemory,
    });
  const [from, to, whose] = push ? [source, target, 'target'] : [target, source, 'source'];
  return new UnreachableError(
    `pods in ${from.kube.cluster.context} can't reach the ${whose}'s SSH service ${to.namespace}/${to.name} in ${to.kube.cluster.context}`,
    // Only the source's pod knows why it gets no answer.
    {
      details: push ? [...details, ...diagnostics] : details,
      hint: push ? pushHint : pullHint,
    },
  );
}

const pullHint =
  'check firewalls and NetworkPolicies between the clusters, or choose another strategy with --strategy; where the source may dial out to the target, --push turns the direction round';
const pushHint =
  'check that the source may dial out to these addresses, give another one with --target-host, or leave --push out: this workstation joins both sides with --strategy relay';

/** The side whose pods dial, and these pods as they come. */
interface Dialler {
  readonly side: TaskSide;
  readonly container: Role;
  readonly started: Promise<string>;
  onPod(callback: (pod: string) => void): void;
}

function diallerOf({ source, target, watch, push }: ReachContext): Dialler {
  const { sourcePods } = watch;
  return push
    ? {
        ...{ side: source, container: 'source', started: sourcePods.started },
        onPod: (callback) => sourcePods.on(callback),
      }
    : {
        ...{ side: target, container: 'target', started: watch.started },
        onPod: (callback) => watch.onPod(callback),
      };
}

/** Opens one strategy after the other, and lets the pod that dials know its addresses. */
class Leader {
  readonly #context: ReachContext;
  readonly #delivery: Delivery;
  #service: Service | undefined;

  constructor(service: Service | undefined, context: ReachContext) {
    this.#service = service;
    this.#context = context;
    this.#delivery = new Delivery(context);
  }

  /** @param known what the pod that dials knows of it already. */
  async lead(strategy: NetworkStrategy, known: readonly string[]): Promise<readonly string[]> {
    if (strategy.name === 'relay') await this.#startRelay();
    if (known.length > 0) return known;
    const addresses = strategy.name === 'relay' ? [relayAddress] : await this.#addressesOf(strategy);
    await this.#delivery.add(addresses);
    return addresses;
  }

  async #addressesOf(strategy: ServiceStrategy): Promise<string[]> {
    const { timeoutMs, signal } = this.#context;
    this.#service = await this.#open(strategy);
    const { kube, namespace } = this.#dialled;
    const pod = () => dialledPod(this.#context);
    return strategy.addresses(this.#service, { kube, namespace, pod, timeoutMs, signal });
  }

  get #dialled(): TaskSide {
    const { source, target, push } = this.#context;
    return push ? target : source;
  }

  /** The Service, as this strategy needs it. */
  async #open(strategy: ServiceStrategy): Promise<Service> {
    const { timeoutMs, signal } = this.#context;
    const present = this.#service;
    if (present?.spec.type === strategy.shapes[0]?.type && present) return present;
    if (present) return changeType(strategy, present, this.#dialled, signal);
    const { service } = await openEndpoint(this.#dialled, [strategy], { timeoutMs, signal });
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

/** Name of the pod that is dialled, once it runs. */
export async function dialledPod({
  source,
  watch,
  push,
  signal,
}: Pick<ReachContext, 'source' | 'watch' | 'push' | 'signal'>): Promise<string> {
  return push ? until(watch.started, signal) : `${source.name}-0`;
}

async function connectedInTime({ watch, clock, signal }: ReachContext): Promise<boolean> {
  const patience = Promise.all([watch.serving, watch.started])
    .then(() => clock.sleep(patienceMs, signal))
    .then(() => false);
  patience.catch(() => {});
  return until(Promise.race([watch.connected().then(() => true), patience]), signal);
}

/** Hands addresses to the running pod that dials, and to every pod that takes its place. */
class Delivery {
  readonly #context: ReachContext;
  readonly #dialler: Dialler;
  readonly #addresses: string[] = [];

  constructor(context: ReachContext) {
    this.#context = context;
    this.#dialler = diallerOf(context);
    this.#dialler.onPod((pod) => {
      this.#deliver(pod).catch((error: unknown) => context.watch.messages.addDiagnostic(messageOf(error)));
    });
  }

  /** Resolves when the pod knows them, or needs none any more. */
  async add(addresses: readonly string[]): Promise<void> {
    const { watch, signal } = this.#context;
    this.#addresses.push(...addresses);
    const delivered = until(this.#dialler.started, signal).then((pod) => this.#deliver(pod));
    delivered.catch(() => {});
    await Promise.race([watch.connected(), delivered]);
  }

  async #deliver(pod: string): Promise<void> {
    if (this.#addresses.length === 0) return;
    const { signal } = this.#context;
    const { container } = this.#dialler;
    const { kube, namespace } = this.#dialler.side;
    const command = moverCommand('addresses', ...this.#addresses);
    await execOutput(kube, { namespace, pod, container, command, signal });
  }
}
