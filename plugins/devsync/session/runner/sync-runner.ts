/** One sync for as long as it is wanted: finds its container, attaches, syncs, and begins again after a loss. */
import { GrowingPauses } from '../../../../src/async/back-off.ts';
import type { Target } from '../../launch/launcher.ts';
import type { StartupGate } from '../../launch/startup-gate.ts';
import { Reloader, type ReloadState } from '../../reload/reloader.ts';
import { Bases } from '../ancestor/bases.ts';
import { SyncMemory } from '../ancestor/sync-memory.ts';
import { type Attached, attach, sizeOf } from '../attach/attach.ts';
import type { RemoteMovedError } from '../attach/remote-root.ts';
import type { Synchronizer } from '../cycle/synchronizer.ts';
import { Activity } from '../status/activity.ts';
import { pausedByYou, type SyncState, undoneIn } from '../status/state.ts';
import { StatusLines } from '../status/status-lines.ts';
import type { ContentsShare } from '../transfers/shared-contents.ts';
import { attemptFailure, pauseAfter } from './attempt-failure.ts';
import { ChosenContainer, noContainer } from './chosen-container.ts';
import { namingLock, whileGitWorks } from './git-at-work.ts';
import { KeptPlace } from './kept-place.ts';
import { guardLine } from './line-guard.ts';
import { PauseMark } from './pause-mark.ts';
import type { RunnerOptions } from './runner-options.ts';
import {
  awaitsWriter,
  noRunnerState,
  type RunnerState,
  type RunningSync,
  withAttached,
} from './runner-state.ts';
import { synchronizerFor } from './synchronizer-for.ts';
import { type Current, SynchronizerSlot } from './synchronizer-slot.ts';
import { tellProgress } from './tell-progress.ts';
import { isTurn, lossOf, otherRules, tellReplaced, untilReplaced, untilSettled } from './until-replaced.ts';

/** Between attempts; longer after each one that came to nothing. */
const pause = { firstMs: 500, mostMs: 15_000 };
/** How long it may take to let go of both sides, in milliseconds. */
const detachLimit = 3_000;

export class SyncRunner implements RunningSync {
  readonly #options: RunnerOptions;
  #state: RunnerState = noRunnerState;
  readonly #chosen = new ChosenContainer();
  readonly #place: KeptPlace;
  #attached: Attached | undefined;
  readonly #slot: SynchronizerSlot;
  /** Why it could not attach, which is said once. */
  #lastMessage = '';
  readonly #statusLines = new StatusLines();
  readonly #memory: SyncMemory;
  readonly #activity: Activity;
  readonly #bases: Bases;
  readonly #pauseMark: PauseMark;
  #reloader: Reloader | undefined;
  /** REMOTE leads elsewhere, and a person is to say whether it goes on there. */
  #remoteMoved: RemoteMovedError | undefined;
  /** The last attempt failed as the cluster did not answer. */
  #isOutOfReach = false;
  /** Aborted when what is under way towards the next synchronizer, or waited for, is to be given up. */
  #attempt = new AbortController();
  /** Both sides were the same since it attached: a loss after that is no sign of a loss to come. */
  #wasInSync = false;
  readonly #ended = new AbortController();
  readonly #signal: AbortSignal;

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#signal = AbortSignal.any([options.signal, this.#ended.signal]);
    this.#memory = options.memory ?? new SyncMemory();
    this.#activity = new Activity(options.clock);
    this.#bases = new Bases({
      folder: options.folder,
      root: options.spec.local.path,
      trustsGit: !options.spec.takeGit,
    });
    this.#pauseMark = new PauseMark(options.syncFolder ?? options.folder);
    this.#place = new KeptPlace(options.claimPlace);
    this.#slot = new SynchronizerSlot(() => this.#chosen.refusal ?? this.#place.noContainer);
  }

  get state(): RunnerState {
    const state = { ...this.#state, activity: this.#activity.state };
    return this.#attached?.local.isBusy ? whileGitWorks(state, this.#options.spec.local.path) : state;
  }

  /** What talks to both sides right now; undefined while it waits for a pod. */
  get live(): Current | undefined {
    return this.#slot.current;
  }

  /**
   * As the synchronizer's flush; waits for the next synchronizer where there is none. Rejects where there is no
   * container, or it cannot be worked with. `waiting`: git did not let go of the files in time.
   */
  async flush(): Promise<SyncState> {
    if (this.#isAtRest) return this.state;
    const state = await this.#ask((synchronizer) => synchronizer.flush());
    return state ? namingLock(state, this.#options.spec.local.path) : this.#state;
  }

  /** Asks the synchronizer, or the next one. Undefined where it holds, as REMOTE leads elsewhere. */
  async #ask<T>(work: (synchronizer: Synchronizer) => Promise<T>): Promise<T | undefined> {
    try {
      return await this.#slot.ask(work);
    } catch (error) {
      if (this.#remoteMoved) return undefined;
      throw error;
    }
  }

  /** Whether a person has paused the sync. That outlives this process: only `resume` ends it. */
  get isPaused(): boolean {
    return this.#pauseMark.isSet;
  }

  /** Paused, and it works with no container: it begins nothing until it is resumed. */
  get #isAtRest(): boolean {
    return this.isPaused && this.#slot.current === undefined;
  }

  async pause(): Promise<void> {
    this.#pauseMark.set();
    if (this.#slot.current) return await this.#slot.current.synchronizer.pause();
    this.#attempt.abort();
    this.#rested();
  }

  #rested(): void {
    this.#update({ phase: 'paused', message: pausedByYou, pod: '', container: '' });
    this.#slot.fail(noContainer(pausedByYou));
  }

  async resume(confirm: boolean): Promise<void> {
    const [wasAtRest, { target, message }] = [this.#isAtRest, this.#chosen];
    this.#pauseMark.remove();
    this.#reloader?.resume();
    if (wasAtRest) this.#update({ phase: 'waiting', message });
    // Of several containers, one may wait for another one that is resumed after it.
    const isAwaited = wasAtRest || (confirm && this.#memory.confirmations.brake !== undefined);
    const isComing = isAwaited && target !== undefined && this.#options.common === undefined;
    // Where both sides are looked at anew right now, there is no synchronizer that could be told.
    if (confirm) this.#memory.confirmations.confirm();
    if (this.#remoteMoved && confirm) await this.#acceptMovedRemote(this.#remoteMoved);
    else if (this.#slot.current || isComing) await this.#ask((synchronizer) => synchronizer.resume(confirm));
  }

  async #acceptMovedRemote(moved: RemoteMovedError): Promise<void> {
    moved.accept();
    this.#remoteMoved = undefined;
    this.#attempt.abort();
    await this.#slot.ask((synchronizer) => synchronizer.resume(false));
  }

  /**
   * Runs until the signal says stop, and has let go of both sides then: another run may follow at once. Rejects only
   * where it can never work: pods may not be listed.
   */
  async run(): Promise<void> {
    const { signal } = this.#options;
    this.#reloader = this.#makeReloader();
    const following = this.#chosen.follow(this.#options, this.#memory, this.#signal);
    following.catch(() => {});
    const working = this.#work();
    try {
      await Promise.race([following, working]);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      this.#ended.abort(noContainer('it was stopped'));
      await untilSettled(working, detachLimit, this.#options.clock);
      this.#place.release();
      this.#update({ phase: 'stopped', message: '' });
      this.#slot.fail(noContainer('it was stopped'));
    }
  }

  #makeReloader(): Reloader | undefined {
    const { spec, clock } = this.#options;
    const onState = (reloads: readonly ReloadState[]) => this.#update({ reloads });
    const onGate = (gate: StartupGate | undefined) => this.#memory.holdBack(gate, clock.monotonic());
    return (
      spec.reload &&
      new Reloader({ ...this.#options, spec: spec.reload, signal: this.#signal, onState, onGate })
    );
  }

  async #work(): Promise<void> {
    const { clock, untilPodGoes } = this.#options;
    const signal = this.#signal;
    const pauses = new GrowingPauses(pause, clock);
    let served = false;
    while (!signal.aborted) {
      this.#attempt = new AbortController();
      if (this.isPaused) {
        this.#rested();
        await this.#pauseMark.untilRemoved(signal);
        continue;
      }
      const { target } = this.#chosen;
      if (target === undefined) {
        if (served && untilPodGoes) return;
        await this.#awaitChoice();
        continue;
      }
      [this.#wasInSync, this.#isOutOfReach] = [false, false];
      await this.#serve(target);
      served = true;
      if (untilPodGoes && !this.#chosen.is(target)) return;
      if (this.#wasInSync || this.#isOutOfReach) pauses.reset();
      if (signal.aborted || this.isPaused || !this.#chosen.is(target)) continue;
      const untilAborted = AbortSignal.any([signal, this.#attempt.signal]);
      if (this.#place.refusal) {
        this.#failed(this.#place.refusal);
        await this.#place.free(untilAborted, this.#chosen);
      } else await pauseAfter(this.#options, this.#isOutOfReach, pauses, untilAborted).catch(() => {});
    }
  }

  async #awaitChoice(): Promise<void> {
    const { message, refusal } = this.#chosen;
    this.#place.release();
    this.#update({ phase: 'waiting', message, pod: '', container: '' });
    if (refusal) this.#slot.fail(refusal);
    await this.#chosen.next(AbortSignal.any([this.#signal, this.#attempt.signal]));
  }

  /** Works with one container until it goes, the stream breaks, or the signal says stop. */
  async #serve(target: Target): Promise<void> {
    const { onLog, spec } = this.#options;
    const inTheWay = this.#place.keep(target, spec.remote);
    const signal = AbortSignal.any([this.#signal, this.#chosen.begin(), this.#attempt.signal, inTheWay]);
    const pod = target.pod.metadata.name;
    const update = (change: Partial<RunnerState>) => this.#remoteMoved === undefined && this.#update(change);
    update({ phase: 'connecting', message: '', pod, container: target.container });
    if (inTheWay.aborted) return;
    let share: ContentsShare | undefined;
    try {
      const own = { memory: this.#memory, onDetail: (message: string) => update({ message }) };
      const attached = await attach({ ...this.#options, ...own, target, signal });
      this.#attached = attached;
      [this.#lastMessage, this.#remoteMoved] = ['', undefined];
      onLog(`attached to ${pod}/${target.container} by ${attached.launched.launcher}: ${sizeOf(attached)}`);
      // Before its turn: what the writer sends meanwhile is kept for it as well.
      share = this.#options.common?.contents.join();
      const onWait = () => this.#update({ phase: 'waiting', message: awaitsWriter });
      if (await isTurn(attached, this.#options, signal, onWait))
        await this.#synchronize(attached, share, signal);
    } catch (error) {
      if (!signal.aborted) this.#failed(error);
    } finally {
      share?.leave();
      this.#slot.clear();
      this.#activity.lost();
      this.#reloader?.detach();
      await this.#attached?.close().catch(() => {});
      this.#attached = undefined;
    }
  }

  #failed(error: unknown): void {
    const { message, remoteMoved, isOutOfReach } = attemptFailure(error);
    if (message !== this.#lastMessage) this.#options.onLog(message);
    this.#lastMessage = message;
    [this.#remoteMoved, this.#isOutOfReach] = [remoteMoved, isOutOfReach];
    this.#update({ phase: remoteMoved ? 'held' : 'waiting', message });
    // A stream that broke says nothing about the next one.
    if (this.#slot.current === undefined) this.#slot.fail(noContainer(message));
  }

  async #synchronize(
    attached: Attached,
    shared: ContentsShare | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const { onLog } = this.#options;
    const stop = new AbortController();
    attached.begin();
    const synchronizer = synchronizerFor(attached, {
      ...this.#options,
      memory: this.#memory,
      shared,
      activity: this.#activity,
      bases: this.#bases,
      signal: AbortSignal.any([signal, stop.signal]),
      onState: (state) => this.#update(state),
      reloader: this.#reloader,
      onOtherRules: () => stop.abort(otherRules()),
    });
    this.#slot.fill({ synchronizer, attached, bases: this.#bases, replaced: stop.signal });
    this.#statusLines.begin();
    const state = withAttached(this.#state, attached);
    for (const remark of state.remarks) onLog(remark);
    this.#update(state);
    if (this.isPaused) await synchronizer.pause();
    const running = synchronizer.run();
    const guarding = guardLine(attached.launched.connection, { ...this.#options, signal: stop.signal });
    guarding.catch(() => {});
    tellProgress(this.#activity, { ...this.#options, signal: stop.signal }).catch(() => {});
    // The next one works with the same directory and the same ancestor: this one must have let go of them.
    const replaced = await untilReplaced(running, [lossOf(attached.launched), guarding], stop);
    if (replaced) tellReplaced(replaced, attached.ignoreFiles, this.#options);
  }

  #update(change: Partial<RunnerState>): void {
    this.#state = { ...this.#state, ...change };
    this.#wasInSync ||= change.phase === 'watching';
    const undone = change.phase === 'watching' ? undoneIn(this.#state) : undefined;
    if (undone !== undefined) this.#reloader?.inSync(undone);
    const line = this.#statusLines.of(this.#state);
    if (line !== undefined) this.#options.onLog(line);
    this.#options.onState?.(this.#state);
  }
}
