/** Puts the program by which kubectl completes a plugin beside the plugin. */
import { access, constants, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { RefusedError, UsageError, X8sError } from '../../errors.ts';
import type { Environment } from '../context.ts';
import { kubectlScript } from './scripts.ts';

export interface Installation {
  /** `x8sync`. */
  readonly plugin: string;
  readonly env: Environment;
  /** As `process.platform`. */
  readonly platform: string;
  /** The folder; the plugin's own where absent. */
  readonly folder?: string | undefined;
}

export interface Installed {
  readonly path: string;
  /** False where it was there already, just so. */
  readonly changed: boolean;
}

/**
 * Writes `kubectl_complete-<plugin>`, which kubectl 1.26 and newer runs at Tab.
 * @throws {UsageError} the plugin is in no folder of PATH, and no folder was named
 * @throws {RefusedError} a file of that name is there that is not ours
 */
export async function installCompletion({ plugin, env, platform, folder }: Installation): Promise<Installed> {
  const isWindows = platform === 'win32';
  const place = folder ?? (await folderOnPath(`kubectl-${plugin}`, env, isWindows));
  const path = join(place, `kubectl_complete-${plugin}${isWindows ? '.cmd' : ''}`);
  const script = kubectlScript(`kubectl-${plugin}`, isWindows);
  const present = await readFile(path, 'utf8').catch(() => undefined);
  if (present === script) return { path, changed: false };
  if (present !== undefined && !present.includes(`kubectl-${plugin} __complete`))
    throw new RefusedError(`${path} exists and was not written by kubectl ${plugin}.`, {
      hint: 'It is left as it is. Rename or delete it if it is not needed, or name another folder with --directory.',
    });
  await write(path, script);
  return { path, changed: true };
}

/** Under its own name only once it is whole. */
async function write(path: string, script: string): Promise<void> {
  const fresh = `${path}.${Math.random().toString(36).slice(2)}`;
  try {
    await writeFile(fresh, script, { mode: 0o755 });
    await rename(fresh, path);
  } catch (cause) {
    await rm(fresh, { force: true });
    throw new X8sError(`${path} can't be written: ${(cause as Error).message}`, {
      hint: 'Name a folder of PATH that you may write to: --directory ~/bin',
      cause,
    });
  }
}

/** The first folder of PATH that holds the program: krew's links are there, and not what they lead to. */
async function folderOnPath(program: string, env: Environment, isWindows: boolean): Promise<string> {
  const folders = (env.PATH ?? env.Path ?? '')
    .split(isWindows ? ';' : delimiter)
    .filter((part) => part !== '');
  for (const folder of folders) {
    const path = join(folder, isWindows ? `${program}.exe` : program);
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return folder;
  }
  throw new UsageError(`${program} is in no folder of PATH.`, {
    hint: 'Name a folder of PATH: --directory ~/bin',
  });
}
