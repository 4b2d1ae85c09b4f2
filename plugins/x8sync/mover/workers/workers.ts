/** The workers of one run of the mover: the folder by which it has to do with them, and a link to each. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import type { SourceRsync } from '../access/source-rsync.ts';
import type { StagingFolder } from '../access/staging.ts';
import type { CopyOptions } from '../protocol/options.ts';
import type { Runtime } from '../protocol/runtime.ts';
import { WorkerLink } from './link.ts';
import type { RsyncFacts } from './messages.ts';
import { makeNote } from './note.ts';
import { signOf } from './root-sign.ts';
import { type WorkPaths, workPaths } from './work-paths.ts';

export interface WorkersParts {
  readonly options: Pick<CopyOptions, 'nonce' | 'pods'>;
  readonly runtime: Runtime;
  readonly staging: Pick<StagingFolder, 'closeWork'>;
  readonly rsync: Pick<SourceRsync, 'traits' | 'excluded'>;
  readonly source: Pick<RsyncFacts, 'sparse' | 'hasSmallFilesOnly'>;
  readonly isRunningOut: () => boolean;
}

/** Longer than clients of network file systems believe what they have read of a file (NFS: acregmax, 60 s). */
const goneSeconds = 90;

/** By what a worker knows that it is of the same Job: a nonce proves who says how a copy ended, and is told to nobody. */
export const keyOf = (nonce: string): string => createHash('sha256').update(nonce).digest('hex');

export class Workers {
  readonly #parts: WorkersParts;
  readonly #links: WorkerLink[] = [];
  #lists = 0;

  private constructor(parts: WorkersParts) {
    this.#parts = parts;
  }

  /**
   * Makes the folder, and all that workers are told, before anybody asks for them.
   *
   * @param streams of each pod, the mover's own first.
   * @throws Error where the target can't take it.
   */
  static async open(parts: WorkersParts, streams: readonly number[]): Promise<Workers> {
    const workers = new Workers(parts);
    const { runtime, rsync } = parts;
    const paths = workPaths(runtime.paths);
    const run = randomBytes(8).toString('hex');
    await mkdir(paths.run(run), { recursive: true, mode: 0o700 });
    const patterns = rsync.excluded.map((pattern) => `${pattern}\0`).join('');
    await writeFile(paths.excluded(run), patterns, { mode: 0o600 });
    const all = streams.reduce((sum, one) => sum + one, 0);
    for (const [worker, slots] of streams.entries())
      if (worker > 0) await workers.#add(paths, worker, { run, slots, streams: all });
    return workers;
  }

  async #add(
    paths: WorkPaths,
    worker: number,
    { run, slots, streams }: { readonly run: string; readonly slots: number; readonly streams: number },
  ): Promise<void> {
    const { options, runtime, rsync, isRunningOut } = this.#parts;
    const { sparse, hasSmallFilesOnly } = this.#parts.source;
    const { fractions, owners, modes, unsupported } = rsync.traits;
    const facts = { sparse, hasSmallFilesOnly, fractions, owners, modes, unsupported };
    const rsyncFacts: RsyncFacts = { ...facts, hasExcluded: rsync.excluded.length > 0 };
    const told = { run, slots, streams, key: keyOf(options.nonce), rsync: rsyncFacts };
    for (const folder of [paths.temporary(run, worker), paths.partial(run, worker)])
      await mkdir(folder, { mode: 0o700 });
    for (const note of [paths.given(worker), paths.state(worker)]) await makeNote(note);
    const link = new WorkerLink({
      ...{ worker, paths, told, isRunningOut, clock: runtime.clock },
      root: () => signOf(runtime.paths.source),
      goneMs: (options.pods.goneSeconds ?? goneSeconds) * 1000,
      log: (level, text) => runtime.messages.log(level, text),
      number: () => {
        this.#lists += 1;
        return this.#lists;
      },
    });
    // A worker that is quick finds what it is told.
    await link.look();
    this.#links.push(link);
  }

  /** How many have taken part so far. */
  get come(): number {
    return this.#links.filter(({ hasCome }) => hasCome).length;
  }

  /** The worker that has a stream's place; undefined where that is the mover's own. @param stream from 1. */
  linkOf(stream: number, streams: readonly number[]): WorkerLink | undefined {
    let last = 0;
    for (const [pod, count] of streams.entries()) {
      last += count;
      if (stream <= last) return pod === 0 ? undefined : this.#links[pod - 1];
    }
    return undefined;
  }

  /** Looks at all of them until the signal ends that. Never rejects. */
  async watch(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#links.map((link) => link.watch(signal)));
  }

  /**
   * Takes the folder away: whoever is taken for gone and lives after all has nothing to put in place any more, and
   * the closing pass has the target to itself.
   */
  close(): Promise<boolean> {
    return this.#parts.staging.closeWork();
  }
}
