/** Conflicts of files that are settled by more than one side's version: merged, or both kept. */
import { createHash } from 'node:crypto';
import { type MaybeEntry, samePermissions, type Tracked } from '../../reconcile/entry.ts';
import { editsOf, type Operation } from '../../reconcile/operations.ts';
import { withPermissionsOf } from '../../reconcile/permissions.ts';
import { type Edit, lookup, splitPath } from '../../reconcile/tree.ts';
import type { Endpoint } from '../../sync/endpoint.ts';
import { isVcsDirectory } from '../../sync/ignore/guarded-names.ts';
import { type Bases, readContent } from '../ancestor/bases.ts';
import type { Attached } from '../attach/attach.ts';
import type { Side } from '../status/state.ts';

/** A conflict while nothing else is done. */
export interface Settling {
  readonly local: MaybeEntry;
  readonly container: MaybeEntry;
  /** What both sides last agreed on there. */
  readonly ancestor: MaybeEntry;
  /** Names what goes into the trash. */
  readonly name: string;
  /** Takes note of what both sides agree on by now. */
  readonly record: (edits: readonly Edit[]) => void;
}

/** The texts of a conflict. */
export interface Versions {
  readonly local: string;
  readonly container: string;
  /** What both sides last agreed on; absent where nobody has that text any more. */
  readonly base?: string;
  /** Tells these versions of the file from later ones. */
  readonly digests: Readonly<Record<Side, string>>;
}

/** Bytes of a text that is compared. */
const largest = 1 << 20;

type File = Extract<Tracked, { kind: 'file' }>;
type Sides = Pick<Attached, 'local' | 'container'>;

/** Reads both versions. Rejects where one is no text, or has changed meanwhile. */
export async function readVersions(
  path: string,
  { local, container, ancestor }: Settling,
  { sides, bases }: { sides: Sides; bases: Bases },
): Promise<Versions> {
  const [here, there] = [requireFile(path, local, 'here'), requireFile(path, container, 'in the container')];
  const [localText, containerText] = await Promise.all([
    readText(path, here, sides.local, 'here'),
    readText(path, there, sides.container, 'in the container'),
  ]);
  const agreed = ancestor?.kind === 'file' ? ancestor.digest : undefined;
  const base = agreed && (await bases.find(path, agreed));
  const baseText = base && textOf(base);
  return {
    local: localText,
    container: containerText,
    ...(baseText !== undefined && { base: baseText }),
    digests: { local: here.digest, container: there.digest },
  };
}

function requireFile(path: string, entry: MaybeEntry, where: string): File {
  if (path.split('/').some(isVcsDirectory))
    throw new Error(
      `${path} is version control's own: nothing of it comes from the container, merged or beside`,
    );
  if (entry?.kind !== 'file') throw new Error(`${path || '.'} is no file ${where}`);
  if (entry.size > largest) throw new Error(`${path} is larger than 1 MiB ${where}`);
  return entry;
}

async function readText(
  path: string,
  { digest, size }: File,
  side: Endpoint,
  where: string,
): Promise<string> {
  const bytes = size === 0 ? Buffer.alloc(0) : await readContent(side, { path, digest, size });
  if (bytes === undefined) throw new Error(`${path} has just changed ${where}; try again`);
  const text = textOf(bytes);
  if (text === undefined) throw new Error(`${path} is no text ${where}`);
  return text;
}

/** Undefined where it is no text. */
function textOf(bytes: Buffer): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/**
 * Puts a text in place of both versions, or of the one here alone. What it replaces goes into the trash first, and must
 * still be what the text was made of.
 */
export async function putMerged(
  path: string,
  text: string,
  { local, container, ancestor, name, record }: Settling,
  { sides, digests, to }: { sides: Sides; digests: Versions['digests']; to: 'both' | 'local' },
): Promise<void> {
  const [here, there] = [requireFile(path, local, 'here'), requireFile(path, container, 'in the container')];
  if (here.digest !== digests.local || there.digest !== digests.container)
    throw new Error(`${path} has changed meanwhile; try again`);
  const data = Buffer.from(text);
  const merged = fileOf(data);
  await put(sides.local, { path, old: here, new: withModes(merged, here) }, data, name, 'here');
  if (to === 'local') return;
  const operation = { path, old: there, new: withModes(merged, there) };
  await put(sides.container, operation, data, name, 'in the container');
  // Where the modes differ, that is a conflict of its own.
  if (!samePermissions(here, there)) return;
  const agreed = withPermissionsOf(operation.new, here, ancestor);
  record([...editsOf([{ ...operation, new: agreed }], [{ path }])]);
}

/** Puts the container's version beside the one here. Resolves with its path. */
export async function keepBeside(path: string, { container, name }: Settling, sides: Sides): Promise<string> {
  const there = requireFile(path, container, 'in the container');
  const beside = freeName(path, sides.local.tree);
  const bytes =
    there.size === 0
      ? Buffer.alloc(0)
      : await readContent(sides.container, { path, digest: there.digest, size: there.size });
  if (bytes === undefined) throw new Error(`${path} has just changed in the container; try again`);
  await put(
    sides.local,
    { path: beside, old: undefined, new: withPermissionsOf(there) },
    bytes,
    name,
    'here',
  );
  return beside;
}

/** `src/app.container.ts`, or the next one that is free. */
function freeName(path: string, tree: MaybeEntry): string {
  const [folder, file] = splitPath(path);
  const dot = file.lastIndexOf('.') > 0 ? file.lastIndexOf('.') : file.length;
  for (let number = 1; ; number++) {
    const mark = number === 1 ? '.container' : `.container-${number}`;
    const name = `${file.slice(0, dot)}${mark}${file.slice(dot)}`;
    const beside = folder === '' ? name : `${folder}/${name}`;
    if (lookup(tree, beside) === undefined) return beside;
  }
}

const fileOf = (data: Buffer): Pick<File, 'digest' | 'size'> => ({
  digest: createHash('sha256').update(data).digest('hex'),
  size: data.length,
});

const withModes = (content: Pick<File, 'digest' | 'size'>, { executable, mode }: File): File => ({
  kind: 'file',
  ...content,
  ...(executable !== undefined && { executable }),
  ...(mode !== undefined && { mode }),
});

async function put(
  side: Endpoint,
  operation: Operation,
  data: Buffer,
  name: string,
  where: string,
): Promise<void> {
  const { digest } = operation.new as File;
  const [result] = await side.apply([operation], name, new Map([[digest, data]]));
  if (result?.problem !== undefined) throw new Error(`${operation.path} ${where}: ${result.problem}`);
}
