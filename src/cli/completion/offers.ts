/** What may stand where the cursor is: commands, flags, values of options, arguments. */
import type { KubeClient } from '../../kube/api/client.ts';
import type { PluginContext } from '../context.ts';
import { type Candidate, type Completer, longName, type OptionDeclaration } from '../declarations.ts';
import { commandFor } from '../parse-arguments.ts';
import type { CommandDefinition } from '../plugin-cli.ts';
import type { CompletionRequest } from '../request.ts';
import { type ScannedArguments, scanArguments } from '../scan-arguments.ts';

export interface CompletionPoint {
  /** The command line before the word, without the program's name. */
  readonly before: readonly string[];
  readonly word: string;
  readonly commands: readonly CommandDefinition[];
  readonly context: PluginContext;
  readonly signal: AbortSignal;
}

/** Candidates, not yet filtered by what was typed. */
export async function offersFor(point: CompletionPoint): Promise<readonly Candidate[]> {
  const { before, word, commands } = point;
  const scanned = scanArguments(before, commands);
  const found = commandFor(scanned.words, commands);
  const last = scanned.given.at(-1);
  if (last?.option && last.value === undefined)
    return valuesOf(declarationIn(found?.command, last.option), word, scanned, point);
  if (word.startsWith('-') && !scanned.terminated) return flagsOrValues(found?.command, scanned, point);
  const words = scanned.words.slice(found?.path.length ?? 0);
  const { positionals = [] } = found?.command ?? {};
  const positional = positionals[words.length] ?? positionals.find(({ rest }) => rest);
  const own = positional?.complete ? await ask(positional.complete, word, scanned, point) : [];
  return [...subcommands(scanned.words, commands), ...own];
}

/** The command's own declaration of an option that others have too: `-o` takes other formats in each. */
function declarationIn(command: CommandDefinition | undefined, option: OptionDeclaration): OptionDeclaration {
  return command?.options.find((own) => longName(own) === longName(option)) ?? option;
}

/** Next words of commands that begin with the words typed so far. */
function subcommands(words: readonly string[], commands: readonly CommandDefinition[]): Candidate[] {
  const next = commands
    .filter(({ hidden }) => !hidden)
    .flatMap(({ paths, summary }) =>
      paths
        .filter((path) => path.length > words.length && words.every((word, index) => path[index] === word))
        .map((path) => ({ value: path[words.length] ?? '', description: summary })),
    );
  // Two commands may begin with the same word, as `completion` and `completion install`.
  return next.filter(({ value }, index) => next.findIndex((other) => other.value === value) === index);
}

/** `--mo` → flags; `--mode=` → its values. */
async function flagsOrValues(
  command: CommandDefinition | undefined,
  scanned: ScannedArguments,
  point: CompletionPoint,
): Promise<readonly Candidate[]> {
  const [, typed, value] = /^(--?[^=]+)=(.*)$/s.exec(point.word) ?? [];
  if (typed === undefined || value === undefined) return flags(command, scanned);
  const option = command?.options.find(({ names }) => names.includes(typed));
  if (!option) return [];
  const values = await valuesOf(option, value, scanned, point);
  return values.map((candidate) => ({ ...candidate, value: `${typed}=${candidate.value}` }));
}

/** Flags that are not there yet, or may be repeated. */
function flags(command: CommandDefinition | undefined, { given }: ScannedArguments): Candidate[] {
  const used = new Set(given.map(({ option }) => option && longName(option)));
  return (command?.options ?? [])
    .filter((option) => !option.hidden && (option.repeatable || !used.has(longName(option))))
    .map((option) => ({ value: longName(option), description: option.description }));
}

async function valuesOf(
  option: OptionDeclaration,
  typed: string,
  scanned: ScannedArguments,
  point: CompletionPoint,
): Promise<readonly Candidate[]> {
  if (option.choices) return option.choices.map((value) => ({ value }));
  if (option.value === undefined) return [{ value: 'true' }, { value: 'false' }];
  return option.complete ? ask(option.complete, typed, scanned, point) : [];
}

async function ask(
  completer: Completer,
  word: string,
  scanned: ScannedArguments,
  { commands, context, signal }: CompletionPoint,
): Promise<readonly Candidate[]> {
  const clients: Promise<KubeClient>[] = [];
  const optionValue = (name: string) =>
    scanned.given.findLast(({ option }) => option?.names.includes(name))?.value;
  const request: CompletionRequest = {
    word,
    words: scanned.words.slice(commandFor(scanned.words, commands)?.path.length ?? 0),
    signal,
    optionValue,
    kube: (name) => {
      const client = context.kubeAccess.connect(clusterFlags(optionValue, name), () => {});
      clients.push(client);
      return client;
    },
    contexts: () => context.kubeAccess.contexts(optionValue('--kubeconfig')),
  };
  try {
    return await completer(request);
  } finally {
    await Promise.allSettled(clients.map(async (client) => (await client).close()));
  }
}

/** The flags as typed so far; a request may take as long as the whole answer. */
function clusterFlags(optionValue: CompletionRequest['optionValue'], context: string | undefined) {
  const asGroup = optionValue('--as-group');
  return {
    kubeconfig: optionValue('--kubeconfig'),
    context: context ?? optionValue('--context'),
    cluster: optionValue('--cluster'),
    user: optionValue('--user'),
    server: optionValue('--server'),
    as: optionValue('--as'),
    asGroups: asGroup === undefined ? undefined : [asGroup],
    token: optionValue('--token'),
    requestTimeoutMs: 2000,
  };
}
