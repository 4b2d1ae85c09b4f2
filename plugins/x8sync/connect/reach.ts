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
import { moverCommand } from '../objects/manifests/pods.ts';
import type { TaskSide } from '../objects/sides.ts';
import { changeType, type Endpoint } from './endpoint.ts';
import type { Strategy } from './strategies.ts';
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
  const reasons = [...declined];
  const delivery = new Delivery(context);
  for (const [index, strategy] of strategies.entries()) {
    handle.detail(`trying ${strategy.name}`);
    let addresses = index === 0 ? known : [];
    try {
      if (addresses.length === 0) {
        const { source, signal } = context;
        const opened = index === 0 ? service : await changeType(strategy, service, source, signal);
        addresses = await addressesOf(strategy, opened, context);
        await delivery.add(addresses);
      }
    } catch (error) {
      context.signal.throwIfAborted();
      reasons.push(`${strategy.name}: ${messageOf(error)}`);
      continue;
    }
    if (await connectedInTime(context)) return strategy.name;
    reasons.push(`${strategy.name}: no answer from ${addresses.join(', ')}`);
  }
  const { source, target } = context;
  throw new UnreachableError(
    `pods in ${target.kube.cluster.context} can't reach the source's SSH service ${source.namespace}/${source.name} in ${source.kube.cluster.context}`,
    {
      details: [...reasons, ...context.notes],
      hint: 'check firewalls and NetworkPolicies between the clusters, or choose another strategy with --strategy',
    },
  );
}

async function connectedInTime({ watch, clock, signal }: ReachContext): Promise<boolean> {
  const patience = Promise.all([watch.serving, watch.started])
    .then(() => clock.sleep(patienceMs, signal))
    .then(() => false);
  patience.catch(() => {});
  return until(Promise.race([watch.connected().then(() => true), patience]), signal);
}

function addressesOf(
  strategy: Strategy,
  service: Service,
  { source, timeoutMs, signal }: ReachContext,
): Promise<string[]> {
  return strategy.addresses(service, {
    kube: source.kube,
    namespace: source.namespace,
    pod: `${source.name}-0`,
    timeoutMs,
    signal,
  });
}

/** Hands addresses to the running mover, and to every pod that takes its place. */
class Delivery {
  readonly #context: ReachContext;
  readonly #addresses: string[] = [];

  constructor(context: ReachContext) {
    this.#context = context;
    context.watch.onPod = (pod) => {
      this.#deliver(pod).catch((error: unknown) => context.watch.messages.addDiagnostic(messageOf(error)));
    };
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
