/**
 * The command line in every form that kubectl takes, put into the one form that clipanion takes:
 * `-nfoo`, `-n=foo`, `--watch=false`, values that begin with a dash, options anywhere.
 */
import { UsageError } from '../errors.ts';
import { nearest } from '../nearest.ts';
import { longName, type OptionDeclaration } from './declarations.ts';
import type { CommandDefinition } from './plugin-cli.ts';

/** An option as it was given. */
export interface GivenOption {
  /** As typed, for messages. */
  readonly typed: string;
  /** Undefined where no command of the plugin has it. */
  readonly option: OptionDeclaration | undefined;
  /** `true` or what was bound for a flag; undefined where the value is missing. */
  readonly value: string | undefined;
}

/** The command line taken apart, with nothing judged yet. */
export interface ScannedArguments {
  readonly words: readonly string[];
  readonly given: readonly GivenOption[];
  readonly help: boolean;
  /** A `--` was there: what follows are words, whatever they look like. */
  readonly terminated: boolean;
}

/** A command line that names a command with its own options and the right number of arguments. */
export interface ParsedArguments {
  readonly command: CommandDefinition;
  /** What clipanion is given. */
  readonly canonical: string[];
}

/** Takes the command line apart by what the commands declare; an option means the same in all of them. */
export function scanArguments(
  argv: readonly string[],
  commands: readonly CommandDefinition[],
): ScannedArguments {
  const table = new Map<string, OptionDeclaration>();
  for (const { options } of commands)
    for (const option of options) for (const name of option.names) table.set(name, option);
  const words: string[] = [];
  const given: GivenOption[] = [];
  const queue = [...argv];
  let help = false;
  for (let token = queue.shift(); token !== undefined; token = queue.shift()) {
    if (token === '--') return { words: [...words, ...queue], given, help, terminated: true };
    if (token === '-h' || token === '--help') help = true;
    else if (token === '-' || !token.startsWith('-')) words.push(token);
    else if (token.startsWith('--')) given.push(scanLong(token, queue, table));
    else given.push(...scanShort(token, queue, table));
  }
  return { words, given, help: help || given.some(({ typed }) => typed === '-h'), terminated: false };
}

type OptionTable = ReadonlyMap<string, OptionDeclaration>;

function scanLong(token: string, queue: string[], table: OptionTable): GivenOption {
  const at = token.indexOf('=');
  const [typed, bound] = at < 0 ? [token, undefined] : [token.slice(0, at), token.slice(at + 1)];
  const option = table.get(typed);
  if (option) return { typed, option, value: bound ?? (option.value ? queue.shift() : 'true') };
  const negated = table.get(typed.replace(/^--no-/, '--'));
  if (negated && negated.value === undefined && bound === undefined)
    return { typed, option: negated, value: 'false' };
  return { typed, option: undefined, value: bound };
}

/** A cluster such as `-vnfoo`: flags, and the first option with a value takes the rest. */
function scanShort(token: string, queue: string[], table: OptionTable): GivenOption[] {
  const given: GivenOption[] = [];
  for (let at = 1; at < token.length; at += 1) {
    const typed = `-${token[at]}`;
    const option = table.get(typed);
    const rest = token.slice(at + 1);
    const bound = rest.startsWith('=') ? rest.slice(1) : undefined;
    if (option?.value !== undefined) {
      const value = bound ?? (rest === '' ? queue.shift() : rest);
      return [...given, { typed, option, value }];
    }
    given.push({ typed, option, value: bound ?? 'true' });
    if (bound !== undefined) break;
  }
  return given;
}

/** The command whose name is the longest beginning of the words; the default command where none is. */
export function commandFor(
  words: readonly string[],
  commands: readonly CommandDefinition[],
): { command: CommandDefinition; path: readonly string[] } | undefined {
  return commands
    .flatMap((command) => command.paths.map((path) => ({ command, path })))
    .filter(({ path }) => path.every((word, index) => words[index] === word))
    .sort((a, b) => b.path.length - a.path.length)[0];
}

/** Judges what was scanned; a UsageError says what is wrong and what was probably meant. */
export function parseArguments(
  scanned: ScannedArguments,
  commands: readonly CommandDefinition[],
  binaryName: string,
): ParsedArguments {
  const found = commandFor(scanned.words, commands);
  if (!found) throw unknownCommand(scanned.words[0] ?? '', commands, binaryName);
  const { command, path } = found;
  const commandLine = [binaryName, ...path].join(' ');
  const options = scanned.given.map((given) => canonicalOption(given, command, commandLine));
  const positionals = scanned.words.slice(path.length);
  checkCount(positionals, command, commandLine, () =>
    unknownCommand(positionals[0] ?? '', commands, binaryName),
  );
  return { command, canonical: [...path, ...options, '--', ...positionals] };
}

function canonicalOption(
  { typed, option, value }: GivenOption,
  command: CommandDefinition,
  commandLine: string,
): string {
  if (!option || (!command.options.includes(option) && !sameOption(option, command))) {
    const names = command.options.filter(({ hidden }) => !hidden).flatMap((known) => known.names);
    const meant = nearest(typed, names);
    throw new UsageError(`unknown flag ${typed}`, {
      hint: meant ? `did you mean ${meant}?` : `see ${commandLine} --help`,
    });
  }
  if (value === undefined)
    throw new UsageError(`${typed} needs a value`, { hint: `write ${typed} ${option.value ?? 'VALUE'}` });
  return `${longName(option)}=${value}`;
}

/** Every command has declarations of its own for the options that all share. */
function sameOption(option: OptionDeclaration, { options }: CommandDefinition): boolean {
  return options.some((own) => longName(own) === longName(option));
}

function checkCount(
  words: readonly string[],
  { positionals }: CommandDefinition,
  commandLine: string,
  unknown: () => UsageError,
): void {
  const hint = `see ${commandLine} --help`;
  const missing = positionals.filter(({ required }) => required).slice(words.length);
  if (missing.length > 0)
    throw new UsageError(`${missing.map(({ name }) => name).join(' and ')} missing`, { hint });
  if (positionals.some(({ rest }) => rest) || words.length <= positionals.length) return;
  if (positionals.length === 0 && words.length > 0) throw unknown();
  const extra = words.slice(positionals.length).map((word) => JSON.stringify(word));
  throw new UsageError(
    `${extra.join(', ')} given, but ${commandLine} takes ${positionals.map(({ name }) => name).join(' ')} only`,
    { hint },
  );
}

/** The error for a word that is no command of the plugin. */
export function unknownCommand(
  word: string,
  commands: readonly CommandDefinition[],
  binaryName: string,
): UsageError {
  const names = commands
    .filter(({ hidden }) => !hidden)
    .flatMap(({ paths }) => paths.map((path) => path.join(' ')));
  const meant = nearest(
    word,
    names.filter((name) => name !== ''),
  );
  return new UsageError(`unknown command ${JSON.stringify(word)} for ${binaryName}`, {
    hint: meant ? `did you mean ${binaryName} ${meant}?` : `see ${binaryName} --help`,
  });
}
