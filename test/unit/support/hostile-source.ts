/** A source that means harm, by the names in its lists of files. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sourceFiles } from '../../../plugins/x8sync/mover/ssh/sshd-config.ts';
import type { Paths } from '../../../plugins/x8sync/mover/system/paths.ts';

const hostileRsync = join(import.meta.dirname, 'hostile-rsync.cjs');

/** A name, and what it becomes in a list: as long as it was. */
export type Renaming = readonly [from: string, to: string];

/**
 * Has the source's sshd start a daemon that gives files other names, from the next connection on.
 *
 * @param serving process of the source's side.
 */
export function turnHostile(paths: Paths, serving: number | undefined, names: readonly Renaming[]): void {
  if (names.some(([from, to]) => from.length !== to.length)) throw new Error('a name keeps its length');
  const { sshdConfig, rsyncdConfig } = sourceFiles(paths);
  const daemon = `exec rsync --server --daemon --config=${rsyncdConfig} .`;
  const config = readFileSync(sshdConfig, 'utf8');
  if (!config.includes(daemon)) throw new Error(`no daemon is started by:\n${config}`);
  const hostile = `exec ${process.execPath} ${hostileRsync} ${rsyncdConfig} '${JSON.stringify(names)}'`;
  writeFileSync(sshdConfig, config.replace(daemon, hostile));
  // Then sshd reads it anew.
  execFileSync('pkill', ['-HUP', '-P', String(serving), '-x', 'sshd']);
}
