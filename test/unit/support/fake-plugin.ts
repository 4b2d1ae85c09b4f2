/** A small plugin, and a run of it with streams that remember. */
import { BaseCommand, LocalCommand, outputOption } from '../../../src/cli/base-command.ts';
import type { CommandContext, PluginContext } from '../../../src/cli/context.ts';
import type { KubeAccess } from '../../../src/cli/kube-access.ts';
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { argument, option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import type { CommandClass } from '../../../src/cli/plugin-cli.ts';
import { contextNames, objectPaths, resourceNames } from '../../../src/cli/providers.ts';
import { runCommandLine } from '../../../src/cli/run/run-command-line.ts';
import { table } from '../../../src/cli/table.ts';
import { systemClock } from '../../../src/clock.ts';
import { pods } from '../../../src/kube/api/resources.ts';
import { FakeTerminal } from './fake-terminal.ts';

/** The default command: takes one option of each kind, and shows what it was given. */
export class EchoCommand extends LocalCommand {
  static override paths = [LocalCommand.Default];
  static override usage = BaseCommand.Usage({
    description: 'Echo what it was given.',
    details: `
      The first paragraph is long enough that it has to be wrapped at the width of the terminal, wherever that is.

        kept   as it stands
    `,
    examples: [['Echo one thing', '$0 one']],
  });

  first = argument.required('FIRST', { description: 'The first thing.' });
  second = argument.optional('SECOND');
  mode = option.choice('-m,--mode', ['safe', 'fast'], { description: 'How careful to be.', default: 'safe' });
  watch = option.flag('-w,--watch', { description: 'Go on.' });
  clean = option.flag('--clean', { description: 'Clean up.', default: true });
  size = option.integer('--size', { description: 'How many.', min: 1, max: 10 });
  wait = option.duration('--wait', { description: 'How long.' });
  label = option.repeated('-l,--label', { description: 'Labels.', value: 'KEY=VALUE' });
  kinds = option.list('--kinds', { description: 'Kinds.' });
  ways = option.choices('--way', ['near', 'far'], { description: 'Ways.' });
  image = option.text('--image', {
    description: 'Image.',
    env: 'FAKE_IMAGE',
    default: 'busybox',
    mayBeEmpty: true,
  });
  note = option.text('--note', { description: 'Nobody sees it.', hidden: true });
  secret = option.flag('--secret', { description: 'Nobody sees it.', hidden: true });

  override async run(): Promise<Outcome> {
    const { first, second, mode, watch, clean, size, wait, label, kinds, ways, image } = this;
    return {
      data: { first, second, mode, watch, clean, size, wait, label, kinds, ways, image },
      text: 'echoed',
    };
  }
}

/** `work`: does what the test says. */
export function workCommand(run: (context: CommandContext) => Promise<Outcome | undefined>): CommandClass {
  return class WorkCommand extends LocalCommand {
    static override paths = [['work'], ['w']];
    static override usage = BaseCommand.Usage({ description: 'Work.', category: 'Task commands' });
    override output = outputOption('json', 'yaml', 'wide', 'name', 'table');
    override timeout = option.duration('--timeout', { description: 'Time limit.' });
    override run(context: CommandContext) {
      return run(context);
    }
  };
}

/** `get pods`: asks a cluster. */
export function podsCommand(
  run: (context: KubeCommandContext) => Promise<Outcome | undefined>,
): CommandClass {
  return class PodsCommand extends KubeCommand {
    static override paths = [['get', 'pods']];
    static override usage = BaseCommand.Usage({ description: 'Get pods.' });
    names = argument.rest('NAME', { complete: resourceNames(pods) });
    to = option.text('--to', { description: 'Where to.', complete: objectPaths(pods) });
    from = option.text('--from', { description: 'Where from.', complete: contextNames });
    override run(context: KubeCommandContext) {
      return run(context);
    }
  };
}

/** Two rows with a column that is wide only. */
export const fruits = table(
  [
    { name: 'apple', price: 3, origin: '' },
    { name: 'fig', price: 12, origin: 'Crete' },
  ],
  [
    { header: 'NAME', value: ({ name }) => name },
    { header: 'PRICE', value: ({ price }) => String(price) },
    { header: 'ORIGIN', value: ({ origin }) => origin, wide: true },
  ],
  'No fruits found.',
);

const noClusters: KubeAccess = {
  connect: () => Promise.reject(new Error('this test has no cluster')),
  contexts: () => Promise.reject(new Error('this test has no kubeconfig')),
  contextsOfServer: () => Promise.reject(new Error('this test has no kubeconfig')),
};

export interface FakeRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one command line as the process would. */
export async function runFake(
  argv: readonly string[],
  commands: readonly CommandClass[] = [EchoCommand],
  changes: Partial<PluginContext> & { columns?: number } = {},
): Promise<FakeRun> {
  const [stdout, stderr] = [new FakeTerminal({ columns: changes.columns ?? 80 }), new FakeTerminal()];
  const exitCode = await runCommandLine(argv, commands, {
    plugin: { name: 'fake', summary: 'A plugin for tests.', version: '1.2.3', commit: 'abc1234' },
    binaryName: 'kubectl fake',
    env: {},
    stdin: { isTTY: false } as NodeJS.ReadStream,
    stdout: stdout.stream,
    stderr: stderr.stream,
    colorDepth: 1,
    clock: systemClock,
    signal: new AbortController().signal,
    onAbandoned: () => {},
    kubeAccess: noClusters,
    ...changes,
  });
  return { exitCode, stdout: stdout.text, stderr: stderr.text };
}

/** What `-o json` printed. */
export async function echoed(...argv: string[]): Promise<Record<string, unknown>> {
  const { exitCode, stdout, stderr } = await runFake([...argv, '-o', 'json']);
  if (exitCode !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Record<string, unknown>;
}
