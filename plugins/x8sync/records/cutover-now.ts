/** What the workloads of a cutover do now, whatever its record says: people start and stop them, and other cutovers do. */
import { X8sError } from '../../../src/errors.ts';
import { claimNamesOf } from '../claims/volumes-of-pod.ts';
import type { SideRecord } from '../objects/side-cleanup.ts';
import { type CutoverEnd, endOf } from './cutover-end.ts';
import { type CutoverState, cutoverStateOf, isUnderWay, type ScaledWorkload } from './cutover-state.ts';
import { specOf } from './inventory.ts';
import {
  cutoverIdOf,
  type StoppedNow,
  sourceNamespaceOf,
  stoppedNow,
  type WorkloadNow,
  workloadsNow,
} from './stopped-workloads.ts';
import { soon, sourceClient, type TaskContext } from './task-sides.ts';

type NowContext = Pick<TaskContext, 'clock' | 'connectTo' | 'signal'>;

/** What has pods of all that a cutover has stopped and started, by whose files it has. */
export interface RunsNow {
  readonly source: readonly ScaledWorkload[];
  readonly target: readonly ScaledWorkload[];
}

/** What has become of what a cutover in its middle has stopped; undefined where its source can't be asked. */
export function stoppedNowOf(
  side: SideRecord,
  state: CutoverState,
  context: NowContext,
): Promise<StoppedNow | undefined> {
  const { record } = side;
  return asked(context, async () => {
    const source = { kube: await sourceClient(side, context), namespace: sourceNamespaceOf(record) };
    const target = { kube: side.kube, namespace: record.namespace };
    return stoppedNow({ source, target }, state, cutoverIdOf(record), context.signal);
  });
}

/** What runs now of a cutover that has ended; undefined of another one, and where its clusters can't be asked. */
export async function runsNowOf(side: SideRecord, context: NowContext): Promise<RunsNow | undefined> {
  const end = endOf(side.record);
  if (!end || isUnderWay(cutoverStateOf(side.record))) return undefined;
  return asked(context, () => runsNow(side, end, context));
}

async function runsNow(side: SideRecord, end: CutoverEnd, context: NowContext): Promise<RunsNow> {
  const { kube, record } = side;
  const { afterwards, stopped, started } = end;
  const place = { kube: await sourceClient(side, context), namespace: sourceNamespaceOf(record) };
  const [ofSource, ofTarget] = await Promise.all([
    workloadsNow(place, stopped, context.signal),
    afterwards === 'target'
      ? workloadsNow({ kube, namespace: record.namespace }, started, context.signal)
      : [],
  ]);
  const targetClaim = (specOf(record).targetClaim ?? '').split('/').at(-1);
  const hasTarget = ({ object }: WorkloadNow): boolean =>
    afterwards === 'repoint' && templateClaims(object).some((claim) => claim === targetClaim);
  return {
    source: running(ofSource.filter((one) => !hasTarget(one))),
    target: [...running(ofSource.filter(hasTarget)), ...running(ofTarget)],
  };
}

function templateClaims({ spec }: WorkloadNow['object']): string[] {
  const { template } = (spec ?? {}) as { readonly template?: { readonly spec?: object } };
  return claimNamesOf(template?.spec);
}

/** With as many pods as they are to have now. */
const running = (all: readonly WorkloadNow[]): ScaledWorkload[] =>
  all.flatMap(({ workload, replicas }) => (replicas > 0 ? [{ ...workload, replicas }] : []));

/** Undefined where a cluster does not answer, or not soon. */
async function asked<T>(context: NowContext, look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await soon(look(), context);
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof X8sError)) throw error;
    return undefined;
  }
}
