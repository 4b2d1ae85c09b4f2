/** The root of one side: its id, and what its file system does. */
import { randomUUID } from 'node:crypto';
import { chmodSync, lstatSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { machine } from '../../../src/machine.ts';
import { readWhole } from './digest.ts';
import { Folder } from './folder.ts';
import type { EndpointFacts } from './items.ts';
import { privateFolder } from './names.ts';

/** The id of a root, which gets one where it has none. Throws where it cannot be written to. */
export function rootIdOf(root: string): string {
  using folder = Folder.root(root);
  using own = folder.make(privateFolder);
  writeOwn(own, '.gitignore', '*\n');
  return rootIdIn(own);
}

/** The id of a root that has one. */
export function knownRootId(root: string): string | undefined {
  try {
    return readWhole(join(root, privateFolder, 'id'))
      .toString()
      .trim();
  } catch {
    return undefined;
  }
}

/**
 * Whether each change of a file that was looked at meanwhile shows in its time, however soon it comes (Linux since
 * 6.13): by a clock that ticks, several changes in a row would bear the same.
 */
export function isPrecise(folder: Folder): boolean {
  const probe = folder.at('Probe');
  const times = Array.from({ length: 5 }, () => {
    writeOwn(folder, 'Probe', 'x');
    const first = lstatSync(probe).mtimeMs;
    writeFileSync(probe, 'y');
    return lstatSync(probe).mtimeMs > first;
  });
  rmSync(probe);
  return times.every((differs) => differs);
}

/**
 * Tries out what the file system does.
 *
 * @param folder our own in the root. @param aside one in it that nobody else works in.
 */
export function factsOf(folder: Folder, aside: Folder, hasStaged: boolean): EndpointFacts {
  const probe = aside.at('Probe');
  writeOwn(aside, 'Probe', '');
  chmodSync(probe, 0o755);
  const hasModes = machine.platform !== 'win32' && (lstatSync(probe).mode & 0o111) === 0o111;
  chmodSync(probe, 0o600);
  const keepsModes = (lstatSync(probe).mode & 0o111) === 0;
  const foldsNames = lstatSync(aside.at('pROBE'), { throwIfNoEntry: false }) !== undefined;
  rmSync(probe);
  writeOwn(folder, '.gitignore', '*\n');
  const { bavail, bsize } = statfsSync(folder.path);
  return {
    rootId: rootIdIn(folder),
    foldsNames,
    hasModes: hasModes && keepsModes,
    freeBytes: bavail * bsize,
    hasStaged,
  };
}

export function decomposes(folder: Folder): boolean {
  const name = 'Probe-\u00e9';
  writeOwn(folder, name, '');
  const isThere = readdirSync(folder.path).includes(name);
  rmSync(folder.at(name), { force: true });
  return !isThere;
}

function rootIdIn(folder: Folder): string {
  try {
    const id = readWhole(folder.at('id')).toString().trim();
    if (/^[0-9a-f-]{36}$/.test(id)) return id;
  } catch {
    // The first time.
  }
  const id = randomUUID();
  writeOwn(folder, 'id', `${id}\n`);
  return id;
}

/** Writes a file of ours anew; a link that was put in its place is not followed. */
export function writeOwn(folder: Folder, name: string, text: string): void {
  rmSync(folder.at(name), { force: true });
  writeFileSync(folder.at(name), text, { flag: 'wx', mode: 0o600 });
}
