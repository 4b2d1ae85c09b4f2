/** Many copies, a few at a time: one that fails keeps no other from being made. */

import { Slots } from '../../../src/async/slots.ts';
import { InterruptedError, messageOf, X8sError } from '../../../src/errors.ts';
import type { StepHandle } from '../../../src/ui/reporter.ts';
import type { CopyContext, CopyResult } from '../run/request/request.ts';
import { interruptedBatch, type StoppedCopy } from './interruption.ts';
import { type BatchEntry, isThrough, titleOf } from './outcome.ts';
import { StepReporter } from './step-reporter.ts';

export interface BatchItem {
  /** `source → target`. */
  readonly label: string;
  /** Copies of one key, which is their target's, are made one after the other: a claim takes one writer at a time. */
  readonly key?: string;
  copy(context: CopyContext): Promise<CopyResult | SkippedCopy>;
}

/** One that was made before, and is not to be made again. */
export interface SkippedCopy {
  /** When, and how it ended. */
  readonly skipped: string;
}

/**
 * Resolves once each has come to its end.
 *
 * @throws InterruptedError once those that had begun have ended; it tells what became of each.
 */
export async function runBatch(
  items: readonly BatchItem[],
  maxTasks: number,
  context: CopyContext,
): Promise<BatchEntry[]> {
  const slots = new Slots(maxTasks);
  const turns = new Map<string, Slots>();
  const turnOf = ({ key, label }: BatchItem): Slots => {
    const turn = turns.get(key ?? label) ?? new Slots(1);
    turns.set(key ?? label, turn);
    return turn;
  };
  const entries: BatchEntry[] = [];
  const leftovers = new Set<() => readonly string[]>();
  context.onAbandoned(() => [...leftovers].flatMap((list) => list()));
  const onAbandoned = (list: () => readonly string[]) => void leftovers.add(list);
  /** What has ended copies otherwise than by their own failure. */
  const ends: unknown[] = [];
  const stopped: StoppedCopy[] = [];
  const run = async (item: BatchItem, index: number, handle: StepHandle): Promise<void> => {
    const reporter = new StepReporter(item.label, handle, context.reporter);
    const make = async () => {
      context.signal.throwIfAborted();
      const noteEnd = (error: unknown) => {
        stopped[index] = { label: item.label, outcome: 'interrupted', error };
      };
      return one(item, { ...context, reporter, onAbandoned }, handle, noteEnd);
    };
    handle.detail('waits for its turn');
    // Who waits takes nobody's place.
    const made = turnOf(item).use(() => slots.use(make));
    const entry = await made.catch((error: unknown) => {
      ends.push(error);
      throw error;
    });
    entries[index] = entry;
    // Its step is shown as failed.
    if (entry.error) throw entry.error;
  };
  const endings = () =>
    items.map(
      ({ label }, index) => entries[index] ?? stopped[index] ?? { label, outcome: 'not begun' as const },
    );
  const steps = items.map((item, index) => ({
    title: item.label,
    run: (handle: StepHandle) => run(item, index, handle),
  }));
  await context.reporter.run([{ concurrent: steps }]).catch((error: unknown) => {
    const { reason } = context.signal;
    if (reason instanceof InterruptedError && ends.length > 0) throw interruptedBatch(endings(), reason);
    if (ends.length > 0) throw ends[0];
    if (!entries.some((entry) => entry.error === error)) throw error;
  });
  return entries;
}

/** @param noteEnd called with what an interrupted one ended with */
async function one(
  item: BatchItem,
  context: CopyContext,
  handle: StepHandle,
  noteEnd: (error: unknown) => void,
): Promise<BatchEntry> {
  const { label } = item;
  try {
    const result = await item.copy(context);
    if ('skipped' in result) {
      handle.title(`${label}: skipped, ${result.skipped}`);
      return { label, outcome: 'skipped', message: result.skipped };
    }
    handle.title(`${label}: ${titleOf(result)}`);
    return { label, outcome: isThrough(result) ? 'copied' : 'incomplete', result };
  } catch (error) {
    if (context.signal.aborted) noteEnd(error);
    context.signal.throwIfAborted();
    if (!(error instanceof X8sError)) throw error;
    handle.warn(`${label}: ${messageOf(error)}`);
    return { label, outcome: 'failed', error };
  }
}
