/**
 * How a command declares its options and arguments: fields of the class, e.g.
 * `mode = option.choice('--mode', ['safe', 'fast'], { description: 'How careful to be.' })`.
 */
import { Option } from 'clipanion';
import { parseDuration } from '../duration.ts';
import { UsageError } from '../errors.ts';
import { own } from '../json.ts';
import type { Completer, OptionDeclaration, PositionalDeclaration } from './declarations.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface OptionSpec {
  readonly description: string;
  /** Heading in help; `Options` where absent. */
  readonly group?: string;
  readonly hidden?: boolean;
}

export interface ValueSpec extends OptionSpec {
  /** What stands for the value in help, in capitals; `VALUE` where absent. */
  readonly value?: string;
  /** Environment variable that is taken where the option is not given. */
  readonly env?: string;
  readonly complete?: Completer;
}

export interface TextSpec extends ValueSpec {
  /** `--context ""` is as good as none, as kubectl takes it. */
  readonly mayBeEmpty?: boolean;
}

interface FullSpec extends ValueSpec {
  readonly takesValue: boolean;
  readonly repeatable?: boolean;
  readonly choices?: readonly string[];
}

/** `-n,--namespace` given as `x` is `{ name: '--namespace', text: 'x' }`. */
interface Given {
  readonly name: string;
  readonly text: string;
}

/** Where {@link declarationOf} finds what was declared. */
const declared = Symbol('declaration');

/** The declaration behind a field of a command, before clipanion has put the value there. */
export function declarationOf(field: object): OptionDeclaration | PositionalDeclaration | undefined {
  return (field as { [declared]?: OptionDeclaration | PositionalDeclaration })[declared];
}

/** One that is on by itself is of use by its opposite only. */
function describedFlag(names: string, spec: OptionSpec & { readonly default?: boolean }): FullSpec {
  const opposite = `--no-${names.split(',').at(-1)?.replace(/^--/, '')}`;
  const more = spec.default ? ` On by default; ${opposite} turns it off.` : '';
  return { ...spec, description: `${spec.description}${more}`, takesValue: false };
}

function declareOption<T>(names: string, spec: FullSpec, read: (given: readonly Given[]) => T): T {
  const all = names.split(',');
  const declaration: OptionDeclaration = {
    names: all,
    value: spec.takesValue ? (spec.value ?? 'VALUE') : undefined,
    description: spec.env ? `${spec.description} Environment: ${spec.env}.` : spec.description,
    group: spec.group ?? 'Options',
    hidden: spec.hidden ?? false,
    repeatable: spec.repeatable ?? false,
    choices: spec.choices,
    complete: spec.complete,
  };
  const fromEnvironment = (env: Environment): Given[] => {
    const text = spec.env && env[spec.env];
    return spec.env && text ? [{ name: spec.env, text }] : [];
  };
  return Option.makeCommandOption<T>({
    definition: (builder) =>
      builder.addOption({ names: all, arity: spec.takesValue ? 1 : 0, description: spec.description }),
    transformer: (_builder, _key, state, { env }) => {
      const given = state.options
        .filter(({ name }) => all.includes(name))
        .map(({ name, value }) => ({ name, text: String(value) }));
      return read(given.length > 0 ? given : fromEnvironment(env));
    },
    [declared]: declaration,
  } as Parameters<typeof Option.makeCommandOption<T>>[0]);
}

function declarePositional<T>(
  name: string,
  { description, complete, required, rest }: PositionalSpec & { required: boolean; rest: boolean },
): T {
  const declaration: PositionalDeclaration = { name, description, required, rest, complete };
  const base = (rest ? Option.Rest({ name }) : Option.String({ name, required })) as unknown as Reading;
  const transformer: Reading['transformer'] = (...given) => {
    const value = base.transformer(...given);
    for (const text of [value ?? []].flat()) readText({ name, text });
    return value;
  };
  return { ...base, transformer, [declared]: declaration } as T;
}

/** What clipanion reads an argument by. */
interface Reading {
  readonly transformer: (...given: unknown[]) => string | string[] | undefined;
}

export interface PositionalSpec {
  readonly description?: string;
  readonly complete?: Completer;
}

const truths: Readonly<Record<string, boolean>> = {
  true: true,
  t: true,
  1: true,
  false: false,
  f: false,
  0: false,
};

function readFlag(given: readonly Given[], initial: boolean): boolean {
  const last = given.at(-1);
  if (!last) return initial;
  const value = own(truths, last.text.toLowerCase());
  if (value === undefined) throw invalid(last, 'is not true or false');
  return value;
}

function invalid({ name, text }: Given, why: string): UsageError {
  return new UsageError(`${name}: ${JSON.stringify(text)} ${why}`);
}

function readChoice<T extends string>(given: Given | undefined, choices: readonly T[]): T | undefined {
  if (!given) return undefined;
  const choice = choices.find((value) => value === given.text);
  if (choice === undefined) throw invalid(given, `is not one of ${choices.join(', ')}`);
  return choice;
}

function readInteger(given: Given | undefined, { min = 0, max = Number.MAX_SAFE_INTEGER }: Range) {
  if (!given) return undefined;
  const value = /^[+-]?\d+$/.test(given.text) ? Number(given.text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw invalid(given, 'is not a whole number');
  if (value < min) throw invalid(given, `is less than ${min}`);
  if (value > max) throw invalid(given, `is more than ${max}`);
  return value;
}

function readDuration(given: Given | undefined): number | undefined {
  if (!given) return undefined;
  const ms = parseDuration(given.text);
  if (ms === undefined) throw invalid(given, 'is not a duration such as 90s, 5m or 1h30m');
  return ms;
}

interface Range {
  readonly min?: number;
  readonly max?: number;
}

function text(names: string, spec: TextSpec & { readonly default: string }): string;
function text(names: string, spec: TextSpec): string | undefined;
function text(names: string, spec: TextSpec & { readonly default?: string }): string | undefined {
  const { mayBeEmpty = false } = spec;
  return declareOption(names, { ...spec, takesValue: true }, (given) => {
    const last = given.at(-1);
    if (!last) return spec.default;
    return mayBeEmpty ? last.text : readText(last);
  });
}

/** A value that is nothing comes of a variable that is not set, and would mean the default, which may be everything. */
function readText(given: Given): string {
  if (given.text.trim() === '') throw invalid(given, 'names nothing');
  return given.text;
}

function choice<const T extends string>(
  names: string,
  choices: readonly T[],
  spec: ValueSpec & { readonly default: NoInfer<T> },
): T;
function choice<const T extends string>(names: string, choices: readonly T[], spec: ValueSpec): T | undefined;
function choice<const T extends string>(
  names: string,
  choices: readonly T[],
  spec: ValueSpec & { readonly default?: T },
): T | undefined {
  return declareOption(
    names,
    { ...spec, takesValue: true, choices, value: spec.value ?? choices.join('|') },
    (given) => readChoice(given.at(-1), choices) ?? spec.default,
  );
}

/** Several of a few words: given several times, or at once with commas between. */
function choices<const T extends string>(names: string, all: readonly T[], spec: ValueSpec): T[] {
  return declareOption(
    names,
    { ...spec, takesValue: true, repeatable: true, choices: all, value: spec.value ?? all.join('|') },
    (given) =>
      given
        .flatMap(({ name, text }) => text.split(',').map((one) => ({ name, text: one })))
        .flatMap((one) => readChoice(one, all) ?? []),
  );
}

function integer(names: string, spec: ValueSpec & Range & { readonly default: number }): number;
function integer(names: string, spec: ValueSpec & Range): number | undefined;
function integer(names: string, spec: ValueSpec & Range & { readonly default?: number }): number | undefined {
  return declareOption(
    names,
    { ...spec, takesValue: true, value: spec.value ?? 'N' },
    (given) => readInteger(given.at(-1), spec) ?? spec.default,
  );
}

function duration(names: string, spec: ValueSpec & { readonly default: number }): number;
function duration(names: string, spec: ValueSpec): number | undefined;
function duration(names: string, spec: ValueSpec & { readonly default?: number }): number | undefined {
  return declareOption(
    names,
    { ...spec, takesValue: true, value: spec.value ?? 'DURATION' },
    (given) => readDuration(given.at(-1)) ?? spec.default,
  );
}

function readList(given: Given): string[] {
  const items = given.text.split(',').filter((one) => one !== '');
  if (items.length === 0) throw invalid(given, 'names nothing');
  return items;
}

/** Declares one field of a command. */
export const option = {
  /** `--force`, `--force=false`, `--no-force`. */
  flag: (names: string, spec: OptionSpec & { readonly default?: boolean }): boolean =>
    declareOption(names, describedFlag(names, spec), (given) => readFlag(given, spec.default ?? false)),
  /** As `flag`, but undefined where it is not given: for defaults that depend on something else. */
  maybeFlag: (names: string, spec: OptionSpec): boolean | undefined =>
    declareOption(names, { ...spec, takesValue: false }, (given) =>
      given.length === 0 ? undefined : readFlag(given, false),
    ),
  /** One text; the last one given counts. One that names nothing is refused, as in a `list`. */
  text,
  /** One of a few words. */
  choice,
  choices,
  /** A whole number, not negative unless `min` says so. */
  integer,
  /** Milliseconds; typed as Go's durations are (`90s`, `5m`, `1h30m`), a bare number means seconds. */
  duration,
  /**
   * May be given several times, and several at once with commas between, as kubectl's slices. A value that names nothing
   * is refused: it comes of a variable that is not set, and would mean the default, which may be everything.
   */
  list: (names: string, spec: ValueSpec): string[] =>
    declareOption(names, { ...spec, takesValue: true, repeatable: true }, (given) => given.flatMap(readList)),
  /** May be given several times; commas belong to the value. */
  repeated: (names: string, spec: ValueSpec): string[] =>
    declareOption(names, { ...spec, takesValue: true, repeatable: true }, (given) => given.map(readText)),
} as const;

/** Declares one argument, which is refused where it names nothing; the order of the fields is the order of the arguments. */
export const argument = {
  required: (name: string, spec: PositionalSpec = {}): string =>
    declarePositional(name, { ...spec, required: true, rest: false }),
  optional: (name: string, spec: PositionalSpec = {}): string | undefined =>
    declarePositional(name, { ...spec, required: false, rest: false }),
  /** All that follow; none is fine too. */
  rest: (name: string, spec: PositionalSpec = {}): string[] =>
    declarePositional(name, { ...spec, required: false, rest: true }),
} as const;
