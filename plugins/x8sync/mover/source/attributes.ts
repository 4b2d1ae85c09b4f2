/** Which entries of the source have extended attributes or ACLs, by `getfattr`. */
import { runLines } from '../system/programs.ts';
import { type CopiedTree, isKept } from '../volume/tree.ts';

/** Names of attributes, as getfattr selects them and a line of it shows them. */
const families = {
  xattrs: 'user\\.',
  acls: 'system\\.posix_acl_',
  capabilities: 'security\\.capability$',
} as const;

export type Family = keyof typeof families;

/** Tells the path below the source of each entry that has attributes of these families. Reads no values. */
export async function findAttributes<Wanted extends Family>(
  tree: CopiedTree,
  wanted: readonly Wanted[],
  found: (family: Wanted, path: string) => void,
): Promise<void> {
  const pattern = `^(${wanted.map((family) => families[family]).join('|')})`;
  let path = '';
  let reported = new Set<Wanted>();
  const line = (text: string) => {
    const [, name] = /^# file: (.*)$/.exec(text) ?? [];
    if (name !== undefined) [path, reported] = [pathBelow(tree.root, unescaped(name)), new Set()];
    const family = wanted.find((one) => new RegExp(`^${families[one]}`).test(text));
    if (family === undefined || reported.has(family) || isKept(tree, path)) return;
    reported.add(family);
    found(family, path);
  };
  await runLines('getfattr', ['-R', '-P', '-h', '--absolute-names', '-m', pattern, tree.root], line);
}

const pathBelow = (source: string, path: string): string =>
  path === source ? '.' : path.slice(source.length + 1);

/** getfattr writes backslashes, line feeds and carriage returns in octal. */
const unescaped = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
