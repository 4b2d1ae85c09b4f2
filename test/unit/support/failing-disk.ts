/** A real file system of a disk that fails, in a process of its own: of names that begin with `broken` only the begin can be read. */
import { execFileSync, spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { eventuallySees } from '../../support/eventually.ts';

export interface FailingDisk extends Disposable {
  /** Ends the program behind it, as a driver that dies: whatever is asked of it fails from now on. */
  die(): void;
}

/** Shows what is in a folder as such a disk at a mount point; resolves once it is there. Needs what shares need. */
export async function mountFailingDisk(folder: string, at: string): Promise<FailingDisk> {
  const script = join(import.meta.dirname, '../../support/filesystems/failing.py');
  const { dev } = statSync(at);
  const program = spawn('/usr/bin/python3', [script, folder, at], { stdio: 'inherit' });
  await eventuallySees(
    () => statSync(at).dev,
    (now) => now !== dev,
  );
  return {
    die: () => void program.kill('SIGKILL'),
    [Symbol.dispose]: () => {
      execFileSync('umount', ['--lazy', at]);
      program.kill('SIGKILL');
    },
  };
}
