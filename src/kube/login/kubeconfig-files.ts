/** Which files are the kubeconfig, and what paths in them mean, by the rules of the platform. */
import { posix, win32 } from 'node:path';

export interface Home {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  /** As `os.homedir()`; on Windows that is `%USERPROFILE%`. */
  readonly home: string;
  readonly isFile: (path: string) => boolean;
}

const pathsOf = (platform: NodeJS.Platform) => (platform === 'win32' ? win32 : posix);

/** The files of KUBECONFIG, whether they are there or not; else the one of the home folder. */
export function kubeconfigFiles(where: Home): string[] {
  const { delimiter } = pathsOf(where.platform);
  const files = (where.env.KUBECONFIG ?? '').split(delimiter).filter((file) => file !== '');
  return files.length > 0 ? files : [defaultFile(where)];
}

/**
 * `~/.kube/config`. On Windows kubectl takes the first home folder of several that has such a file (client-go,
 * util/homedir): Unix shells there set HOME, and companies a drive of their own.
 */
function defaultFile({ env, platform, home, isFile }: Home): string {
  const inHome = (folder: string) => pathsOf(platform).join(folder, '.kube', 'config');
  if (platform !== 'win32') return inHome(home);
  const { HOME, HOMEDRIVE, HOMEPATH, USERPROFILE } = env;
  const folders = [HOME, HOMEDRIVE && HOMEPATH && HOMEDRIVE + HOMEPATH, USERPROFILE];
  const files = folders.flatMap((folder) => (folder ? [inHome(folder)] : []));
  return files.find(isFile) ?? inHome(home);
}

/** What a file of this folder means by a path. */
export function inFolder(folder: string, path: string, platform: NodeJS.Platform): string {
  const paths = pathsOf(platform);
  return paths.isAbsolute(path) ? path : paths.join(folder, path);
}
