/** Time limits that also end with a caller's signal, without leaving listeners on it. */
import { onAbort } from './abort.ts';

/** The reason of a signal whose time limit passed. */
export class DeadlineExceeded extends Error {
  override readonly name = 'DeadlineExceeded';
}

export interface Deadline {
  /** Aborted by the limit (with a {@link DeadlineExceeded}) or with the parent's reason. */
  readonly signal: AbortSignal;
  /** Stops the clock; the parent's signal still counts. */
  disarm(): void;
  /** Stops the clock and no longer follows the parent. Call it when the work is over. */
  release(): void;
}

/** A deadline of `limitMs` milliseconds (0: none) under a parent's signal. */
export function deadline(limitMs: number, parent?: AbortSignal): Deadline {
  parent?.throwIfAborted();
  const controller = new AbortController();
  const forget = parent && onAbort(parent, () => controller.abort(parent.reason));
  const onLimit = () => controller.abort(new DeadlineExceeded(`no answer within ${limitMs} ms`));
  const timer = limitMs > 0 ? setTimeout(onLimit, limitMs) : undefined;
  const disarm = () => clearTimeout(timer);
  return {
    signal: controller.signal,
    disarm,
    release() {
      disarm();
      forget?.();
    },
  };
}
