/** The files in which this workstation keeps state of a sync: read, replaced, set aside where they are unreadable. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { codeOf, reasonOf } from '../../sync/files/system-error.ts';

/** Told what a person is to know of what was remembered. */
export type OnRemark = (words: string) => void;

/**
 * What is in a file; undefined where there is none. What cannot be read is moved out of the way, so that it keeps
 * nobody from going on without it. Throws what the system says where that cannot be done.
 *
 * @param what it tells, for a person.
 */
export function readStateFile(file: string, what: string, onTrouble: OnRemark): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') onTrouble(describeSetAside(what, error, setAside(file)));
    return undefined;
  }
}

/** Writes a file as a whole or not at all, for this user alone. */
export function replaceStateFile(file: string, data: string | Uint8Array): void {
  const made = `${file}.new`;
  // Whatever is there was never finished.
  rmSync(made, { recursive: true, force: true });
  writeFileSync(made, data, { mode: 0o600 });
  renameSync(made, file);
}

/** Puts what cannot be read out of the way. Returns where it is now. Throws what the system says. */
export function setAside(path: string): string {
  const place = `${path}.unreadable`;
  rmSync(place, { recursive: true, force: true });
  renameSync(path, place);
  return place;
}

/** What is said of that. */
export const describeSetAside = (what: string, cause: unknown, place: string) =>
  `${what} cannot be read (${reasonOf(cause)}) and was moved to ${place}`;
