/** Keeps two endpoints the same: looks, reconciles, carries out, and begins again whenever something changes. */
import { SerialQueue } from '../../../../src/async/serial-queue.ts';
import { type Edit, lookup } from '../../reconcile/tree.ts';
import { Debounce } from '../../sync/scan/debounce.ts';
import type { Side, SyncState } from '../status/state.ts';
import { isStale } from '../transfers/tree-snapshot.ts';
import { flushUntilDone } from './flush.ts';
import { GitWait, gitIsBusy } from './git-wait.ts';
import type { Settling } from './settle.ts';
import { type CycleOptions, SyncCycle } from './sync-cycle.ts';

/** A save is seen this many milliseconds after it was made; a flood of changes in parts this long. */
const [quietTime, maxDelay] = [4, 250];
/** How often a side that may need a look without a hint is asked, in milliseconds. */
const idleCheckInterval = 2000;

export class Synchronizer {
  readonly #options: CycleOptions;
  readonly #debounce: Debounce;
  readonly #cycle: SyncCycle;
  readonly #git: GitWait;
  #paused = false;
  readonly #working = new SerialQueue();
  /** Aborted when this has come to its end, whatever ended it. */
  readonly #over = new AbortController();
  #fail: (error: unknown) => void = () => {};

  constructor(options: CycleOptions) {
    this.#options = options;
    const { clock, signal } = options;
    const hint = () => this.#debounce.hint(true);
    this.#cycle = new SyncCycle(options, {
      hint,
      isPaused: () => this.#paused,
      again: () => this.#serially(() => this.#git.unlessBusy(() => this.#cycle.run(false))),
      fail: (error) => this.#fail(error),
      over: this.#over.signal,
    });
    this.#git = new GitWait({
      clock,
      signal,
      isBusy: () => this.#debounce.isHeldByGit(),
      isIdle: () => this.#paused,
      onHeld: hint,
    });
    this.#debounce = new Debounce({
      quiet: quietTime,
      cap: maxDelay,
      isBusy: () => options.local.isBusy,
      run: () =>
        this.#serially(() => this.#git.unlessBusy(() => this.#cycle.runOnHint())).catch((error) =>
          this.#fail(error),
        ),
    });
  }

  get state(): SyncState {
    return this.#cycle.reporter.state;
  }

  /** Syncs until the signal says stop. Rejects where a side fails: the stream broke, the root is gone. */
  async run(): Promise<void> {
    const { local, container, signal } = this.#options;
    const { promise: failed, reject } = Promise.withResolvers<never>();
    failed.catch(() => {});
    this.#fail = reject;
    const stop = new AbortController();
    local.onHint = () => this.#debounce.hint();
    container.onHint = () => this.#debounce.hint(true);
    try {
      const first = () => this.#git.unlessBusy(() => this.#cycle.run(true, true));
      await Promise.race([this.#serially(first), failed]);
      // Once: every race with a promise that lasts leaves something with it.
      await Promise.race([this.#checkPeriodically(AbortSignal.any([signal, stop.signal])), failed]);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      stop.abort();
      this.#over.abort(signal.reason);
      this.#debounce.close();
      await this.#working.idle();
      await this.#cycle.large.idle();
    }
  }

  async #checkPeriodically(signal: AbortSignal): Promise<void> {
    const { local, clock } = this.#options;
    while (!signal.aborted) {
      const wasStarting = this.#cycle.agreement.isStarting;
      await clock.sleep(idleCheckInterval, signal);
      if (isStale(local) || wasStarting !== this.#cycle.agreement.isStarting) this.#debounce.hint(true);
    }
  }

  /**
   * Looks at everything on both sides and returns when there is nothing left to do, or what keeps it: `waiting`, where
   * git did not let go of the files in time.
   */
  async flush(): Promise<SyncState> {
    // Small changes go on while large files are on their way.
    await this.#cycle.large.idle();
    let isPastGit = await this.#serially(() => this.#untilDone(true));
    if (this.#cycle.large.count > 0) {
      await this.#cycle.large.idle();
      isPastGit = await this.#serially(() => this.#untilDone(false));
    }
    return isPastGit ? this.state : { ...this.state, phase: 'waiting', message: gitIsBusy };
  }

  /** @param mayGoBeside it ends as soon as large files are on their way. */
  #untilDone(mayGoBeside: boolean): Promise<boolean> {
    const { local, container, clock, signal } = this.#options;
    const refresh = async (everything: boolean) => {
      if (!mayGoBeside) await this.#cycle.large.idle();
      return await this.#git.after(() =>
        Promise.all([local.refresh(everything), container.refresh(everything)]),
      );
    };
    const cycle = async () => {
      const changes = await this.#cycle.run(true, mayGoBeside);
      return { changes, ...this.#cycle.left, beside: this.#cycle.large.count };
    };
    return flushUntilDone({ refresh, cycle, clock, signal });
  }

  async #cycleAfterGit(): Promise<void> {
    if (await this.#git.after()) await this.#cycle.run();
  }

  /** Begins nothing any more; resolves when what is under way has come to its end. */
  async pause(): Promise<void> {
    this.#paused = true;
    await this.#cycle.large.idle();
    await this.#serially(async () => {
      if (this.#paused) this.#cycle.reporter.paused();
    });
  }

  /** Goes on; where a brake holds it, only if the person confirms it, and no more goes than was known by then. */
  async resume(confirm: boolean): Promise<SyncState> {
    this.#paused = false;
    if (confirm) this.#cycle.hold.confirm();
    return await this.flush();
  }

  /** Decides a conflict. Returns whether there is one at this path. */
  async resolve(path: string, winner: Side): Promise<boolean> {
    const isConflict = this.#cycle.resolutions.decide(path, winner);
    if (isConflict) await this.#serially(() => this.#cycleAfterGit());
    return isConflict;
  }

  /** Decides all conflicts, also those that are not listed. Resolves with the paths of those that it settled. */
  async resolveAll(winner: Side): Promise<string[]> {
    const decided = this.#cycle.resolutions.decideAll(winner);
    await this.#serially(() => this.#cycleAfterGit());
    return this.#cycle.resolutions.settled(decided);
  }

  /** Works on one conflict while nothing else is done, and reconciles then. Rejects where there is none at the path. */
  async settle<T>(path: string, work: (settling: Settling) => Promise<T>): Promise<T> {
    return await this.#serially(async () => {
      const { phase, message } = this.state;
      if (this.#paused || phase === 'held')
        throw new Error(`it is ${this.#paused ? 'paused' : `held: ${message}`}`);
      if (!(await this.#git.after())) throw new Error(gitIsBusy);
      const conflict = this.#cycle.resolutions.at(path);
      if (conflict === undefined) throw new Error(`there is no conflict at ${path || '.'}`);
      const sides = {
        local: conflict[this.#cycle.roles.local],
        container: conflict[this.#cycle.roles.container],
      };
      const ancestor = lookup(this.#cycle.agreement.tree, path);
      const record = (edits: readonly Edit[]) => this.#cycle.agreement.record(edits);
      const done = await work({ ...sides, ancestor, name: this.#cycle.exchange.operationName(), record });
      await this.#cycle.run();
      return done;
    });
  }

  /** Forgets what both sides agreed on: the next sync deletes nothing, and lists every difference. */
  async reset(): Promise<SyncState> {
    await this.#serially(async () => {
      await this.#cycle.large.idle();
      this.#cycle.agreement.forget();
    });
    return await this.flush();
  }

  #serially<T>(run: () => Promise<T>): Promise<T> {
    return this.#working.run(run);
  }
}
