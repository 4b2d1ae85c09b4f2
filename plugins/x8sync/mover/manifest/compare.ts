/** Compares two manifests as they come, entry by entry; holds neither of them. */
import { type Entry, orderOf, readablePath } from './entry.ts';

/** What of an entry differs. */
export type Aspect =
  | 'missing'
  | 'extraneous'
  | 'kind'
  | 'content'
  | 'size'
  | 'link target'
  | 'device'
  | 'mode'
  | 'owner'
  | 'time'
  | 'hard link'
  | 'ACL'
  | 'attribute'
  /** One of the sides could not read it, so nothing can be said. */
  | 'unread';

export interface Difference {
  /** As people read it. */
  readonly path: string;
  readonly aspects: readonly Aspect[];
  /** In words: what the source has and what the target has. */
  readonly detail: string;
}

/** How the target is meant to be another one than the source. */
export interface Expectation {
  /** All belongs to this user and group. */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
  /** What only the target has is no difference. */
  readonly mayHaveMore: boolean;
}

export interface Comparison {
  /** Entries of the source, all of them compared. */
  readonly entries: number;
  readonly files: number;
  /** Bytes of the source's files, each name's counted. */
  readonly bytes: number;
  /** Entries that differ, of the source's and, where they may not be there, of the target's own. */
  readonly different: number;
  /** Entries that only the target has. */
  readonly extraneous: number;
  /** How many entries differ in what. */
  readonly aspects: Readonly<Partial<Record<Aspect, number>>>;
  /** The first differences. */
  readonly differences: readonly Difference[];
}

type Manifest = AsyncIterable<readonly Entry[]>;

/** Compares them to the end. @throws what reading one of them throws. */
export async function compareManifests(
  source: Manifest,
  target: Manifest,
  expectation: Expectation,
  most: number,
): Promise<Comparison> {
  const sum = new Sum(expectation, most);
  const [from, to] = [new Cursor(source), new Cursor(target)];
  await Promise.all([from.next(), to.next()]);
  while (from.entry || to.entry) {
    const order = compareOrder(from.entry, to.entry);
    if (order < 0 && from.entry) sum.onlySource(from.entry);
    else if (order > 0 && to.entry) sum.onlyTarget(to.entry);
    else if (from.entry && to.entry) sum.both(from.entry, to.entry);
    // Most entries are there already, and a promise for each costs as much as reading a small file.
    if (order <= 0 && !from.step()) await from.next();
    if (order >= 0 && !to.step()) await to.next();
  }
  return sum.comparison;
}

function compareOrder(one: Entry | undefined, other: Entry | undefined): number {
  if (!one || !other) return one ? -1 : 1;
  if (one.path === other.path) return 0;
  return orderOf(one.path) < orderOf(other.path) ? -1 : 1;
}

/** Goes through batches entry by entry. */
class Cursor {
  entry: Entry | undefined;
  readonly #batches: AsyncIterator<readonly Entry[]>;
  #batch: readonly Entry[] = [];
  #index = -1;

  constructor(manifest: Manifest) {
    this.#batches = manifest[Symbol.asyncIterator]();
  }

  /** Whether the next one was there already. */
  step(): boolean {
    this.#index += 1;
    this.entry = this.#batch[this.#index];
    return this.entry !== undefined;
  }

  async next(): Promise<void> {
    for (;;) {
      const { done, value } = await this.#batches.next();
      [this.#batch, this.#index] = [done ? [] : value, -1];
      if (this.step() || done) return;
    }
  }
}

class Sum {
  readonly #expectation: Expectation;
  readonly #most: number;
  readonly #aspects: Partial<Record<Aspect, number>> = {};
  readonly #differences: Difference[] = [];
  #entries = 0;
  #files = 0;
  #bytes = 0;
  #different = 0;
  #extraneous = 0;

  constructor(expectation: Expectation, most: number) {
    this.#expectation = expectation;
    this.#most = most;
  }

  onlySource(entry: Entry): void {
    this.#count(entry);
    if (entry.unread !== undefined)
      this.#note(entry, ['unread'], `the source can't read it: ${entry.unread}`);
    else this.#note(entry, ['missing'], 'the target does not have it');
  }

  onlyTarget(entry: Entry): void {
    this.#extraneous += 1;
    if (!this.#expectation.mayHaveMore) this.#note(entry, ['extraneous'], 'the source does not have it');
  }

  both(source: Entry, target: Entry): void {
    this.#count(source);
    const found = differencesOf(source, target, this.#expectation);
    if (found.length === 0) return;
    this.#note(
      source,
      [...new Set(found.map(([aspect]) => aspect))],
      found.map(([, text]) => text).join('; '),
    );
  }

  #count({ kind, size }: Entry): void {
    this.#entries += 1;
    if (kind === 'file') this.#files += 1;
    this.#bytes += size;
  }

  #note({ path }: Entry, aspects: readonly Aspect[], detail: string): void {
    this.#different += 1;
    for (const aspect of aspects) this.#aspects[aspect] = (this.#aspects[aspect] ?? 0) + 1;
    if (this.#differences.length < this.#most)
      this.#differences.push({ path: readablePath(path), aspects, detail });
  }

  get comparison(): Comparison {
    return {
      entries: this.#entries,
      files: this.#files,
      bytes: this.#bytes,
      different: this.#different,
      extraneous: this.#extraneous,
      aspects: this.#aspects,
      differences: this.#differences,
    };
  }
}

type Found = readonly [aspect: Aspect, text: string];

/** What differs between an entry of the source and the target's of the same path. */
export function differencesOf(source: Entry, target: Entry, { owner }: Expectation): Found[] {
  if (isSame(source, target, owner)) return [];
  for (const [side, { unread }] of [
    ['source', source],
    ['target', target],
  ] as const)
    if (unread !== undefined) return [['unread', `the ${side} can't read it: ${unread}`]];
  if (source.kind !== target.kind) return [['kind', versus(source.kind, target.kind)]];
  return [
    ...contentOf(source, target),
    // A symbolic link has no mode of its own on Linux.
    ...(source.kind === 'symlink' ? [] : fieldOf('mode', octal(source.mode), octal(target.mode))),
    ...fieldOf('owner', ownerOf(owner ?? source), ownerOf(target)),
    ...fieldOf('time', timeOf(source), timeOf(target)),
    ...fieldOf('hard link', nameOf(source), nameOf(target)),
    ...attributesOf(source, target),
  ];
}

/** Nearly all entries of a good copy, so no text is made for them. */
function isSame(source: Entry, target: Entry, owner: Expectation['owner']): boolean {
  const { uid, gid } = owner ?? source;
  return (
    source.kind === target.kind &&
    source.content === target.content &&
    source.size === target.size &&
    source.time === target.time &&
    (source.mode === target.mode || source.kind === 'symlink') &&
    uid === target.uid &&
    gid === target.gid &&
    source.firstName === target.firstName &&
    [source, target].every(({ attributes, unread }) => attributes === undefined && unread === undefined)
  );
}

function contentOf(source: Entry, target: Entry): Found[] {
  if (source.content === target.content && source.size === target.size) return [];
  if (source.size !== target.size) return [['size', `size ${versus(`${source.size}`, `${target.size}`)}`]];
  switch (source.kind) {
    case 'file':
      return [['content', 'content differs']];
    case 'symlink':
      return fieldOf('link target', readablePath(source.content), readablePath(target.content));
    default:
      return fieldOf('device', source.content, target.content);
  }
}

function attributesOf({ attributes: source = [] }: Entry, { attributes: target = [] }: Entry): Found[] {
  const names = new Set([...source, ...target].map((text) => text.slice(0, text.indexOf('='))));
  return [...names].flatMap((name): Found[] => {
    const of = (all: readonly string[]) => all.find((text) => text.startsWith(`${name}=`));
    const [one, other] = [of(source), of(target)];
    if (one === other) return [];
    const aspect = name.startsWith('system.posix_acl_') ? 'ACL' : 'attribute';
    const how = one === undefined ? 'only the target has it' : other === undefined ? 'missing' : 'differs';
    return [[aspect, `${aspect} ${readablePath(name)}: ${how}`]];
  });
}

const fieldOf = (aspect: Aspect, source: string, target: string): Found[] =>
  source === target ? [] : [[aspect, `${aspect} ${versus(source, target)}`]];

const versus = (source: string, target: string): string => `${source} → ${target}`;
const octal = (mode: number): string => mode.toString(8).padStart(4, '0');
const ownerOf = ({ uid, gid }: { readonly uid: number; readonly gid: number }): string => `${uid}:${gid}`;

const nameOf = ({ firstName }: Entry): string =>
  firstName === undefined ? 'a file of its own' : `the file of ${readablePath(firstName)}`;

const billion = 1_000_000_000n;

/** Seconds since 1970, with nine digits behind the point. */
function timeOf({ time }: Entry): string {
  const all = BigInt(time);
  const nanoseconds = ((all % billion) + billion) % billion;
  return `${(all - nanoseconds) / billion}.${String(nanoseconds).padStart(9, '0')}`;
}
