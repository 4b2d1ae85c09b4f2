/** The folder of the target's volume that is copied to, where that is not all of it. */
import { join } from 'node:path';
import { MoverExit } from '../access/exit.ts';
import { type CopyOptions, isDryRun, readsOnly } from '../protocol/options.ts';
import type { Runtime } from '../protocol/runtime.ts';
import { stagingName } from '../system/paths.ts';
import { madeSubfolder, NoSubfolder, realSubfolder } from '../volume/subfolder.ts';
import { emptyFolder } from './target-content.ts';

/**
 * The runtime whose target is that folder. A copy makes what is missing of it; a dry run takes one that is missing for
 * an empty one.
 *
 * @throws MoverExit where it leads out of the volume, or there is none.
 */
export async function withTargetFolder(
  { mode, selection: { targetPath } }: Pick<CopyOptions, 'mode' | 'selection'>,
  runtime: Runtime,
): Promise<Runtime> {
  if (targetPath === '') return runtime;
  const { paths } = runtime;
  try {
    const find = readsOnly(mode) ? realSubfolder : madeSubfolder;
    const real = find(paths.target, targetPath);
    const [target, isWholeTarget] = [join(paths.target, real), real === ''];
    return { ...runtime, paths: { ...paths, target, isWholeTarget, staging: join(target, stagingName) } };
  } catch (error) {
    if (!(error instanceof NoSubfolder)) throw error;
    if (!isDryRun(mode) || !error.isMissing)
      throw new MoverExit('refused', `--target-path: ${error.message}`);
    const target = await emptyFolder(runtime);
    return { ...runtime, paths: { ...paths, target, isWholeTarget: false } };
  }
}
