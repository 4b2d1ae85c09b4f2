/** Programs of Debian that only these tests need. */
import { execFileSync, spawnSync } from 'node:child_process';

/** The program's name, once it is on PATH; installs its package where it is not (as root, on a Debian). */
export function debianProgram(name: string, inPackage: string): string {
  if (spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', inPackage], {
      env,
      stdio: ['ignore', 2, 2],
    });
  }
  return name;
}
