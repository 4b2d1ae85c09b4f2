/** A file system that is reached through another one, which does not tell of what happens behind it: as NFS does. */
import { mkdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import { must, type Running, start } from './process.ts';

const fuse = 0x65735546;

/** A directory, mounted by FUSE on another one. */
export class NetworkMount {
  /** Where it is seen. */
  readonly path: string;
  /** Where another machine would write to it. */
  readonly elsewhere: string;
  readonly #program: Running;

  private constructor(base: string) {
    this.path = join(base, 'mounted');
    this.elsewhere = join(base, 'elsewhere');
    for (const one of [this.path, this.elsewhere]) mkdirSync(one, { recursive: true });
    this.#program = start('bindfs', ['-f', this.elsewhere, this.path]);
    this.#program.ended.catch(() => {});
  }

  /** Mounts below a directory that is there. Rejects with what the mounting program says. */
  static async below(base: string): Promise<NetworkMount> {
    const mount = new NetworkMount(base);
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
