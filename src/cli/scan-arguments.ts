/**
 * The command line in every form that kubectl takes, taken apart: `-nfoo`, `-n=foo`, `--watch=false`, values
 * that begin with a dash, options anywhere.
 */
import type { OptionDeclaration } from './declarations.ts';
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
