/** Ctrl-C and kill: the first one stops in good order, the second one at once. */
import { writeSync } from 'node:fs';
import { type Clock, systemClock } from '../../clock.ts';
import { ExitCode, InterruptedError } from '../../errors.ts';

const stderr = 2;
/**
 * A signal that comes so many milliseconds after the first one, or earlier, is the same wish: timeout(1) signals its
 * child and then the child's group, a terminal that closes and its shell both say so.
 */
const sameWishMs = 100;
const showCursor = '\u001b[?25h';

export interface Signals {
  /** Aborted by the first signal, with an InterruptedError as its reason. */
  readonly signal: AbortSignal;
  /** Stops in good order for another reason, e.g. an error that nobody caught. */
  abort(reason: Error): void;
  onAbandoned(list: () => readonly string[]): void;
}

/**
 * Listens for SIGINT, SIGTERM and SIGHUP (a closed terminal). A second one writes what is left behind and
 * exits with 130 or 143 before anything else can run; straight to the descriptor, since a live list may hold
 * back what goes through the stream.
 */
export function handleSignals(
  process: Pick<NodeJS.Process, 'on' | 'exit' | 'stderr'>,
  clock: Pick<Clock, 'monotonic'> = systemClock,
): Signals {
  const controller = new AbortController();
  let leftovers: () => readonly string[] = () => [];
  let firstAt = Number.NEGATIVE_INFINITY;
  const handle = (signal: 'SIGINT' | 'SIGTERM') => {
    if (clock.monotonic() - firstAt <= sameWishMs) return;
    if (!controller.signal.aborted) {
      firstAt = clock.monotonic();
      return controller.abort(new InterruptedError(signal));
    }
    tellLeftovers(leftovers, process.stderr.isTTY);
    process.exit(signal === 'SIGINT' ? ExitCode.interrupted : ExitCode.terminated);
  };
  process.on('SIGINT', () => handle('SIGINT'));
  process.on('SIGTERM', () => handle('SIGTERM'));
  process.on('SIGHUP', () => handle('SIGTERM'));
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    onAbandoned: (list) => {
      leftovers = list;
    },
  };
}

function tellLeftovers(list: () => readonly string[], isTTY: boolean): void {
  const left = list();
  const lines = left.length === 0 ? [] : ['left behind:', ...left.map((line) => `  ${line}`)];
  try {
    writeSync(
      stderr,
      `${isTTY ? `${showCursor}\n` : ''}${['error: stopped at once', ...lines].join('\n')}\n`,
    );
  } catch {
    // The terminal is gone; there is nobody to tell.
  }
}
