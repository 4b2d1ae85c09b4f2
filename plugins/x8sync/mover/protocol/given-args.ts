/**
 * Options of rsync that a person may add: one table of what is taken, and one of what has a flag of its own or is refused
 * for a reason. Both ends read it, so that a pod which somebody else has written runs nothing that is not in it. Pure.
 */

interface Allowed {
  /** What its value has to be; it takes none where absent. */
  readonly value?: RegExp;
  readonly what: string;
}

/** None of them changes what a copy comes to, only how it gets there. */
export const allowedArgs: Readonly<Record<string, Allowed>> = {
  '--whole-file': { what: 'send files that differ whole, without looking for what they have in common' },
  '--no-whole-file': { what: 'look for that also where both claims are mounted by one pod' },
  '--block-size': { value: /^\d{3,6}$/, what: 'bytes of the blocks in which that is looked for' },
  '--checksum-choice': {
    value: /^(auto|md5|xxh64|xxh3|xxh128)$/,
    what: 'the checksum by which rsync compares files and blocks',
  },
  '--compress-level': { value: /^\d{1,2}$/, what: 'how hard --compress zstd tries' },
  '--fsync': { what: 'write each file to disk before the next one' },
  '--max-alloc': { value: /^\d+[KMG]$/, what: 'the most memory that rsync takes at once' },
  '--inc-recursive': { what: 'the list of files comes in pieces, also from afar' },
  '--no-inc-recursive': { what: 'the list of files comes as a whole, which takes memory' },
};

const shortNames: Readonly<Record<string, string>> = { '-W': '--whole-file', '-B': '--block-size' };

/** Every copy has these by itself: that they are given changes nothing. */
const hasAnyway = new Set(
  '--archive -a --recursive -r --links -l --perms -p --times -t --owner -o --group -g --devices --specials -D --hard-links -H --acls -A --xattrs -X --sparse -S --numeric-ids --partial'.split(
    ' ',
  ),
);

/** What a person should give instead, by the name of rsync's option. */
const ownFlags: Readonly<Record<string, string>> = {
  '--checksum': '--checksum',
  '-c': '--checksum',
  '--delete': '--delete',
  '--del': '--delete',
  '--exclude': '--exclude',
  '--include': '--include',
  '--exclude-from': '--exclude-from',
  '--filter': '--exclude and --include',
  '-f': '--exclude and --include',
  '--chown': '--chown',
  '--bwlimit': '--bwlimit',
  '--compress': '--compress zstd',
  '-z': '--compress zstd',
  '--compress-choice': '--compress',
  '--zc': '--compress',
  '--dry-run': '--dry-run',
  '-n': '--dry-run',
};

const reasons: readonly (readonly [RegExp, string])[] = [
  [
    /^(-e|--rsh|--rsync-path|-M|--remote-option|--config|--daemon|--early-input)$/,
    'it starts a program, or sets one up',
  ],
  [
    /^(--del.*|--max-delete|--remove-source-files|--force|--ignore-errors|--backup|-b)$/,
    'it deletes, or moves away',
  ],
  [
    /^(-[LkK]|--copy-.*links|--keep-dirlinks|--safe-links|--munge-links|--insecure-links|--temp-dir|-T|--partial-dir|--backup-dir|--(link|copy|compare)-dest|--files-from|--(in|ex)clude-from|--write-batch|--only-write-batch|--read-batch|--log-file.*|--password-file)$/,
    'it leads out of the tree that is copied, or reads or writes files beside it',
  ],
  [
    /^(-[vqihP]|--verbose|--quiet|--info|--debug|--progress|--stats|--out-format|--log-format|--itemize-changes|--human-readable|--no-.*human.*|--8-bit-output|--list-only|--protocol|--version|--help|--server|--sender|--msgs2stderr|--stderr)$/,
    'it changes what the mover and this plugin tell each other',
  ],
  [
    /^(-[uIx]|--update|--ignore-(existing|times)|--existing|--size-only|--modify-window|--(max|min)-size|--one-file-system|--stop-.*|--time-limit|--inplace|--append.*|--no-.*|--(fake-)?super|--chmod|--omit-.*|-[OJ]|--usermap|--groupmap|--copy-as)$/,
    'files would differ from the source, or stay as they are, and the copy be called whole',
  ],
];

/** Why an argument is not taken; undefined where it is. */
export function argProblem(arg: string): string | undefined {
  const { name, value } = parsed(arg);
  if (hasAnyway.has(name)) return undefined;
  const allowed = Object.hasOwn(allowedArgs, name) ? allowedArgs[name] : undefined;
  if (allowed) return valueProblem(allowed, value);
  const flag = Object.hasOwn(ownFlags, name) ? ownFlags[name] : undefined;
  if (flag !== undefined) return `x8sync has ${flag} for that`;
  return reasons.find(([names]) => names.test(name))?.[1] ?? 'it is none of those that are known to be safe';
}

function valueProblem({ value: form }: Allowed, value: string | undefined): string | undefined {
  if (!form) return value === undefined ? undefined : 'it takes no value';
  if (value === undefined) return 'its value is missing: give NAME=VALUE';
  return form.test(value) ? undefined : `its value is not one that is taken`;
}

/** The arguments that rsync is given of these; what every copy has anyway is left out. @throws Error where one is not taken. */
export function givenArgs(args: readonly string[]): string[] {
  return args.flatMap((arg) => {
    const problem = argProblem(arg);
    if (problem !== undefined) throw new Error(`rsync is not given ${arg}: ${problem}`);
    const { name, value } = parsed(arg);
    if (hasAnyway.has(name)) return [];
    return [value === undefined ? name : `${name}=${value}`];
  });
}

/** `--name=value`, `--name value`, or the short form of a name. */
function parsed(arg: string): { readonly name: string; readonly value: string | undefined } {
  const [, name = '', value] = /^(-[A-Za-z](?![A-Za-z])|--[\w-]+)(?:[= ](.*))?$/s.exec(arg) ?? [];
  return { name: shortNames[name] ?? (name || arg), value };
}
