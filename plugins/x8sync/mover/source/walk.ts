/** What the source's tree holds, by `find` and what reads its output: one line for each entry. */
import { readdirSync, statfsSync } from 'node:fs';
import { type Limits, LossCounter, type LossReport } from '../protocol/losses.ts';
import type { ExactUsage, RootSample, Sizes, Survey } from '../protocol/queries.ts';
import { tellsHoles } from '../ranges/extents.ts';
import { type HoleyFile, mostHoley, worthHoles } from '../ranges/holey.ts';
import { run, runLines } from '../system/programs.ts';
import { type CopiedTree, lostFoundName, passedOver } from '../volume/tree.ts';
import { findAttributes } from './attributes.ts';

/** Where find begins in a tree that is in use: what goes while it is looked at is no error. */
const liveTree = (tree: CopiedTree): string[] => [tree.root, '-ignore_readdir_race', ...passedOver(tree)];

/** Arguments of find for all that the mover copies, each printed so. */
const walk = (tree: CopiedTree, format: string): string[] => [...liveTree(tree), '-printf', format];

/** Arguments of find for the paths of all regular files that hold something, each ended by a NUL. */
export const treeFiles = (tree: CopiedTree): string[] => [
  ...liveTree(tree),
  '-type',
  'f',
  '-size',
  '+0',
  '-printf',
  '%P\\0',
];

/** Kind, names, inode, bytes, blocks of 512 bytes, seconds since 1970, and the path. */
const sumFormat = '%y %n %i %s %b %T@ %P\\0';
/** Names may hold line feeds, and as Latin-1 each byte is a character. */
const sumLines = { ends: /\0/, encoding: 'latin1' } as const;
/** Holes in files below this are not looked for: they save nothing worth a slower copy. */
const smallBytes = 65_536;

/** find's exit code where it could not look at some entries: rsync, which comes upon the same ones, says which and why. */
const findMissedSome = 1;

/** Adds up entries as {@link sumFormat} has them. */
export class UsageSum {
  #entries = 0;
  #inodes = 0;
  #allocated = 0;
  #apparent = 0;
  #files = 0;
  #dirs = 0;
  #symlinks = 0;
  #hardlinks = 0;
  #nameBytes = 0;
  #sparse = false;
  #largest = smallBytes;
  readonly #holey: HoleyFile[] = [];
  #earliest = Number.POSITIVE_INFINITY;
  #latest = Number.NEGATIVE_INFINITY;
  readonly #seen = new Set<string>();

  line(line: string): void {
    const [kind = '', names = '', inode = '', bytes = '', blocks = '', time = ''] = line.split(' ', 6);
    const before = kind.length + names.length + inode.length + bytes.length + blocks.length + time.length + 6;
    const nameAt = Math.max(before, line.lastIndexOf('/') + 1);
    this.#nameBytes = Math.max(this.#nameBytes, line.length - nameAt);
    this.#entries += 1;
    if (kind === 'l') this.#symlinks += 1;
    if (Number(names) > 1 && kind !== 'd') this.#hardlinks += 1;
    this.#earliest = Math.min(this.#earliest, Math.floor(Number(time)));
    this.#latest = Math.max(this.#latest, Math.floor(Number(time)));
    // A file with several names counts once.
    if (Number(names) > 1 && kind !== 'd') {
      if (this.#seen.has(inode)) return;
      this.#seen.add(inode);
    }
    this.#inodes += 1;
    this.#allocated += Number(blocks) * 512;
    if (kind === 'd') this.#dirs += 1;
    if (kind !== 'f') return;
    this.#files += 1;
    this.#apparent += Number(bytes);
    if (Number(bytes) < smallBytes) return;
    this.#largest = Math.max(this.#largest, Number(bytes));
    const holes = Number(bytes) - Number(blocks) * 512;
    if (holes > 0) this.#sparse = true;
    if (holes < worthHoles || this.#holey.length >= mostHoley) return;
    const path = Buffer.from(line.slice(before), 'latin1').toString('base64url');
    this.#holey.push({ path, bytes: Number(bytes), modified: time });
  }

  get sizes(): Sizes {
    return { ...this.usage, sparse: this.#sparse, largest: this.#largest, holey: this.#holey };
  }

  get usage(): ExactUsage {
    return {
      allocatedBytes: this.#allocated,
      apparentBytes: this.#apparent,
      entries: this.#entries,
      inodes: this.#inodes,
      files: this.#files,
      dirs: this.#dirs,
      symlinks: this.#symlinks,
      hardlinks: this.#hardlinks,
      nameBytes: this.#nameBytes,
      earliest: this.#earliest,
      latest: this.#latest,
    };
  }
}

export async function exactUsage(tree: CopiedTree): Promise<ExactUsage> {
  const sum = new UsageSum();
  await runLines('find', walk(tree, sumFormat), (line) => sum.line(line), sumLines);
  return sum.usage;
}

/** What a copier with this uid and these gids could not give its copy. */
export async function survey(tree: CopiedTree, uid: number, gids: readonly number[]): Promise<Survey> {
  const [owner, groups] = [String(uid), new Set(gids.map(String))];
  let [ownership, devices, capabilities] = [0, 0, 0];
  await runLines('find', walk(tree, '%U %G %y\n'), (line) => {
    const [user, group = '', kind] = line.split(' ');
    if (user !== owner || !groups.has(group)) ownership += 1;
    if (kind === 'b' || kind === 'c') devices += 1;
  });
  await findAttributes(tree, ['capabilities'], () => {
    capabilities += 1;
  });
  return { ownership, devices, capabilities };
}

/** Looks at all files, for what a copy is made another way for, and its progress; undefined where that takes longer. */
export async function measureSizes(tree: CopiedTree, limitMs: number): Promise<Sizes | undefined> {
  const sum = new UsageSum();
  const signal = AbortSignal.timeout(limitMs);
  try {
    const take = (line: string) => sum.line(line);
    const { code } = await runLines('find', walk(tree, sumFormat), take, { ...sumLines, signal });
    if (code !== 0 && code !== findMissedSome) return undefined;
    // Where holes are not believed, what rsync would read is what a stream would, too.
    return tellsHoles(statfsSync(tree.root).type) ? sum.sizes : { ...sum.sizes, holey: [] };
  } catch {
    return undefined;
  }
}

/** How many entries a volume's lost+found holds; a file or a link of that name is one itself. */
export async function lostEntries({ root, isWholeVolume }: CopiedTree): Promise<number> {
  if (!isWholeVolume) return 0;
  const path = `${root}/${lostFoundName}`;
  const args = [
    path,
    '-maxdepth',
    '1',
    '(',
    '!',
    '-path',
    path,
    '-o',
    '!',
    '-type',
    'd',
    ')',
    '-printf',
    '.',
  ];
  return (await run('find', args)).stdout.length;
}

/** Path of the first entry of a name, below the source; empty where there is none. Reads names only. */
export async function findEntry(source: string, name: string): Promise<string> {
  return (await run('find', [source, '-name', name, '-printf', '%P', '-quit'])).stdout;
}

/** So many names tell a folder well enough to be worth a closer look. */
const enoughNames = 8;

export function rootSample(source: string): RootSample {
  const names = readdirSync(source).filter((name) => !/[\n\ufffd]/.test(name));
  return { names: names.slice(0, enoughNames) };
}

/** What of the entries a target with such limits can't keep. */
export async function losses(tree: CopiedTree, limits: Limits): Promise<LossReport> {
  const sum = new LossCounter(limits);
  const ends = /\0/;
  await runLines('find', walk(tree, LossCounter.format), (entry) => sum.entry(entry), { ends });
  const families = (['xattrs', 'acls'] as const).filter((family) => limits.unsupported?.includes(family));
  if (families.length > 0) await findAttributes(tree, families, (family, path) => sum.lose(family, path));
  return sum.losses;
}
