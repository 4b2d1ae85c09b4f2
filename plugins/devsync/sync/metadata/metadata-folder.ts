/**
 * The folder with everything that we keep of a synced directory: staged contents, the trash, known digests, and the
 * root's identity. It lies outside of the directory, since programs that watch that would take our files for theirs, and
 * on the same file system, so that a staged file is put in place by a rename. Where there is no such place, it is a
 * folder in the directory itself.
 */
import { createHash, randomUUID } from 'node:crypto';
import { lstatSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { machine } from '../../../../src/machine.ts';
import { Folder } from '../files/folder.ts';
import { privateFolder } from '../files/names.ts';
import { codeOf } from '../files/system-error.ts';
import { readOwn, writeOwn } from './probe.ts';
import { readRootId, rootIdFrom } from './root-identity.ts';

export interface MetadataFolder {
  readonly folder: Folder;
  readonly path: string;
  /** In the directory itself. */
  readonly isInside: boolean;
  /** By which the directory is known again; one that was made anew has another one. */
  readonly rootId: string;
}

/** A short name for a directory, the same every time. */
export const keyOf = (root: string): string => createHash('sha256').update(root).digest('hex').slice(0, 12);

/** The folder for it in another one, such as the one around it. @param root as its own machine or container calls it. */
export const metadataFolderIn = (folder: string, root: string): string =>
  join(folder, `${privateFolder}-${keyOf(root)}`);

/** Where an agent may keep its things of a directory, as the container calls it: beside it, or where all may write. */
export const metadataCandidatesInContainer = (base: string, root: string): string[] =>
  [dirname(root), '/var/tmp', '/tmp'].map((folder) => metadataFolderIn(base + folder, root));

/**
 * Opens the folder, made where it is missing: the first of the places that there is already, the first one that will
 * do, or a folder in the root. Throws what the system says where the root cannot be worked in.
 *
 * @param root its real path. @param places full paths of folders outside of it, the best one first.
 * @param rootId by which the root was known until now, where its mark is lost.
 */
export function openMetadataFolder(root: string, places: readonly string[], rootId?: string): MetadataFolder {
  using folder = Folder.root(root);
  const isThere = (path: string) => lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  const inOrder = [...places.filter(isThere), ...places.filter((place) => !isThere(place))];
  for (const place of inOrder) {
    const metadata = openOutside(folder, root, place, rootId);
    if (metadata !== undefined) return metadata;
  }
  return openInside(folder, root, rootId);
}

/** Where it is kept by now; undefined where nothing is. Nothing is made. */
export function findMetadataFolder(root: string, places: readonly string[]): string | undefined {
  const all = [...places, join(root, privateFolder)];
  return all.find((place) => lstatSync(place, { throwIfNoEntry: false })?.isDirectory());
}

/** By what the root is known; undefined where it is not, or where it is another one by now. Nothing is made. */
export function knownRootId(root: string, places: readonly string[] = []): string | undefined {
  try {
    using folder = Folder.root(root);
    for (const place of places) {
      const id = markAt(place, folder);
      if (id !== undefined) return id;
    }
    using own = folder.child(privateFolder);
    return idIn(own);
  } catch {
    return undefined;
  }
}

function markAt(place: string, root: Folder): string | undefined {
  try {
    using metadata = Folder.open(place);
    return readRootId(metadata, root);
  } catch {
    return undefined;
  }
}

/** The id of a root, which gets a mark where it has none. Throws where it cannot be worked in. */
export function rootIdOf(root: string, places: readonly string[] = []): string {
  const { folder, rootId } = openMetadataFolder(root, places);
  hideFromGit(folder);
  folder.close();
  return rootId;
}

/** Git sees nothing of it, whatever tree it lies in. */
export const hideFromGit = (metadata: Folder): void => writeOwn(metadata, '.gitignore', '*\n');

/** Removes all of it, wherever it is. */
export function removeMetadataFolder(root: string, places: readonly string[]): void {
  for (const place of [...places, join(root, privateFolder)])
    if (lstatSync(place, { throwIfNoEntry: false })?.isDirectory())
      rmSync(place, { recursive: true, force: true });
}

/** Undefined where this place will not do. */
function openOutside(
  root: Folder,
  path: string,
  place: string,
  rootId: string | undefined,
): MetadataFolder | undefined {
  let metadata: Folder | undefined;
  try {
    metadata = folderAt(place);
    requireSameFileSystem(root, metadata);
    const known = idInside(root) ?? rootId;
    const id = rootIdFrom(metadata, root, path, known);
    takeOver(root, metadata);
    return { folder: metadata, path: place, isInside: false, rootId: id };
  } catch {
    // The next candidate is tried; where none will do, opening the root itself says why.
    metadata?.close();
    return undefined;
  }
}

function openInside(root: Folder, path: string, rootId: string | undefined): MetadataFolder {
  const folder = root.make(privateFolder);
  try {
    const known = idIn(folder);
    const id = known ?? rootId ?? randomUUID();
    if (id !== known) writeOwn(folder, 'id', `${id}\n`);
    return { folder, path: join(path, privateFolder), isInside: true, rootId: id };
  } catch (error) {
    folder.close();
    throw error;
  }
}

/** Opens a folder of our own. Throws where another user could have made it. */
function folderAt(place: string): Folder {
  using around = Folder.root(dirname(place));
  const folder = around.make(basename(place));
  const { uid, mode } = folder.self;
  const isOurs = machine.uid === undefined || (uid === machine.uid && (mode & 0o022) === 0);
  if (isOurs) return folder;
  folder.close();
  throw new Error(`${place} is somebody else's`);
}

/** Throws where nothing can be renamed from one to the other, which is tried without doing it. */
function requireSameFileSystem(root: Folder, metadata: Folder): void {
  if (root.self.dev !== metadata.self.dev) throw new Error('another file system');
  writeOwn(metadata, 'Probe', '');
  try {
    renameSync(metadata.at('Probe'), `${root.path}/.`);
  } catch (error) {
    // A directory cannot be replaced so, wherever it is; from another mount the system does not even ask.
    if (codeOf(error) === 'EXDEV') throw error;
  }
  rmSync(metadata.at('Probe'), { force: true });
}

/** What an earlier version has kept in the root comes along: nothing of its trash is lost. */
function takeOver(root: Folder, metadata: Folder): void {
  if (!lstatSync(root.at(privateFolder), { throwIfNoEntry: false })?.isDirectory()) return;
  {
    using old = root.child(privateFolder);
    moveAll(old, metadata, 'trash');
    moveAll(old, metadata, 'staging');
  }
  rmSync(root.at(privateFolder), { recursive: true, force: true });
}

function moveAll(from: Folder, to: Folder, name: string): void {
  if (!lstatSync(from.at(name), { throwIfNoEntry: false })?.isDirectory()) return;
  using source = from.child(name);
  using target = to.make(name);
  for (const one of readdirSync(source.path)) renameSync(source.at(one), target.at(one));
}

function idInside(root: Folder): string | undefined {
  if (!lstatSync(root.at(privateFolder), { throwIfNoEntry: false })?.isDirectory()) return undefined;
  using own = root.child(privateFolder);
  return idIn(own);
}

function idIn(folder: Folder): string | undefined {
  const id = readOwn(folder, 'id');
  return id !== undefined && isId(id) ? id : undefined;
}

const isId = (text: string) => /^[0-9a-f-]{36}$/.test(text);
