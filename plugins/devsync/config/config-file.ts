/** Finds `.devsync.yaml` and reads it. */
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { UsageError } from '../../../src/errors.ts';
import type { Workstation } from '../spec/workstation.ts';
import { configName, isConfigFile } from '../sync/files/names.ts';
import { codeOf, reasonOf } from '../sync/files/system-error.ts';
import { type Config, type NamedTarget, parseConfig, parseNamedTarget } from './parse-config.ts';

/** Bytes; nobody writes more by hand. */
const sizeLimit = 1 << 20;

/** Reads the file named, or the nearest `.devsync.yaml` from a directory upwards. @throws {UsageError} */
export function readConfig(from: string, named: string | undefined, workstation: Workstation): Config {
  const path = named ?? findConfig(from);
  if (path === undefined)
    throw new UsageError(`there is no ${configName} in ${from}, nor in a directory above it`, {
      hint: 'docs/devsync.md shows one; --file names one that lies elsewhere.',
    });
  const { file, text } = readFile(path);
  return parseConfig(text, { file, folder: dirname(file), workstation });
}

/** A file of this folder that cannot be read, or says nothing that can be understood. Exit 2. */
export class BrokenConfig extends UsageError {
  /** Absolute, without links. */
  readonly file: string;

  constructor(file: string, { message, hint, details }: UsageError) {
    super(message, { details, hint: hint ?? 'Mend it, or name both --context and -n.' });
    this.file = file;
  }
}

/** Where the syncs of the nearest `.devsync.yaml` go; undefined where there is none. @throws {BrokenConfig} */
export function readNamedTarget(from: string): NamedTarget | undefined {
  const path = findConfig(from);
  if (path === undefined) return undefined;
  try {
    const { file, text } = readFile(path);
    return parseNamedTarget(text, file);
  } catch (error) {
    if (error instanceof UsageError) throw new BrokenConfig(realIfThere(path), error);
    throw error;
  }
}

function realIfThere(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function readFile(path: string): { readonly file: string; readonly text: string } {
  try {
    const file = realpathSync(path);
    if (!isConfigFile(basename(file)))
      throw new UsageError(`the name of ${file} does not end with ${configName}`, {
        hint: 'Files of such names are never synced: what a container has written is never taken for one.',
      });
    if (statSync(file).size > sizeLimit) throw new UsageError(`${file} is larger than 1 MiB`);
    return { file, text: readFileSync(file, 'utf8') };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${path} cannot be read: ${reasonOf(error)}`);
  }
}

function findConfig(from: string): string | undefined {
  for (let folder = realpathSync(from); ; folder = dirname(folder)) {
    const path = join(folder, configName);
    if (isThere(path)) return path;
    if (dirname(folder) === folder) return undefined;
  }
}

function isThere(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch (error) {
    // What may not be looked at is found, and the reading says why it cannot be read.
    return codeOf(error) !== 'ENOENT' && codeOf(error) !== 'ENOTDIR';
  }
}
