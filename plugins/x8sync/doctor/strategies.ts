/** Which strategies are open between two claims, and why the others are not, before anything is made. */
import { messageOf } from '../../../src/errors.ts';
import type { Node } from '../../../src/kube/api/objects.ts';
import { services } from '../../../src/kube/api/resources.ts';
import type { ClaimState } from '../claims/claim.ts';
import { mountObstacle } from '../connect/mount.ts';
import type { ServiceOptions } from '../connect/service-options.ts';
import {
  addressesOf,
  type Ladder,
  ladderOf,
  type NetworkStrategy,
  type ServiceStrategy,
} from '../connect/strategies.ts';
import { type StrategyName, strategyNames } from '../connect/strategy-names.ts';
import { podsObstacle } from '../mover/parallel/pods.ts';
import { sshService } from '../objects/manifests/service.ts';
import type { Role } from '../objects/sides.ts';
import { modesOf } from '../run/request/pods-wish.ts';
import type { Right } from './access.ts';
import { trialSide, tryCreate } from './trial.ts';

export interface StrategyVerdict {
  readonly name: StrategyName;
  /** Nothing is known that stands against it. */
  readonly open: boolean;
  /** A copy with these flags would come to it, if those before it fail. */
  readonly tried: boolean;
  /** Why it is not open, or what is not known before pods run. */
  readonly reason: string;
}

export interface StrategyLook {
  readonly source: ClaimState;
  readonly target: ClaimState;
  readonly isOneCluster: boolean;
  readonly wanted: readonly StrategyName[];
  readonly service: ServiceOptions | undefined;
  readonly fsGroup: number | undefined;
  readonly rights: readonly Right[];
  /** The source dials the target. */
  readonly push?: boolean | undefined;
  /** Of the cluster that is dialled; undefined where they may not be listed. */
  readonly nodes: readonly Node[] | undefined;
}

/** A verdict on every strategy, in the order of trying, those that would not be tried last. */
export async function judgeStrategies(look: StrategyLook, signal: AbortSignal): Promise<StrategyVerdict[]> {
  const obstacle = mountObstacle(look);
  const { isOneCluster, push } = look;
  const how = { isOneCluster, isMountable: obstacle === undefined, push };
  const ladder = ladderOf(look.wanted, how, look.service);
  const leftOut = await obstaclesIn(ladder, look, signal);
  const tried: StrategyName[] = [
    ...(ladder.mount ? (['mount'] as const) : []),
    ...ladder.network.map(({ name }) => name).filter((name) => !leftOut.has(name)),
  ];
  const all = ladderOf(strategyNames, how, look.service).network;
  const possible = strategyNames.filter((name) => name === 'mount' || all.some((one) => one.name === name));
  const order = [...tried, ...possible.filter((name) => !tried.includes(name))];
  return Promise.all(
    order.map(async (name): Promise<StrategyVerdict> => {
      const strategy = all.find((one) => one.name === name);
      const isFirst = ladder.network.findIndex((one) => one.name === name) <= 0;
      const reason = strategy ? await obstacleTo(strategy, isFirst, look, signal) : obstacle;
      if (reason !== undefined) return { name, open: false, tried: tried.includes(name), reason };
      const words = [leftOut.get(name), openWords(name, look)].filter((text) => text !== undefined);
      return { name, open: true, tried: tried.includes(name), reason: words.join('; ') };
    }),
  );
}

/** Strategies of the ladder that a copy would pass over, with why: as it decides itself when it comes to them. */
async function obstaclesIn(
  { network }: Ladder,
  look: StrategyLook,
  signal: AbortSignal,
): Promise<ReadonlyMap<StrategyName, string>> {
  const { kube } = look[look.push ? 'target' : 'source'].ref;
  const found = new Map<StrategyName, string>();
  for (const strategy of network) {
    const obstacle = 'obstacle' in strategy ? await strategy.obstacle?.(kube, signal) : undefined;
    if (obstacle !== undefined) found.set(strategy.name, obstacle);
  }
  return found;
}

async function obstacleTo(
  strategy: NetworkStrategy,
  isFirst: boolean,
  look: StrategyLook,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (strategy.name === 'clusterip' && !look.isOneCluster) return 'the claims are in two clusters';
  const right = lackedRight(strategy.name, isFirst, look);
  if (right)
    return `this user may not ${right.verb} ${right.resource} in namespace ${right.namespace} of the ${right.side}`;
  return strategy.name === 'relay' ? undefined : declined(strategy, look, signal);
}

/** What a strategy takes beyond an sshd and its keys. */
function lackedRight(
  name: NetworkStrategy['name'],
  isFirst: boolean,
  { rights, push }: StrategyLook,
): Right | undefined {
  const [dialled, dialler] = push ? (['target', 'source'] as const) : (['source', 'target'] as const);
  const needs: readonly (readonly [side: Role, resource: string, verbs: readonly string[]])[] =
    name === 'relay'
      ? [
          ['source', 'pods/portforward', ['get', 'create']],
          ['target', 'pods/portforward', ['get', 'create']],
        ]
      : [
          [dialled, 'services', isFirst ? ['create'] : ['create', 'patch']],
          [dialler, 'pods/exec', isFirst && name !== 'loadbalancer' ? [] : ['get', 'create']],
        ];
  return rights.find(
    ({ allowed, ...right }) =>
      !allowed &&
      needs.some(
        ([side, resource, verbs]) =>
          side === right.side && resource === right.resource && verbs.includes(right.verb),
      ),
  );
}

/** Why the cluster that is dialled admits no Service of this strategy, by dry run. */
async function declined(
  { shapes }: ServiceStrategy,
  look: StrategyLook,
  signal: AbortSignal,
): Promise<string | undefined> {
  const dialled: Role = look.push ? 'target' : 'source';
  const { kube, namespace } = look[dialled].ref;
  const reasons: string[] = [];
  for (const shape of shapes) {
    const service = sshService(trialSide(dialled, namespace), shape);
    const refusal = await tryCreate(kube, services, service, signal);
    if (refusal === undefined) return undefined;
    reasons.push(messageOf(refusal));
  }
  return [...new Set(reasons)].join('; ');
}

const unknown = 'whether the pods reach each other shows only once they run';

/** Whether the streams of a mount may be spread over pods. */
function podsWords(look: StrategyLook): string {
  const several = podsObstacle({ asked: 'auto', modes: modesOf(look) }, { isMounted: true }) === undefined;
  return several ? '; both claims are seen from several nodes, so --pods can have more than one copy' : '';
}

function openWords(name: StrategyName, look: StrategyLook): string {
  const { nodes, service } = look;
  switch (name) {
    case 'mount':
      return `one pod may mount both claims, if the scheduler finds a node for it${podsWords(look)}`;
    case 'nodeport': {
      const addresses = service?.host ? [service.host.host] : addressesOf(nodes ?? []);
      return `admitted${addresses.length > 0 ? `, at ${addresses.join(', ')}` : ''}; ${unknown}`;
    }
    case 'loadbalancer':
      return `admitted; that the cluster gives it an address was not tried; ${unknown}`;
    case 'relay':
      return 'through this workstation, for as long as the command runs';
    default:
      return `admitted; ${unknown}`;
  }
}
