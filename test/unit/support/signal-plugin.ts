/** A plugin of its own process, for tests of signals and of ends that nobody planned. */
import { LocalCommand } from '../../../src/cli/base-command.ts';
import type { CommandContext } from '../../../src/cli/context.ts';
import { argument } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { runPlugin } from '../../../src/cli/run/run-plugin.ts';

const forever = () => new Promise<never>(() => setInterval(() => {}, 1000));
const aborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

const behaviours: Record<string, (context: CommandContext) => Promise<Outcome>> = {
  /** Cleans up and ends when asked to. */
  polite: ({ signal }) => Promise.race([forever(), aborted(signal)]),
  /** Never ends by itself. */
  stubborn: ({ onAbandoned }) => {
    onAbandoned(() => ['job copy-x in lab-b/shop', 'secret copy-x in lab-b/shop']);
    return forever();
  },
  /** Awaits what never comes, with nothing left that could bring it. */
  empty: () => new Promise<never>(() => {}),
  /** An error outside of every promise that is awaited. */
  uncaught: ({ signal }) => {
    setImmediate(() => {
      throw new RangeError('out of thin air');
    });
    return Promise.race([forever(), aborted(signal)]);
  },
  rejected: ({ signal }) => {
    void Promise.reject(new RangeError('nobody listens'));
    return Promise.race([forever(), aborted(signal)]);
  },
  /** More than a pipe holds. */
  flood: async () => ({ text: 'x'.repeat(1_000_000) }),
  /** Goes on printing until told to stop. */
  stream: async ({ event, signal }) => {
    const timer = setInterval(() => void event({}, 'line'), 5);
    return aborted(signal).finally(() => clearInterval(timer));
  },
};

class BehaveCommand extends LocalCommand {
  static override paths = [LocalCommand.Default];
  how = argument.required('HOW');

  override async run(context: CommandContext): Promise<Outcome> {
    process.stderr.write('ready\n');
    return (await behaviours[this.how]?.(context)) ?? {};
  }
}

void runPlugin({ name: 'fake', summary: 'A plugin for tests.', commands: [BehaveCommand] });
