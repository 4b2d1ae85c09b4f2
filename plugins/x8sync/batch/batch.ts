/** Many copies, a few at a time: one that fails keeps no other from being made. */

import { Slots } from '../../../src/async/slots.ts';
import { messageOf, X8sError } from '../../../src/errors.ts';
import type { StepHandle } from '../../../src/ui/reporter.ts';
import type { CopyContext, CopyResult } from '../run/request.ts';
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
  const steps = items.map((item, index) => ({
    title: item.label,
    run: (handle: StepHandle) => {
      const make = async () => {
        context.signal.throwIfAborted();
        const reporter = new StepReporter(item.label, handle, context.reporter);
        const { clock, signal } = context;
        const own = {
          reporter,
          clock,
          signal,
          onAbandoned: (list: () => readonly string[]) => void leftovers.add(list),
        };
        entries[index] = await one(item, own, handle);
      };
      // Who waits for its turn takes nobody's place.
      return turnOf(item).use(() => slots.use(make));
    },
  }));
  await context.reporter.run([{ concurrent: steps }]);
  return entries;
}

async function one(item: BatchItem, context: CopyContext, handle: StepHandle): Promise<BatchEntry> {
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
    context.signal.throwIfAborted();
    if (!(error instanceof X8sError)) throw error;
    handle.title(`${label}: failed`);
    handle.warn(`${label}: ${messageOf(error)}`);
    return { label, outcome: 'failed', error };
  }
}
