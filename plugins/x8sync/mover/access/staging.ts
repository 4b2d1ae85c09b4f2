/**
 * The staging folder in the target volume: unfinished files, and how far this task is. Gone when the task is done.
 *
 * Phases: `wiping` (mode force, the target may be half empty), then `copying`. A run that finds its own task in
 * `copying` never wipes again.
 */
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { lstat, mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { overName, type Paths, stagingName, workName } from '../system/paths.ts';
import { run } from '../system/programs.ts';
import { modifiedAt, setModified, timeKept } from '../system/times.ts';
import { MoverExit } from './exit.ts';

export type Phase = 'wiping' | 'copying';

/** What may be in a staging folder that has no mark yet: what is made before the mark. */
const unmarked = /^(tmp|partial|state\.new|mark-.*)$/;
const word = 'x8sync';

export class StagingFolder {
  /** Whether this run has opened it. */
  opened = false;
  /** The time of the target's root before this run opened the folder. */
  #rootTime: string | undefined;
  readonly #paths: Paths;
  readonly #task: string;

  constructor(paths: Paths, task: string) {
    this.#paths = paths;
    this.#task = task;
  }

  /** Its name in the target's root. */
  get name(): string {
    return stagingName;
  }

  get path(): string {
    return this.#paths.staging;
  }

  /** For files that rsync is at. */
  get temporary(): string {
    return `${this.path}/tmp`;
  }

  /** For files that it could not finish. */
  get partial(): string {
    return `${this.path}/partial`;
  }

  get #state(): string {
    return `${this.path}/state`;
  }

  /**
   * Makes it ready for this task: another task's remains go, this task's unfinished files stay. Resolves with the
   * phase that this task had reached, if any.
   *
   * @throws MoverExit where what is there is not ours, or it can't be written.
   */
  async open(): Promise<Phase | undefined> {
    if (!this.#isOurs())
      throw new MoverExit('refused', `${this.path} exists and was not made by x8sync: move it away`);
    const phase = this.#readPhase();
    this.#rootTime = await modifiedAt(this.#paths.target);
    this.opened = true;
    if (phase === undefined) await this.#remove(this.temporary, this.partial);
    if (!(await this.closeWork())) throw new MoverExit('io', `${this.path}/${workName} could not be removed`);
    try {
      for (const folder of [this.temporary, this.partial])
        await mkdir(folder, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw new MoverExit('refused', `${this.path} can't be written: ${(error as Error).message}`);
    }
    await this.adoptOrphans();
    return phase;
  }

  #isOurs(): boolean {
    const found = lstatSync(this.path, { throwIfNoEntry: false });
    if (!found) return true;
    if (!found.isDirectory()) return false;
    if (this.mark().startsWith(`${word} `)) return true;
    // Files come after the mark, and go before it: without one, they are somebody's.
    const isEmpty = (path: string) => {
      const there = lstatSync(path, { throwIfNoEntry: false });
      return !there || (there.isDirectory() && readdirSync(path).length === 0);
    };
    return (
      readdirSync(this.path).every((name) => unmarked.test(name)) &&
      isEmpty(this.temporary) &&
      isEmpty(this.partial)
    );
  }

  /** What its file of the phase holds; empty where there is none. */
  mark(): string {
    try {
      return lstatSync(this.#state).isFile() ? readFileSync(this.#state, 'utf8') : '';
    } catch {
      return '';
    }
  }

  #readPhase(): Phase | undefined {
    const [first, phase, task] = this.mark().trim().split(' ');
    if (first !== word || task !== this.#task) return undefined;
    return phase === 'wiping' || phase === 'copying' ? phase : undefined;
  }

  /** @throws MoverExit where it can't be written. */
  async note(phase: Phase): Promise<void> {
    try {
      await writeFile(`${this.#state}.new`, `${word} ${phase} ${this.#task}\n`, { mode: 0o600 });
      await rename(`${this.#state}.new`, this.#state);
    } catch {
      throw new MoverExit('io', `${this.path} can't be written`);
    }
  }

  /** A killed rsync leaves `name.XXXXXX` in its temporary folder; as a partial file its bytes count again. */
  async adoptOrphans(): Promise<void> {
    for (const orphan of await readdir(this.temporary, { encoding: 'buffer' })) {
      // Names may be of any bytes; as Latin-1 each is one character.
      const [, name] = /^(.+)\.[^.]{6}$/s.exec(orphan.toString('latin1')) ?? [];
      const from = Buffer.concat([Buffer.from(`${this.temporary}/`), orphan]);
      if (name === undefined || !(await lstat(from)).isFile()) continue;
      await rename(from, Buffer.concat([Buffer.from(`${this.partial}/`), Buffer.from(name, 'latin1')]));
    }
  }

  /**
   * Takes it away without a trace: the root folder's time is what the copy made it, where we may set it.
   * Resolves with whether that went well.
   */
  async close(): Promise<boolean> {
    if (!existsSync(this.path)) return true;
    return timeKept(
      this.#paths.target,
      async () => (await this.#remove(this.temporary, this.partial)) && this.#remove(this.path),
    );
  }

  /**
   * Takes away what the mover and workers of this run, or of an earlier one, have to do with each other. It gets another
   * name first: a worker that goes on regardless finds neither its lists nor its unfinished files under their names.
   * Resolves with whether that went well.
   */
  async closeWork(): Promise<boolean> {
    const [work, over] = [`${this.path}/${workName}`, `${this.path}/${overName}`];
    if (existsSync(over) && !(await this.#remove(over))) return false;
    if (!existsSync(work)) return true;
    try {
      await rename(work, over);
    } catch {
      return false;
    }
    return this.#remove(over);
  }

  /** Takes it away from a target that nothing was copied to. */
  async abandon(): Promise<void> {
    await this.close();
    if (this.#rootTime !== undefined) await setModified(this.#paths.target, this.#rootTime);
  }

  /** By `rm`, which stays on the one file system, and takes names of any bytes. */
  async #remove(...paths: readonly string[]): Promise<boolean> {
    return (await run('rm', ['-rf', '--one-file-system', ...paths])).code === 0;
  }
}
