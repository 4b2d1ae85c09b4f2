/** Trees in a few characters, and random ones. */
import fc from 'fast-check';
import {
  type Entry,
  type MaybeEntry,
  problem,
  type Tracked,
  trackedPart,
  untracked,
  walk,
} from '../../../../../plugins/devsync/reconcile/entry.ts';

/**
 * `'text'` is a file, `'!'` untracked, `'?'` a problem, `'@x'` a symlink, `'x*'` executable, `'x~'` of a file system that
 * knows no executable bit, an object a folder.
 */
export type Shape = string | { readonly [name: string]: Shape };

export function tree(shape: Shape | undefined): MaybeEntry {
  if (shape === undefined) return undefined;
  if (typeof shape === 'object')
    return {
      kind: 'directory',
      children: new Map(Object.entries(shape).map(([k, v]) => [k, tree(v) as Entry])),
    };
  if (shape === '!') return untracked;
  if (shape === '?') return problem('unreadable');
  if (shape.startsWith('@')) return { kind: 'symlink', target: shape.slice(1) };
  if (shape.endsWith('~')) return { kind: 'file', digest: shape.slice(0, -1), size: shape.length - 1 };
  const executable = shape.endsWith('*');
  const digest = executable ? shape.slice(0, -1) : shape;
  return { kind: 'file', digest, size: digest.length, executable };
}

/** The other way round, for readable failures. */
export function shapeOf(entry: MaybeEntry): Shape | undefined {
  switch (entry?.kind) {
    case undefined:
      return undefined;
    case 'directory':
      return Object.fromEntries(
        [...entry.children].sort(([a], [b]) => (a < b ? -1 : 1)).map(([k, v]) => [k, shapeOf(v) as Shape]),
      );
    case 'untracked':
      return '!';
    case 'problem':
      return '?';
    case 'symlink':
      return `@${entry.target}`;
    case 'file':
      return entry.digest + (entry.executable === undefined ? '~' : entry.executable ? '*' : '');
  }
}

/** Files and links with their paths. */
export const leavesOf = (root: MaybeEntry): string[] =>
  [...walk(trackedPart(root))]
    .filter(([, { kind }]) => kind !== 'directory')
    .map(([path, entry]) => `${path} ${shapeOf(entry)}`)
    .sort();

const name = fc.constantFrom('a', 'b', 'c', '__proto__');
const leaf = fc.constantFrom('1', '2', '3', '1*', '@a', '@b');
const leafOrRubbish = fc.constantFrom('1', '2', '3', '1*', '@a', '!', '?');

function shapes(leaves: fc.Arbitrary<string>): fc.Arbitrary<Entry> {
  const { entry } = fc.letrec<{ entry: Entry }>((tie) => ({
    entry: fc.oneof(
      { maxDepth: 3 },
      leaves.map((shape) => tree(shape) as Entry),
      fc
        .array(fc.tuple(name, tie('entry')), { maxLength: 3 })
        .map((children): Entry => ({ kind: 'directory', children: new Map(children) })),
    ),
  }));
  return entry;
}

const directoryOf = (leaves: fc.Arbitrary<string>) =>
  fc
    .array(fc.tuple(name, shapes(leaves)), { maxLength: 4 })
    .map((children): Tracked => ({ kind: 'directory', children: new Map(children) }));

/** Random folders of what can sync. */
export const folders = directoryOf(leaf);
/** Random folders with ignored and unreadable things in them. */
export const roughFolders = directoryOf(leafOrRubbish);
/** Random folders with ignored things in them. */
export const foldersWithIgnored = directoryOf(fc.constantFrom('1', '2', '3', '1*', '@a', '!'));
/** A path and something to put there, or nothing. */
export const edits = fc.record({
  path: fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/')),
  entry: fc.option(shapes(leaf), { nil: undefined }),
});
