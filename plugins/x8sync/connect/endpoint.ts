/** The Service that leads to the sshd that is dialled: of the first strategy that its cluster admits. */
import { messageOf, RefusedError } from '../../../src/errors.ts';
import { ApiError } from '../../../src/kube/api/api-error.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { Service } from '../../../src/kube/api/objects.ts';
import { services } from '../../../src/kube/api/resources.ts';
import { limitsHint, refusalIn } from '../../../src/kube/cluster/refusal.ts';
import { type EnsureOptions, ensure } from '../objects/ensure.ts';
import { type ServiceShape, servicePatch, sshService } from '../objects/manifests/service.ts';
import type { TaskSide } from '../objects/sides.ts';
import type { NetworkStrategy, ServiceStrategy } from './strategies.ts';

export type Strategies = readonly [NetworkStrategy, ...NetworkStrategy[]];

/** The Service as it is now, and the strategies to go by it. */
export interface Endpoint {
  /** None where the first strategy needs none. */
  readonly service: Service | undefined;
  /** The strategy that the Service is open for, and those that may be tried after it. */
  readonly strategies: Strategies;
  /** Why strategies before that were not opened, a line each. */
  readonly declined: readonly string[];
}

/**
 * Makes the Service for the first of these strategies that the cluster admits, or takes up the one that is there.
 *
 * @throws RefusedError where it admits none, with each strategy's reason.
 */
export async function openEndpoint(
  side: TaskSide,
  strategies: Strategies,
  options: EnsureOptions,
): Promise<Endpoint> {
  const { kube, namespace } = side;
  const declined: string[] = [];
  for (const [index, strategy] of strategies.entries()) {
    const rest: Strategies = [strategy, ...strategies.slice(index + 1)];
    if (strategy.name === 'relay') return { service: undefined, strategies: rest, declined };
    const make = (shape: ServiceShape) => ensure(kube, services, sshService(side, shape), options);
    const made = await firstAdmitted(strategy, kube, options.signal, make);
    if ('service' in made) return { ...made, strategies: rest, declined };
    declined.push(...made.declined.map((reason) => `${strategy.name}: ${reason}`));
  }
  throw new RefusedError(
    `${kube.cluster.context} admits no Service in namespace ${namespace} by which to reach ${side.name}`,
    { details: declined, hint: await limitsHint(kube, namespace, { signal: options.signal }) },
  );
}

/**
 * The same Service, now of the strategy's own type; what earlier strategies opened stays open until the end.
 *
 * @throws RefusedError where it is declined in each of the strategy's shapes.
 */
export async function changeType(
  strategy: ServiceStrategy,
  { metadata: { name, namespace } }: Service,
  { kube }: TaskSide,
  signal: AbortSignal,
): Promise<Service> {
  const patch = (shape: ServiceShape) =>
    kube.patch(services, { namespace, name }, servicePatch(shape), { type: 'merge', signal });
  const made = await firstAdmitted(strategy, kube, signal, patch);
  if ('service' in made) return made.service;
  throw new RefusedError(made.declined.join('; '));
}

/** The Service in the first of a strategy's shapes that is not declined, or why each one was. */
async function firstAdmitted(
  strategy: ServiceStrategy,
  kube: KubeClient,
  signal: AbortSignal,
  make: (shape: ServiceShape) => Promise<Service>,
): Promise<{ service: Service } | { declined: string[] }> {
  const obstacle = await strategy.obstacle?.(kube, signal);
  if (obstacle !== undefined) return { declined: [obstacle] };
  const declined: string[] = [];
  for (const shape of strategy.shapes) {
    try {
      return { service: await make(shape) };
    } catch (error) {
      if (!isOfThisShape(error)) throw error;
      const without = shape.allocateLoadBalancerNodePorts === false ? 'without node ports: ' : '';
      declined.push(`${without}${messageOf(error)}`);
    }
  }
  return { declined };
}

/** Whether another Service may be made where this one failed: it was declined, or node ports have run out (500). */
function isOfThisShape(error: unknown): boolean {
  return refusalIn(error) !== undefined || (error instanceof ApiError && error.code >= 500);
}
