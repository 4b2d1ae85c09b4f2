/**
 * fpart's options, for who has them in a chart or a script: each says in this plugin's words what it means. No fpart is
 * run, since the mover cuts the tree itself. Pure.
 */
import { UsageError } from '../../../../src/errors.ts';

/** What they come to, in flags of a copy. */
export interface FpartMeaning {
  readonly partitions?: string;
  readonly partitionFiles?: number;
  readonly partitionSize?: string;
  readonly exclude: readonly string[];
}

interface FpartOption {
  readonly names: readonly string[];
  /** What its value has to be; it takes none where absent. */
  readonly value?: RegExp;
  readonly meaning: (value: string) => Partial<FpartMeaning>;
}

const number = /^[1-9]\d{0,14}$/;

const known: readonly FpartOption[] = [
  { names: ['-n', '--parts'], value: number, meaning: (partitions) => ({ partitions }) },
  { names: ['-f', '--files'], value: number, meaning: (count) => ({ partitionFiles: Number(count) }) },
  {
    names: ['-s', '--size'],
    value: /^[1-9]\d*[KMG]?$/i,
    meaning: (size) => ({ partitionSize: quantityOf(size) }),
  },
  { names: ['-x'], value: /^[^/]+$/, meaning: (pattern) => ({ exclude: [pattern] }) },
  // Empty folders, and those that can't be read, come with the closing pass; partitions are made as the tree is read.
  { names: ['-z', '-zz', '-zzz', '-Z', '-L', '--live'], meaning: () => ({}) },
];

/** fpart's K, M and G are powers of 1024. */
const quantityOf = (size: string): string =>
  size.replace(/[KMG]$/i, (unit) => `${unit === 'k' ? 'K' : unit.toUpperCase()}i`);

const reasons: readonly (readonly [RegExp, string])[] = [
  [/^-[wW]$/, 'it starts programs'],
  [/^(-o|--output)$/, 'it writes files beside the copy'],
  [/^(-l|-b|--follow)$/, 'it leaves the tree: links are copied as they are, and volumes are whole'],
  [/^-[yY]$/, '--include has exceptions from --exclude'],
  [/^-X$/, 'patterns keep the case of letters here: --exclude'],
];

/** @throws UsageError names an option that is not taken, and why. */
export function fpartMeaning(args: readonly string[]): FpartMeaning {
  const meanings = args.map(meaningOf);
  const exclude = meanings.flatMap((one) => one.exclude ?? []);
  return { ...Object.assign({}, ...meanings), exclude };
}

function meaningOf(arg: string): Partial<FpartMeaning> {
  const [, name = arg, value] = /^(-z{1,3}|-[a-zA-Z]|--[a-z-]+)(?:[= ]?(.+))?$/s.exec(arg) ?? [];
  const option = known.find(({ names }) => names.includes(name));
  if (!option) {
    const why = reasons.find(([names]) => names.test(name))?.[1] ?? 'the mover cuts the tree in its own way';
    throw new UsageError(`--fpart-arg ${JSON.stringify(arg)} is not taken: ${why}`, { hint });
  }
  const fits = option.value ? value !== undefined && option.value.test(value) : value === undefined;
  if (!fits)
    throw new UsageError(`--fpart-arg ${JSON.stringify(arg)}: the value of ${name} is not one of it`, {
      hint,
    });
  return option.meaning(value ?? '');
}

const hint =
  'taken are -n NUMBER, -f NUMBER, -s SIZE, -x PATTERN, -z, -zz, -Z and -L, each in one argument: --fpart-arg="-f 2000"';
