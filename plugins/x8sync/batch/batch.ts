/** Many copies, a few at a time: one that fails keeps no other from being made. */

import { Slots } from '../../../src/async/slots.ts';
import { messageOf, X8sError } from '../../../src/errors.ts';
import type { StepHandle } from '../../../src/ui/reporter.ts';
import type { CopyContext, CopyResult } from '../run/request/request.ts';
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
 * @throws what an interruption throws, once those that had begun have ended.
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
  const run = async (item: BatchItem, index: number, handle: StepHandle): Promise<void> => {
    const reporter = new StepReporter(item.label, handle, context.reporter);
    const make = () => one(item, { ...context, reporter, onAbandoned }, handle);
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
  const steps = items.map((item, index) => ({
    title: item.label,
    run: (handle: StepHandle) => run(item, index, handle),
  }));
  await context.reporter.run([{ concurrent: steps }]).catch((error: unknown) => {
    if (ends.length > 0) throw ends[0];
    if (!entries.some((entry) => entry.error === error)) throw error;
  });
  return entries;
}

async function one(item: BatchItem, context: CopyContext, handle: StepHandle): Promise<BatchEntry> {
  const { label } = item;
  context.signal.throwIfAborted();
  try {
    const result = await item.copy(context);
    if ('skipped' in result) {
      handle.title(`${label}: skipped, ${result.skipped}`);
      return { label, outcome: 'skipped', message: result.skipped };
    }
    handle.title(`${label}: ${titleOf(result)}`);
    return { label, outcome: isThrough(result) ? 'copied' : 'incomplete', result };
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof X8sError)) throw error;
    handle.warn(`${label}: ${messageOf(error)}`);
    return { label, outcome: 'failed', error };
  }
}
