/** Which command a command line means, whether it may be so, and the one form that clipanion takes. */
import { nearest } from '../closest.ts';
import { UsageError } from '../errors.ts';
import { longName, type OptionDeclaration } from './declarations.ts';
import type { CommandDefinition } from './plugin-cli.ts';
import type { GivenOption, ScannedArguments } from './scan-arguments.ts';

/** A command, and the words that called it. */
export interface FoundCommand {
  readonly command: CommandDefinition;
  readonly path: readonly string[];
}

/** A command line that names a command with its own options and the right number of arguments. */
export interface ParsedArguments {
  readonly command: CommandDefinition;
  /** What clipanion is given: name, `--option=value`s, `--`, arguments. */
  readonly canonical: string[];
}

/** The command whose name is the longest beginning of the words; the default command where none is. */
export function commandFor(
  words: readonly string[],
  commands: readonly CommandDefinition[],
): FoundCommand | undefined {
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
  checkCount(positionals, found, commands, binaryName);
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
  { command, path }: FoundCommand,
  commands: readonly CommandDefinition[],
  binaryName: string,
): void {
  const commandLine = [binaryName, ...path].join(' ');
  const hint = `see ${commandLine} --help`;
  const { positionals } = command;
  // A lone word in place of a command's name was probably meant as one, and the first of too many.
  const [first] = words;
  const isOff = words.length === 1 || words.length > positionals.length;
  const meant = path.length === 0 && isOff && first ? nearest(first, namesOf(commands)) : undefined;
  const missing = positionals.filter(({ required }) => required).slice(words.length);
  // Several that may all be absent are given together: one of them alone is none.
  if (meant && words.length === 1 && positionals.length > 1 && missing.length === 0)
    throw unknownCommand(first ?? '', commands, binaryName);
  if (missing.length > 0)
    throw new UsageError(`${missing.map(({ name }) => name).join(' and ')} missing`, {
      hint: meant ? `did you mean ${binaryName} ${meant}?` : hint,
    });
  if (positionals.some(({ rest }) => rest) || words.length <= positionals.length) return;
  if (positionals.length === 0 && path.length === 0) throw unknownCommand(first ?? '', commands, binaryName);
  const extra = words.slice(positionals.length).map((word) => JSON.stringify(word));
  const taken =
    positionals.length === 0 ? 'no arguments' : `${positionals.map(({ name }) => name).join(' ')} only`;
  throw new UsageError(`${extra.join(', ')} given, but ${commandLine} takes ${taken}`, {
    hint: meant ? `did you mean ${binaryName} ${meant}?` : hint,
  });
}

function namesOf(commands: readonly CommandDefinition[]): string[] {
  return commands
    .filter(({ hidden }) => !hidden)
    .flatMap(({ paths }) => paths.map((path) => path.join(' ')))
    .filter((name) => name !== '');
}

/** The error for a word that is no command of the plugin. */
export function unknownCommand(
  word: string,
  commands: readonly CommandDefinition[],
  binaryName: string,
): UsageError {
  const meant = nearest(word, namesOf(commands));
  return new UsageError(`unknown command ${JSON.stringify(word)} for ${binaryName}`, {
    hint: meant ? `did you mean ${binaryName} ${meant}?` : `see ${binaryName} --help`,
  });
}
