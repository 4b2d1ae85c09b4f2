/** What the pods of a task say, on both sides. */
import { messageOf, X8sError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import { pods } from '../../../src/kube/api/resources.ts';
import { followLogs } from '../../../src/kube/streams/logs.ts';
import { stateOf } from '../monitor/follow.ts';
import { parseMoverLine } from '../mover/protocol/mover-lines.ts';
import { gateName } from '../objects/manifests/pods.ts';
import type { SideRecord } from '../objects/side-cleanup.ts';
import { sideOf } from '../objects/sides.ts';
import { cutoverRole } from './cutover-state.ts';
import type { TaskEntry } from './inventory.ts';
import { flawsOf, flawText } from './soundness.ts';
import { sidesOf, type TaskContext } from './task-sides.ts';

/** A line of one pod. */
export interface TaskLogLine {
  readonly side: string;
  readonly pod: string;
  readonly text: string;
}

export interface LogWishes {
  /** Go on until the pods that are there have ended. */
  readonly follow: boolean;
  /** Also how far the mover was, once in a second, and its streams. */
  readonly progress: boolean;
  readonly tailLines?: number | undefined;
}

/** Hands on the lines of every pod that is there; resolves with why a side or a pod could not be read, a line each. */
export async function readLogs(
  entry: TaskEntry,
  kube: KubeClient,
  wishes: LogWishes,
  context: TaskContext,
  onLine: (line: TaskLogLine) => void,
): Promise<string[]> {
  const { sides, missing, gone } = await sidesOf(entry, kube, context);
  const flaws = flawsOf(entry, kube);
  const flawed = flaws.length === 0 ? [] : [flawText(entry, kube, flaws)];
  // A cutover's own record has no pods.
  const withPods = sides.filter(({ record }) => record.role !== cutoverRole);
  const problems = await Promise.all(withPods.map((side) => readSide(side, wishes, context, onLine)));
  return [...flawed, ...missing, ...gone, ...problems.flat()];
}

async function readSide(
  { kube, record }: SideRecord,
  wishes: LogWishes,
  context: TaskContext,
  onLine: (line: TaskLogLine) => void,
): Promise<string[]> {
  const { namespace, selectorText: labelSelector } = sideOf(kube, record);
  const { items } = await kube.list(pods, { namespace, labelSelector, signal: context.signal });
  const { role: side } = record;
  if (items.length === 0)
    return [`${side}: no pod of task ${record.task} is there in namespace ${namespace}`];
  const read = items.map(async (item) => {
    const { name: pod } = item.metadata;
    const { clock, signal } = context;
    // What kept a mover from beginning is said by what ran before it.
    const container = stateOf(item, gateName)?.terminated?.exitCode ? gateName : side;
    const { follow, tailLines } = wishes;
    const log = followLogs(kube, { namespace, pod, container, follow, tailLines, clock, signal });
    try {
      for await (const text of log) if (isShown(text, wishes)) onLine({ side, pod, text: textOf(text) });
      return [];
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof X8sError)) throw error;
      return [`${side}: the log of pod ${namespace}/${pod} can't be read: ${messageOf(error)}`];
    }
  });
  return (await Promise.all(read)).flat();
}

const isShown = (text: string, { progress }: LogWishes) =>
  progress || !['progress', 'streams'].includes(parseMoverLine(text).kind);

/** What a program wrote, without the word that the mover puts before it. */
function textOf(text: string): string {
  const line = parseMoverLine(text);
  return line.kind === 'log' ? line.text : text;
}
