/** Ends a task from any workstation: deletes all that it made on both sides, records included. */
import { allEnded } from '../../../src/async/lazy.ts';
import { UnreachableError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import { cleanSides, type SideRecord, type UncleanSide, uncleanError } from '../objects/side-cleanup.ts';
import { storeOf } from '../run/request/task-store.ts';
import { markedAtSource, requireNoCutover, requireNoLiveCutover } from './cutover-guard.ts';
import { specOf, type TaskEntry } from './inventory.ts';
import { describeFlaw, flawOf } from './soundness.ts';
import { isOf, unmarkStarted } from './stop-mark.ts';
import { lockTargetToDelete, sidesOf, type TaskContext } from './task-sides.ts';

/**
 * Cleans one task up. A side that can't be reached does not keep the other from being cleaned: what a cutover has to put
 * right stands beside the target, and stays there.
 *
 * @throws RefusedError where a live run holds the task, or a cutover is in its middle, as far as the target's side can be
 *   asked.
 * @throws UnreachableError where a side could not be reached; the other is clean then.
 */
export async function cleanUp(entry: TaskEntry, kube: KubeClient, context: TaskContext): Promise<void> {
  const { sides, missing, gone } = await sidesOf(entry, kube, context);
  await requireNoLiveCutover(entry.task, { sides }, context);
  await requireNoCutover(entry.task, { sides }, context);
  for (const text of gone)
    context.reporter.info(`task ${entry.task}: ${text}, so nothing is cleaned up there`);
  for (const { kube, record } of sides) {
    const flaw = flawOf(record);
    if (flaw === undefined) continue;
    context.reporter.warn(
      `${describeFlaw(kube, record, flaw)}. What it made there is found by its labels and owners.`,
    );
  }
  const unseen = missing.length > 0 ? await unseenCutover(sides, context.signal) : [];
  const lock = await lockTargetToDelete(sides, `x8sync cleanup ${entry.task}`, context);
  try {
    const left = await cleanAll(sides, context);
    await unmark(sides, context.signal);
    if (left.length > 0) throw uncleanError(`task ${entry.task} is ended`, left);
  } finally {
    await lock?.release();
  }
  if (missing.length > 0) {
    throw new UnreachableError(`task ${entry.task}: one side could not be cleaned up`, {
      details: [...missing, ...unseen],
      hint: 'run the same command again, with a kubeconfig that has that cluster, once it can be reached',
    });
  }
}

/** What a cutover had stopped bears its mark still where it was started by hand. */
async function unmark(sides: readonly SideRecord[], signal: AbortSignal): Promise<void> {
  const source = sides.find(({ record }) => record.role === 'source');
  const { cutover, targetUid = '' } = specOf(source?.record);
  if (!source || cutover === undefined) return;
  const { namespace, task } = source.record;
  await unmarkStarted(source.kube, namespace, (mark) => isOf(mark, { task, targetUid }), signal);
}

/** What to see to where nobody could be asked what a cutover has stopped. */
async function unseenCutover(sides: readonly SideRecord[], signal: AbortSignal): Promise<string[]> {
  const source = sides.find(({ record }) => record.role === 'source');
  if (!source || specOf(source.record).cutover === undefined || sides.length > 1) return [];
  if ((await markedAtSource(sides, signal)) !== undefined) return [];
  const { namespace } = source.record;
  return [
    `it is a cutover's: whether this has left workloads of ${source.kube.cluster.context}/${namespace} stopped is known at the target only`,
  ];
}

/** All of the task, its records at last; resolves with the sides on which something is left. */
async function cleanAll(
  sides: readonly SideRecord[],
  { timeoutMs, signal, ...context }: TaskContext,
): Promise<UncleanSide[]> {
  const left = await cleanSides(sides, { limitMs: timeoutMs, clock: context.clock, signal });
  signal.throwIfAborted();
  const names = new Set(left.map(({ record }) => record.name));
  const clean = sides.filter(({ record }) => !names.has(record.name));
  await allEnded(clean.map(({ kube, record }) => storeOf(kube, context).remove(record, { signal })));
  return left;
}
