/** All that a claim's files are, in a form that two claims can be compared by. */
import type { Scene } from './scene.ts';

/** What one file is: type, mode, owner, group, mtime to the nanosecond, size, link target, … */
export type Tree = Map<string, Readonly<Record<string, string>>>;

/**
 * Prints NUL-separated records of the working directory and every entry below it, content digests, attributes
 * and ACLs: a line of base64 each, since names are bytes and a log is text.
 */
const script = String.raw`
export LC_ALL=C
find . -printf '%P\0%y %m %U %G %T@ %s %b\0%D:%i\0%n\0%l\0' | base64 -w 0; echo
find . -type f -print0 | sort -z | xargs -0r sha256sum -z | base64 -w 0; echo
find . ! -type l -print0 | sort -z | { xargs -0r getfattr --absolute-names -d -m '^(user|security|system)\.' -e hex 2>/dev/null || true; } | base64 -w 0; echo
find . ! -type l -print0 | sort -z | { xargs -0r getfacl -n -p --omit-header 2>/dev/null || true; } | base64 -w 0; echo
`;

/** Reads the whole tree of a claim. The claim's own root is the entry with the empty name. */
export async function treeOf(scene: Scene, context: string, claim: string): Promise<Tree> {
  const lines = (await scene.inspect(context, claim, script)).split('\n');
  const [entries = '', digests = '', attributes = '', acls = ''] = lines.map((line) =>
    Buffer.from(line, 'base64').toString('latin1'),
  );
  const tree = parseEntries(entries);
  for (const line of digests.split('\0')) {
    const [, digest, path] = /^([0-9a-f]{64}) [ *]\.\/(.*)$/s.exec(line) ?? [];
    if (path !== undefined && digest) tree.set(path, { ...tree.get(path), sha256: digest });
  }
  tree.set('(attributes)', { all: attributes });
  tree.set('(acls)', { all: acls });
  return tree;
}

function parseEntries(text: string): Tree {
  const fields = text.split('\0');
  const tree: Tree = new Map();
  const groups = new Map<string, string>();
  for (let at = 0; at + 4 < fields.length; at += 5) {
    const [path = '', stat = '', inode = '', links = '', target = ''] = fields.slice(at, at + 5);
    const [type = '', mode = '', uid = '', gid = '', mtime = '', size = '', blocks = ''] = stat.split(' ');
    // An inode's number means nothing elsewhere; that two names share it does.
    if (!groups.has(inode) || (groups.get(inode) ?? '') > path) groups.set(inode, path);
    tree.set(path, {
      type,
      mode,
      uid,
      gid,
      mtime,
      links,
      target,
      inode,
      blocks,
      ...(type === 'd' ? {} : { size }),
    });
  }
  for (const [path, { inode = '', ...entry }] of tree)
    tree.set(path, { ...entry, hardLinkedTo: groups.get(inode) ?? '' });
  return tree;
}

/**
 * The differences of two trees, a line each; empty where they are the same. Allocated blocks are a matter of
 * the file system and are left out here.
 */
export function differences(expected: Tree, actual: Tree): string[] {
  const paths = new Set([...expected.keys(), ...actual.keys()]);
  return [...paths].sort().flatMap((path) => {
    const [a, b] = [expected.get(path), actual.get(path)];
    if (!a || !b) return [`${JSON.stringify(path)}: ${a ? 'missing' : 'extra'}`];
    const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
    keys.delete('blocks');
    return [...keys]
      .filter((key) => a[key] !== b[key])
      .map((key) => `${JSON.stringify(path)}: ${key} ${a[key]} → ${b[key]}`);
  });
}
