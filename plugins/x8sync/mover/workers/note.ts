/**
 * A file of a fixed name that one pod overwrites in place and another reads. Clients of NFS keep listings, and that a name
 * is not there, for up to a minute; but what a file holds they ask the server with each opening of it, once the writer has
 * closed it. So whatever pods tell each other stands in such files, and no name is looked up before it is known to be there.
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, readFile, writeFile } from 'node:fs/promises';

const { O_WRONLY, O_RDONLY, O_NOFOLLOW } = constants;

/** Makes it, with nothing in it. */
export const makeNote = (path: string): Promise<void> => writeFile(path, '', { flag: 'wx', mode: 0o600 });

/** Never makes the file: one that is gone stays gone. @throws where it is not there, or can't be written. */
export async function writeNote(path: string, value: unknown): Promise<void> {
  const json = JSON.stringify(value);
  const text = Buffer.from(`${digestOf(json)} ${json}\n`);
  const file = await open(path, O_WRONLY | O_NOFOLLOW);
  try {
    await file.write(text, 0, text.length, 0);
    await file.truncate(text.length);
  } finally {
    await file.close();
  }
}

/** What it holds; undefined while that is nothing, or is being written. `gone` where there is no such file. */
export async function readNote(path: string): Promise<unknown | 'gone'> {
  let text: string;
  try {
    text = await readFile(path, { encoding: 'utf8', flag: O_RDONLY | O_NOFOLLOW });
  } catch (error) {
    return isGone(error) ? 'gone' : undefined;
  }
  const [, digest, json = ''] = /^([0-9a-f]{16}) (.*)\n/.exec(text) ?? [];
  if (digest === undefined || digest !== digestOf(json)) return undefined;
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** ESTALE: another pod has removed what this one has known. */
export const isGone = (error: unknown): boolean =>
  ['ENOENT', 'ENOTDIR', 'ESTALE'].includes((error as NodeJS.ErrnoException).code ?? '');

const digestOf = (json: string): string => createHash('sha256').update(json).digest('hex').slice(0, 16);
