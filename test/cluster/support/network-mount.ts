/** A file system that is reached through another one, which does not tell of what happens behind it: as NFS does. */
import { mkdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../../support/eventually.ts';
import { must, type Running, start } from './process.ts';

const fuse = 0x65735546;

/** The program that shows one folder at another path, and stays in the foreground. */
export type Mounter = (folder: string, path: string) => readonly [program: string, ...args: string[]];

/** Shows a folder as it is, but for what options of bindfs(1) take away. */
export const bindfs =
  (...options: readonly string[]): Mounter =>
  (folder, path) => ['bindfs', '-f', ...options, folder, path];

/** Shows a folder as a share that knows no case, no owners and no modes. */
export const caselessShare: Mounter = (folder, path) => [
  '/usr/bin/python3',
  join(import.meta.dirname, '../../support/filesystems/caseless.py'),
  folder,
  path,
];

/** A directory, mounted by FUSE on another one. */
export class NetworkMount {
  /** Where it is seen. */
  readonly path: string;
  /** Where another machine would write to it. */
  readonly elsewhere: string;
  readonly #program: Running;

  private constructor(base: string, mounter: Mounter) {
    this.path = join(base, 'mounted');
    this.elsewhere = join(base, 'elsewhere');
    for (const one of [this.path, this.elsewhere]) mkdirSync(one, { recursive: true });
    const [program, ...args] = mounter(this.elsewhere, this.path);
    this.#program = start(program, args);
    this.#program.ended.catch(() => {});
  }

  /** Mounts below a directory that is there. Rejects with what the mounting program says. */
  static async below(base: string, mounter: Mounter = bindfs()): Promise<NetworkMount> {
    const mount = new NetworkMount(base, mounter);
    await eventually(async () => {
      if (statfsSync(mount.path).type !== fuse) throw new Error(`no mount: ${mount.#program.output.stderr}`);
    });
    return mount;
  }

  /** Takes it down, whoever still has something of it open. */
  async close(): Promise<void> {
    await must('umount', ['--lazy', this.path]);
    this.#program.child.kill();
    await this.#program.ended;
  }
}
