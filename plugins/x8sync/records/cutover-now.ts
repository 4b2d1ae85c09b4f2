/** What the workloads of a cutover do now, whatever its record says: people start and stop them, and other cutovers do. */
import { X8sError } from '../../../src/errors.ts';
import { unlessForbidden } from '../../../src/kube/api/api-error.ts';
import type { TaskRecord } from '../../../src/tasks/record.ts';
import { claimNamesOf } from '../claims/volumes-of-pod.ts';
import type { SideRecord } from '../objects/side-cleanup.ts';
import { storeOf } from '../run/request/task-store.ts';
import { runningWith } from './claim-workloads.ts';
import { type CutoverEnd, endOf } from './cutover-end.ts';
import {
  type CutoverState,
  cutoverRole,
  cutoverStateOf,
  isUnderWay,
  type ScaledWorkload,
} from './cutover-state.ts';
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
  /** Whoever has started it: whatever mounts the target claim. */
  readonly target: readonly ScaledWorkload[];
  /** What mounts the target claim may not be listed, so that what others have started there is not known. */
  readonly unlisted?: true;
  /** Who has started that, where this cutover has started nothing. */
  readonly startedBy?: StartedBy | undefined;
}

/** Another cutover, of another claim of the same workload. */
export interface StartedBy {
  readonly task: string;
  /** When it had ended, and what it has started was ready: RFC 3339. */
  readonly at: string;
  /** Since this one's stop; absent where the clocks of two machines contradict each other. */
  readonly downtimeSeconds?: number | undefined;
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
  const { signal } = context;
  const place = { kube: await sourceClient(side, context), namespace: sourceNamespaceOf(record) };
  const ref = { kube, namespace: record.namespace, claim: targetClaimOf(record) };
  const [ofSource, ofTarget, listed] = await Promise.all([
    workloadsNow(place, stopped, signal),
    afterwards === 'target' ? workloadsNow(ref, started, signal) : [],
    unlessForbidden(runningWith(ref, signal)),
  ]);
  const hasTarget = ({ object }: WorkloadNow): boolean =>
    afterwards === 'repoint' && templateClaims(object).includes(ref.claim);
  const target = eachOnce([...(listed ?? []), ...running(ofSource.filter(hasTarget)), ...running(ofTarget)]);
  const source = running(ofSource).filter(({ uid }) => !target.some((one) => one.uid === uid));
  const startedBy =
    started.length === 0 && target.length > 0
      ? await startedByAnother(side, end, target, context)
      : undefined;
  return { source, target, ...(!listed && { unlisted: true }), ...(startedBy && { startedBy }) };
}

const targetClaimOf = (record: TaskRecord): string =>
  (specOf(record).targetClaim ?? '').split('/').at(-1) ?? '';

const eachOnce = (all: readonly ScaledWorkload[]): ScaledWorkload[] => [
  ...new Map(all.map((one) => [one.uid, one])).values(),
];

/** The first cutover that has started any of these since this one has ended; undefined also where it may not be read. */
async function startedByAnother(
  { kube, record }: SideRecord,
  { at: endedAt }: CutoverEnd,
  workloads: readonly ScaledWorkload[],
  { clock, signal }: NowContext,
): Promise<StartedBy | undefined> {
  const { namespace, uid } = record;
  const all = await unlessForbidden(storeOf(kube, { clock }).list({ namespace, role: cutoverRole, signal }));
  const others = (all ?? []).flatMap((other) => {
    const end = endOf(other);
    const isIts = end?.started.some((one) => workloads.some((now) => now.uid === one.uid));
    return isIts && other.uid !== uid && end && end.at > endedAt ? [{ task: other.task, at: end.at }] : [];
  });
  const [first] = others.sort((a, b) => a.at.localeCompare(b.at));
  if (!first) return undefined;
  const downtimeMs = Date.parse(first.at) - Date.parse(cutoverStateOf(record)?.stoppedAt ?? '');
  return { ...first, ...(downtimeMs >= 0 && { downtimeSeconds: downtimeMs / 1000 }) };
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
