/** A scan of a directory that writes nothing there, for `plan` and `list`. */
import { accessSync, constants, lstatSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { machine } from '../../../../src/machine.ts';
import type { MaybeEntry } from '../../reconcile/entry.ts';
import { lacksModes, requireFiles } from '../files/file-systems.ts';
import { compileIgnores, type IgnoreRules } from '../ignore/ignore.ts';
import { findMetadataFolder } from '../metadata/metadata-folder.ts';
import { DigestCache, readWhole } from '../scan/digest.ts';
import { Scanner, type ScanOptions } from '../scan/scan.ts';

export interface ScanOnceOptions {
  readonly root: string;
  readonly scan: ScanOptions;
  readonly ignores: IgnoreRules;
  /** Paths below the root where something else is mounted. */
  readonly mounts?: ReadonlySet<string>;
  /** Those of them that may be written to. */
  readonly writableMounts?: ReadonlySet<string>;
  readonly signal?: AbortSignal | undefined;
  /** Where an earlier sync of this directory may have kept what it found out. */
  readonly metadataCandidates?: readonly string[];
}

/** What is there now. Rejects with the system's error where the root is no directory. */
export async function scanOnce({
  root,
  scan,
  ignores,
  mounts,
  writableMounts,
  signal,
  metadataCandidates = [],
}: ScanOnceOptions): Promise<MaybeEntry> {
  const scanner = new Scanner({
    root,
    options: scan,
    isIgnored: compileIgnores(ignores),
    cache: knownDigests(findMetadataFolder(root, metadataCandidates)),
    mounts: mounts ?? new Set(),
    writableMounts,
    foldsNames: foldsNames(root),
    hasModes: machine.platform !== 'win32' && !lacksModes(root),
    signal,
  });
  return await scanner.scan('');
}

/** Throws what the system says to working there (ENOTDIR, EACCES, EROFS), without doing it. */
export function requireWritable(folder: string): void {
  if (!statSync(folder).isDirectory())
    throw Object.assign(new Error('it is not a directory'), { code: 'ENOTDIR' });
  requireFiles(folder);
  accessSync(folder, constants.W_OK | constants.X_OK);
}

/** What an earlier sync of this directory has found out already. */
function knownDigests(folder: string | undefined): DigestCache {
  const cache = new DigestCache();
  try {
    if (folder !== undefined) cache.load(readWhole(join(folder, 'digests')).toString());
  } catch {
    // There was none.
  }
  return cache;
}

/** Whether the root is found under its name in the other case, too. */
export function foldsNames(root: string): boolean {
  const name = basename(root);
  const other = name === name.toUpperCase() ? name.toLowerCase() : name.toUpperCase();
  if (other === name) return false;
  const found = lstatSync(join(dirname(root), other), { throwIfNoEntry: false });
  return found !== undefined && found.ino === lstatSync(root).ino;
}
