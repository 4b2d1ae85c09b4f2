/** How a person wanted the two sides to reach each other, kept in the record: what compares them later does so, too. */
import { isJson } from '../../../../src/json.ts';
import type { TaskRecord, TaskState } from '../../../../src/tasks/record.ts';
import type { ServiceOptions } from '../../connect/service-options.ts';
import { type StrategyName, strategyNames } from '../../connect/strategy-names.ts';
import type { CopyRequest } from './request.ts';

export type ReachWish = Pick<CopyRequest, 'push' | 'strategies' | 'service'>;

export const reachCheckpoint = 'reach';

const isStrategies = (value: unknown): value is StrategyName[] =>
  Array.isArray(value) && value.every((name) => (strategyNames as readonly unknown[]).includes(name));

const isText = (value: unknown): boolean => typeof value === 'string';
const isPort = (value: unknown): boolean => value === undefined || Number.isInteger(value);

const isHost = (value: unknown): boolean =>
  value === undefined || (isJson(value) && isText(value.host) && isPort(value.port));

const isService = (value: unknown): value is ServiceOptions =>
  isJson(value) &&
  (value.sourceRanges === undefined ||
    (Array.isArray(value.sourceRanges) && value.sourceRanges.every(isText))) &&
  (value.annotations === undefined ||
    (isJson(value.annotations) && Object.values(value.annotations).every(isText))) &&
  isPort(value.nodePort) &&
  isHost(value.host) &&
  (value.isPublic === undefined || typeof value.isPublic === 'boolean');

export const isReachWish = (value: unknown): value is ReachWish =>
  isJson(value) &&
  isStrategies(value.strategies) &&
  (value.push === undefined || typeof value.push === 'boolean') &&
  (value.service === undefined || isService(value.service));

export function noteReach(state: TaskState, { push, strategies, service }: ReachWish): void {
  state.checkpoints[reachCheckpoint] = { push, strategies, service } satisfies ReachWish;
}

/** What stands in the record of a task's last run; undefined where it says nothing. */
export function reachIn({ checkpoints }: Pick<TaskRecord, 'checkpoints'>): ReachWish | undefined {
  const wish = checkpoints[reachCheckpoint];
  return isReachWish(wish) ? wish : undefined;
}
