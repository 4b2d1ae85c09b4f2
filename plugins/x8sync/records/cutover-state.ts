/**
 * What the clusters know of a cutover, so that a run which ended in its middle is put right by the next one: written
 * before anything is touched.
 */
import { isJson } from '../../../src/json.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { deployments, type Resource, statefulSets } from '../../../src/kube/api/resources.ts';
import type { TaskRecord } from '../../../src/tasks/record.ts';
import type { Verification } from '../mover/protocol/protocol.ts';
import { type Role, tool } from '../objects/sides.ts';
import { specOf } from './inventory.ts';

/** Role of the record that holds it, beside the target's. */
export const cutoverRole = 'cutover';

/** The lock of a cutover to a claim, in that claim's namespace. */
export const cutoverLockName = (claimUid: string): string => `${tool}-cutover-${claimUid}`;

/** Where the lock of a record's cutover is. */
export const cutoverLockOf = (record: TaskRecord): { readonly namespace: string; readonly name: string } => ({
  namespace: record.namespace,
  name: cutoverLockName(specOf(record).targetUid ?? ''),
});

/** What happens once the target holds all. */
export type Then = 'target' | 'source' | 'repoint' | 'nothing';

/** The sides whose workloads are stopped or started. */
export const scaledSides = (afterwards: Then): readonly Role[] =>
  afterwards === 'target' ? ['source', 'target'] : ['source'];

/**
 * `ready`: every workload is as it was found. `stopping`: the source's workloads are at zero, or about to be.
 * `starting`: the target holds all, and what is to run is started.
 */
export type CutoverPhase = 'ready' | 'stopping' | 'starting';

export const workloadResources = {
  Deployment: deployments as Resource<KubeObject>,
  StatefulSet: statefulSets as Resource<KubeObject>,
} as const;

export type WorkloadKind = keyof typeof workloadResources;

/** A workload, and how many pods it is to have. */
export interface ScaledWorkload {
  readonly kind: WorkloadKind;
  readonly name: string;
  readonly uid: string;
  readonly replicas: number;
  /** Of one that is to be given another claim: the claim that its template names before, in the volumes of these names. */
  readonly before?: { readonly claim: string; readonly volumes: readonly string[] };
}

export interface CutoverState {
  readonly phase: CutoverPhase;
  readonly afterwards: Then;
  /** Those that mount the source claim, with the pods that they had. */
  readonly source: readonly ScaledWorkload[];
  /** Those that mount the target claim, with the pods that they are to have. */
  readonly target: readonly ScaledWorkload[];
  /** The generations of the source's once they were stopped: others mean that somebody has changed them since. */
  readonly generations?: readonly number[];
  /**
   * The generations of the target's when the source's were stopped: others mean that somebody has changed them, perhaps
   * started them, while their files were not whole.
   */
  readonly targetGenerations?: readonly number[] | undefined;
  /** When the source's were stopped, by the clock of the machine that did it. */
  readonly stoppedAt?: string;
  /** What comparing the two sides came to, once all was copied. */
  readonly verification?: Verification | undefined;
}

const [phases, ends]: readonly (readonly unknown[])[] = [
  ['ready', 'stopping', 'starting'] satisfies CutoverPhase[],
  ['target', 'source', 'repoint', 'nothing'] satisfies Then[],
];

export const describeWorkload = ({ kind, name, replicas }: ScaledWorkload): string =>
  `${kind} ${name} (${replicas})`;

export const namesOf = (workloads: readonly ScaledWorkload[]): string =>
  workloads.map(describeWorkload).join(', ');

const isScaled = (value: unknown): value is ScaledWorkload =>
  isJson(value) &&
  typeof value.kind === 'string' &&
  Object.hasOwn(workloadResources, value.kind) &&
  typeof value.name === 'string' &&
  typeof value.uid === 'string' &&
  Number.isSafeInteger(value.replicas) &&
  (value.before === undefined || isBefore(value.before));

export const isBefore = (value: unknown): boolean =>
  isJson(value) && typeof value.claim === 'string' && isList(value.volumes, (one) => typeof one === 'string');

const isNumbersOrNone = (value: unknown): boolean =>
  value === undefined || isList(value, (one) => typeof one === 'number');

const isVerification = (value: unknown): value is Verification =>
  isJson(value) && typeof value.different === 'number';

export const isVerificationOrNone = (value: unknown): boolean => value === undefined || isVerification(value);

export const isScaledList = (value: unknown): value is ScaledWorkload[] => isList(value, isScaled);

export const isEnd = (value: unknown): value is Then => ends?.includes(value) === true;

const isList = <T>(value: unknown, is: (one: unknown) => one is T): value is T[] =>
  Array.isArray(value) && value.every(is);

export const isCutoverState = (value: unknown): value is CutoverState =>
  isJson(value) &&
  phases?.includes(value.phase) === true &&
  isEnd(value.afterwards) &&
  isScaledList(value.source) &&
  isScaledList(value.target) &&
  isNumbersOrNone(value.generations) &&
  isNumbersOrNone(value.targetGenerations) &&
  isVerificationOrNone(value.verification) &&
  (value.stoppedAt === undefined || typeof value.stoppedAt === 'string');

/** The state in a record; undefined where it holds none, or one that somebody has changed so that it tells nothing. */
export function cutoverStateOf({ checkpoints }: Pick<TaskRecord, 'checkpoints'>): CutoverState | undefined {
  const state = checkpoints[cutoverRole];
  return isCutoverState(state) ? state : undefined;
}

/** Where it is kept how a cutover has come to its end, whatever a later run of it came to: see cutover-end.ts. */
export const finishedKey = 'finished';

/** When a cutover came to its end, RFC 3339; undefined where it never did. */
export function finishedAtOf({ checkpoints }: Pick<TaskRecord, 'checkpoints'>): string | undefined {
  const end = checkpoints[finishedKey];
  return isJson(end) && typeof end.at === 'string' ? end.at : undefined;
}

/** Whether what the target holds is its own by now, which another copy would overwrite: it has run since. */
export const isFinishedCutover = (record: TaskRecord): boolean =>
  (record.phase === 'Succeeded' || finishedAtOf(record) !== undefined) && !isUnderWay(cutoverStateOf(record));

/** Workloads are stopped that the cutover has to start again, here or there. */
export const isUnderWay = (state: CutoverState | undefined): boolean =>
  state !== undefined && state.phase !== 'ready';

/** The generations that a state has noted of the target's, by their UIDs. */
export const notedAtTarget = ({
  target,
  targetGenerations = [],
}: Pick<CutoverState, 'target' | 'targetGenerations'>): ReadonlyMap<string, number | undefined> =>
  new Map(target.map(({ uid }, index) => [uid, targetGenerations[index]]));

/**
 * How a workload gets as many pods as it had, for whoever puts it right by hand: `kubectl scale`, or a patch that names the
 * claim of before as well where it was to be given another, whether it has that by now or not.
 *
 * @param context undefined where this workstation has none of that cluster
 */
export const scaleCommand = (
  { kind, name, replicas, before }: ScaledWorkload,
  context: string | undefined,
  namespace: string,
): string => {
  const kubectl = `kubectl${context === undefined ? '' : ` --context ${context}`} -n ${namespace}`;
  const object = `${kind.toLowerCase()}/${name}`;
  if (!before) return `${kubectl} scale ${object} --replicas=${replicas}`;
  const volumes = before.volumes.map((volume) => ({
    name: volume,
    persistentVolumeClaim: { claimName: before.claim },
  }));
  const patch = { spec: { replicas, template: { spec: { volumes } } } };
  return `${kubectl} patch ${object} -p '${JSON.stringify(patch)}'`;
};
