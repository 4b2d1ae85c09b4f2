/** Keeps two endpoints the same: looks, reconciles, carries out, and begins again whenever something changes. */
import { SerialQueue } from '../../../src/async/serial-queue.ts';
import type { Clock } from '../../../src/clock.ts';
import type { RecentChanges } from '../reconcile/losses.ts';
import { type Outcome, pathsOf } from '../reconcile/operations.ts';
import { type Change, type Conflict, type Mode, type Plan, SettledMemo } from '../reconcile/reconcile.ts';
import { difference, type Edit } from '../reconcile/tree.ts';
import { Debounce } from '../sync/debounce.ts';
import type { Endpoint, KeepingEndpoint } from '../sync/endpoint.ts';
import type { AncestorStore } from './ancestor-store.ts';
import type { Attempts } from './attempts.ts';
import { Exchange } from './exchange.ts';
import { Hold } from './hold.ts';
import { isDone, isSameLook, isStale, isUnfinished, type Look } from './look.ts';
import { Notices } from './notices.ts';
import { gitIsBusy, lookPastGit } from './past-git.ts';
import { planFor, sidesFrom } from './planning.ts';
import { Resolutions } from './resolutions.ts';
import { Restless } from './restless.ts';
import { Retry } from './retry.ts';
import type { StartUp } from './start-up.ts';
import {
  brakeMessage,
  conflictStates,
  noState,
  type Place,
  problemsOf,
  type Sides,
  type SyncState,
  standing,
} from './state.ts';
import { SyncMemory } from './sync-memory.ts';

export interface SynchronizerOptions {
  readonly local: KeepingEndpoint;
  readonly container: Endpoint;
  readonly ancestor: AncestorStore;
  readonly binding: string;
  readonly mode: Mode;
  /** The side that wins, or that a one-way sync comes from. */
  readonly from: Place;
  /** The container has just begun. */
  readonly startUp?: StartUp | undefined;
  /** The mode of the first reconciliation, and until a new container has started, where it is another one. */
  readonly firstMode?: Mode | undefined;
  /** Let `.git` come from the container. */
  readonly takeGit: boolean;
  /** Bytes that each side's trash may hold. */
  readonly trashLimits: Readonly<Record<Place, number>>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onState: (state: SyncState) => void;
  /** Called when the first reconciliation was carried out, as far as it could be. */
  readonly onFirstDone?: () => void;
  /** What earlier streams to this container have left unanswered; outlives this one. */
  readonly attempts?: Attempts;
  /** What was carried over to each side just now, by earlier streams, too. */
  readonly recent?: Readonly<Record<Place, RecentChanges>>;
  /** Told the paths that are about to change in the container; may end this by the signal before any of them does. */
  readonly onPlanned?: (paths: Iterable<string>) => void;
  /** Told what a person is to know of, and nothing is to be done about. */
  readonly onNotice?: (line: string) => void;
  /** Told the paths that both sides have come to agree on. */
  readonly onLearned?: (paths: readonly string[]) => void;
}

/** A save is seen this many milliseconds after it was made; a flood of changes in parts this long. */
const [quiet, cap] = [4, 250];
/** A flush looks so many times for what is left to do, and waits so many milliseconds after a failure. */
const [flushRounds, flushPause] = [6, 200];
/** A flush asks this often whether a container has started, in milliseconds. */
const startPause = 500;
/** How often a side that may need a look without a hint is asked, in milliseconds. */
const idleLook = 2000;

export class Synchronizer {
  readonly #options: SynchronizerOptions;
  readonly #sides: Sides;
  readonly #memo = new SettledMemo();
  readonly #debounce: Debounce;
  readonly #resolutions: Resolutions;
  #state: SyncState = noState;
  #conflicts: readonly Conflict[] = [];
  #isFirst = true;
  readonly #hold: Hold;
  readonly #retry: Retry;
  readonly #restless: Restless;
  readonly #notices: Notices;
  readonly #exchange: Exchange;
  #paused = false;
  /** Changes that wait until the container has started. */
  #waiting = 0;
  /** What both sides were when something could not be done. */
  #failed: Look | undefined;
  readonly #working = new SerialQueue();
  #fail: (error: unknown) => void = () => {};

  constructor(options: SynchronizerOptions) {
    this.#options = options;
    this.#sides = sidesFrom(options.from);
    this.#resolutions = new Resolutions(this.#sides);
    const { trashLimits: limits, recent = new SyncMemory().recent, clock, signal } = options;
    this.#hold = new Hold({ sides: this.#sides, limits, recent });
    // A full disk leaves nothing to see.
    this.#retry = new Retry(clock, signal, () => this.#debounce.hint(true));
    this.#exchange = new Exchange({
      ...options,
      onLearned: (edits) => this.#learn(edits),
      onDone: (to, count) => {
        const counter = to === 'container' ? 'sent' : 'received';
        this.#tell({ [counter]: this.#state[counter] + count });
      },
    });
    this.#restless = new Restless(clock, signal, () => this.#debounce.hint(true));
    this.#notices = new Notices(this.#sides, (line) => options.onNotice?.(line));
    this.#debounce = new Debounce({
      quiet,
      cap,
      isBusy: () => options.local.isBusy,
      run: () =>
        this.#inTurn(() => this.#unlessHeld(() => this.#cycleOnNews())).catch((error) => this.#fail(error)),
    });
  }

  get state(): SyncState {
    return this.#state;
  }

  /** Syncs until the signal says stop. Rejects where a side fails: the stream broke, the root is gone. */
  async run(): Promise<void> {
    const { local, container, signal } = this.#options;
    const failed = new Promise<never>((_, reject) => {
      this.#fail = reject;
    });
    failed.catch(() => {});
    const stop = new AbortController();
    local.onHint = () => this.#debounce.hint();
    container.onHint = () => this.#debounce.hint(true);
    try {
      await Promise.race([this.#inTurn(() => this.#unlessHeld(() => this.#cycle())), failed]);
      // Once: every race with a promise that lasts leaves something with it.
      await Promise.race([this.#lookNowAndThen(AbortSignal.any([signal, stop.signal])), failed]);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      stop.abort();
      this.#debounce.close();
      await this.#working.idle();
    }
  }

  async #lookNowAndThen(signal: AbortSignal): Promise<void> {
    const { local, clock } = this.#options;
    while (!signal.aborted) {
      const wasStarting = this.#isStarting;
      await clock.sleep(idleLook, signal);
      if (isStale(local) || wasStarting !== this.#isStarting) this.#debounce.hint(true);
    }
  }

  /** The container writes what it is started with. */
  get #isStarting(): boolean {
    const { startUp, clock } = this.#options;
    return startUp?.isUnderWay(clock.monotonic()) ?? false;
  }

  get #mode(): Mode {
    const { firstMode, mode } = this.#options;
    return firstMode !== undefined && (this.#isFirst || this.#isStarting) ? firstMode : mode;
  }

  /**
   * Looks at everything on both sides and returns when there is nothing left to do, or what keeps it: `waiting`, where
   * git did not let go of the files in time.
   */
  async flush(): Promise<SyncState> {
    const isPastGit = await this.#inTurn(() => this.#untilDone());
    return isPastGit ? this.#state : { ...this.#state, phase: 'waiting', message: gitIsBusy };
  }

  /**
   * What failed because it was being written to is tried again; what fails again, unchanged, is left. Returns whether
   * git let it.
   */
  async #untilDone(): Promise<boolean> {
    const { local, container, clock, signal } = this.#options;
    let failed: Look | undefined;
    for (let round = 0; round < flushRounds; round++) {
      const everything = round === 0 || failed !== undefined;
      const look = () => Promise.all([local.refresh(everything), container.refresh(everything)]);
      if (!(await this.#pastGit(look))) return false;
      const count = await this.#cycle();
      if (this.#waiting > 0) {
        await clock.sleep(startPause, signal);
        round = 0;
        continue;
      }
      if (count === 0 || (failed && this.#failed && isSameLook(failed, this.#failed))) return true;
      failed = this.#failed;
      if (failed) await clock.sleep(flushPause, signal);
    }
    return true;
  }

  /** Looks while git does nothing. Returns false where it was not done in time: then all is done once it is. */
  async #pastGit(look?: () => Promise<unknown>): Promise<boolean> {
    const [isBusy, isIdle] = [() => this.#debounce.isHeldByGit(), () => this.#paused];
    const isPast = await lookPastGit({ ...this.#options, isBusy, isIdle }, look);
    if (!isPast) this.#debounce.hint(true);
    return isPast;
  }

  /** Git may have begun before the turn came; others do not wait for theirs until it is done. */
  async #unlessHeld(cycle: () => Promise<unknown>): Promise<void> {
    if (this.#debounce.isHeldByGit()) this.#debounce.hint(true);
    else await cycle();
  }

  async #cyclePastGit(): Promise<void> {
    if (await this.#pastGit()) await this.#cycle();
  }

  /** Begins nothing any more; resolves when what is under way has come to its end. */
  async pause(): Promise<void> {
    this.#paused = true;
    await this.#inTurn(async () => {
      if (this.#paused) this.#tell({ phase: 'paused', message: 'paused by you' });
    });
  }

  /** Goes on; where a brake holds it, only if the person confirms it, and no more goes than was known by then. */
  async resume(confirm: boolean): Promise<SyncState> {
    this.#paused = false;
    if (confirm) this.#hold.confirm();
    return await this.flush();
  }

  /** Decides a conflict. Returns whether there is one at this path. */
  async resolve(path: string, winner: Place): Promise<boolean> {
    const conflict = this.#conflicts.find((one) => one.path === path);
    if (conflict === undefined) return false;
    this.#resolutions.decide(conflict, winner);
    await this.#inTurn(() => this.#cyclePastGit());
    return true;
  }

  /** Decides all conflicts that there are, also those that are not listed. Resolves with the paths of those it settled. */
  async resolveAll(winner: Place): Promise<string[]> {
    const all = this.#conflicts;
    for (const conflict of all) this.#resolutions.decide(conflict, winner);
    await this.#inTurn(() => this.#cyclePastGit());
    const left = new Set(this.#conflicts.map(({ path }) => path));
    return all.map(({ path }) => path).filter((path) => !left.has(path));
  }

  /** Forgets what both sides agreed on: the next sync deletes nothing, and lists every difference. */
  async reset(): Promise<SyncState> {
    await this.#inTurn(async () => this.#options.ancestor.begin(this.#options.binding, undefined));
    return await this.flush();
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    return this.#working.run(run);
  }

  /** A hint that brought nothing new does not make what has just failed worth another attempt. */
  async #cycleOnNews(): Promise<void> {
    const { local } = this.#options;
    if (!this.#paused) await local.refresh();
    if (this.#failed === undefined || this.#retry.isDue || !isSameLook(this.#failed, this.#look()))
      await this.#cycle(false);
  }

  #look(): Look {
    const { local, container, ancestor } = this.#options;
    return [local.tree, container.tree, ancestor.tree];
  }

  /** What it shows of what was sent to it, and of what it has written while it starts up: no edits of anybody. */
  #learnFromContainer(): void {
    const { container, ancestor, attempts, startUp, clock } = this.#options;
    this.#learn(attempts?.done(container.tree, ancestor.tree) ?? []);
    if (startUp === undefined) return;
    const next = startUp.ancestorFor(container.tree, ancestor.tree, clock.monotonic());
    this.#learn([...difference(ancestor.tree, next)]);
  }

  /** Without what a container that starts up may be in the middle of writing. */
  #finished(incoming: readonly Change[]): readonly Change[] {
    const { startUp } = this.#options;
    return startUp === undefined ? incoming : incoming.filter((change) => !startUp.mayBeUnfinished(change));
  }

  /**
   * Returns the number of changes that there were to be carried out.
   *
   * @param isAsked a person wants it now: what changes all the time does not wait either.
   */
  async #cycle(isAsked = true): Promise<number> {
    this.#waiting = 0;
    if (!this.#paused) await this.#options.local.refresh();
    this.#learnFromContainer();
    if (this.#paused) return 0;
    this.#retry.begin();
    const plan = this.#plan();
    this.#note(plan);
    if (this.#isHeldBy(plan)) return 0;
    this.#notices.tell(plan);
    this.#learn(plan.ancestor);
    const incoming = plan[this.#sides.local];
    const finished = { local: this.#finished(incoming), container: plan[this.#sides.container] };
    this.#waiting = incoming.length - finished.local.length;
    const changes = this.#restless.due(finished, isAsked);
    const count = changes.local.length + changes.container.length;
    this.#options.onPlanned?.(pathsOf(changes.container));
    this.#options.signal.throwIfAborted();
    if (count > 0) this.#tell({ phase: 'syncing', message: `${count} changes` });
    const outcomes = count > 0 ? await this.#carryOutBoth(changes) : { local: [], container: [] };
    this.#restless.sent();
    this.#endFirst();
    this.#resolutions.clear();
    this.#failed = isUnfinished(outcomes) ? this.#look() : undefined;
    this.#rest(outcomes);
    return count;
  }

  /** Whether a person is to be asked before a plan is carried out. */
  #isHeldBy(plan: Plan): boolean {
    const brake = this.#hold.check(plan, this.#trees, this.#options.clock.monotonic());
    if (brake) this.#tell({ phase: 'held', message: brakeMessage(brake, this.#sides) });
    return brake !== undefined;
  }

  #endFirst(): void {
    if (!this.#isFirst) return;
    this.#isFirst = false;
    this.#options.startUp?.reconciled();
    this.#options.onFirstDone?.();
  }

  #plan(): Plan {
    const { takeGit, from } = this.#options;
    return planFor(this.#trees, {
      mode: this.#mode,
      from,
      takeGit,
      memo: this.#memo,
      resolution: (conflict) => this.#resolutions.winnerOf(conflict),
    });
  }

  get #trees() {
    const { local, container, ancestor } = this.#options;
    return { local: local.tree, container: container.tree, ancestor: ancestor.tree };
  }

  async #carryOutBoth(changes: Record<Place, readonly Change[]>): Promise<Record<Place, Outcome[]>> {
    const { ancestor, binding } = this.#options;
    const outcomes = await this.#exchange.run(changes, ancestor.tree);
    if (ancestor.isLong) ancestor.begin(binding, ancestor.tree);
    return outcomes;
  }

  #learn(edits: readonly Edit[]): void {
    if (edits.length === 0) return;
    this.#options.ancestor.learn(edits);
    this.#options.onLearned?.(edits.map(([path]) => path));
  }

  #note(plan: Plan): void {
    this.#conflicts = plan.conflicts;
    const { length: conflictCount } = plan.conflicts;
    this.#tell({ conflicts: conflictStates(plan.conflicts, this.#sides), conflictCount });
  }

  #rest(outcomes: Record<Place, Outcome[]>): void {
    const { isFirst } = this.#retry;
    const problems = (['local', 'container'] as const)
      .flatMap((place) => problemsOf(outcomes[place], place))
      .map((one) => (isFirst ? { ...one, passing: true } : one));
    const done = [...outcomes.local, ...outcomes.container].filter(isDone).length;
    const { local, container, clock } = this.#options;
    const seen = standing(local, container);
    this.#tell({
      phase: 'watching',
      message: this.#restless.words,
      ...seen,
      problems: [...problems, ...seen.problems],
      ...(done > 0 && { lastChange: clock.now().toISOString() }),
    });
    if (problems.length > 0) this.#retry.plan();
    else this.#retry.reset();
  }

  #tell(change: Partial<SyncState>): void {
    this.#state = { ...this.#state, ...change };
    this.#options.onState(this.#state);
  }
}
