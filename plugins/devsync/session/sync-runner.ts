/** One sync for as long as it is wanted: finds its container, attaches, syncs, and begins again after a loss. */
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../../src/clock.ts';
import { messageOf, X8sError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/client.ts';
import type { Target } from '../launch/launcher.ts';
import type { SyncSpec } from '../spec/spec.ts';
import { findGitDirectory } from '../sync/git.ts';
import { shorten } from '../sync/system-error.ts';
import { type Attached, attach, sizeOf } from './attach.ts';
import { gitIsBusy } from './git-wait.ts';
import { type Choice, followTarget } from './pods.ts';
import { RemoteMovedError } from './remote-root.ts';
import { noState, type Side, type SyncState } from './state.ts';
import { StatusLines } from './status-lines.ts';
import { SyncMemory } from './sync-memory.ts';
import { Synchronizer } from './synchronizer.ts';

export interface RunnerOptions {
  readonly kube: KubeClient;
  readonly namespace: string;
  readonly name: string;
  readonly spec: SyncSpec;
  readonly folder: string;
  /** Where it keeps what belongs to all of them. */
  readonly stateFolder: string;
  /** Where what is kept of LOCAL may be. */
  readonly metadataCandidates: readonly string[];
  readonly bundle: string;
  readonly image: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Stop when the first pod that it worked with is gone. */
  readonly untilPodGoes?: boolean;
  /** Of an earlier runner of this sync. */
  readonly memory?: SyncMemory;
  readonly onLog: (line: string) => void;
}

/** What a running sync tells beyond its state. */
export interface RunnerState extends SyncState {
  readonly pod: string;
  readonly container: string;
  readonly launcher: string;
  readonly location: string;
  /** Where each side keeps its trash and what is on its way; empty before it is known. */
  readonly metadataFolders: Readonly<Record<Side, string>>;
  /** What is not as it should be there, for a person. */
  readonly remarks: readonly string[];
  readonly refusals: readonly { readonly launcher: string; readonly reason: string }[];
}

const undecided: Choice = { target: undefined, message: 'looking for a pod' };

/** A flush outlives so many losses of its stream. */
const flushAttempts = 3;

const noContainer = (words: string) => new X8sError(`nothing can be synced right now: ${words}`);

/** Milliseconds between attempts; longer after each one that came to nothing. */
const [firstPause, lastPause] = [500, 15_000];
/** Milliseconds for taking leave of both sides. */
const detachLimit = 3_000;

export class SyncRunner {
  readonly #options: RunnerOptions;
  #state: RunnerState = {
    ...noState,
    pod: '',
    container: '',
    launcher: '',
    location: '',
    metadataFolders: { local: '', container: '' },
    remarks: [],
    refusals: [],
  };
  #choice: Choice = undecided;
  #chosen: () => void = () => {};
  #attached: Attached | undefined;
  #synchronizer: Synchronizer | undefined;
  /** Aborted when the synchronizer has to give way to another one, as when the rules of what is ignored change. */
  #synchronizerStop = new AbortController();
  /** Why it could not attach, which is said once. */
  #lastMessage = '';
  readonly #waiters: { resolve: (life: Synchronizer) => void; reject: (why: Error) => void }[] = [];
  readonly #statusLines = new StatusLines();
  readonly #memory: SyncMemory;
  /** REMOTE leads elsewhere, and a person is to say whether it goes on there. */
  #remoteMoved: RemoteMovedError | undefined;
  /** Aborted when the next attempt is worth making now. */
  #retryPause = new AbortController();
  /** Both sides were the same since it attached: a loss after that is no sign of a loss to come. */
  #wasInSync = false;
  /** Aborted when the container that is worked with is not the chosen one any more. */
  #current = new AbortController();
  readonly #ended = new AbortController();
  readonly #signal: AbortSignal;

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#signal = AbortSignal.any([options.signal, this.#ended.signal]);
    this.#memory = options.memory ?? new SyncMemory();
  }

  get state(): RunnerState {
    const { phase } = this.#state;
    // What is seen while git is at work is carried over later.
    if ((phase !== 'watching' && phase !== 'scanning') || !this.#attached?.local.isBusy) return this.#state;
    return { ...this.#state, phase: 'waiting', message: this.#gitWords };
  }

  get #gitWords(): string {
    const lock = join(findGitDirectory(this.#options.spec.local.path) ?? '', 'index.lock');
    return `${gitIsBusy}: it holds ${lock}`;
  }

  /** What talks to both sides right now; undefined while it waits for a pod. */
  get live(): { synchronizer: Synchronizer; attached: Attached } | undefined {
    const [synchronizer, attached] = [this.#synchronizer, this.#attached];
    return synchronizer && attached && { synchronizer, attached };
  }

  /**
   * As the synchronizer's flush. A stream that breaks meanwhile (its agent was killed, the server restarted) is
   * begun anew first, and so is what gives way to other rules. Rejects where there is no container, or it cannot be
   * worked with. `waiting`: git did not let go of the files in time.
   */
  async flush(): Promise<SyncState> {
    try {
      const state = await this.#withRetry((synchronizer) => synchronizer.flush());
      return state.message === gitIsBusy ? { ...state, message: this.#gitWords } : state;
    } catch (error) {
      if (this.#remoteMoved) return this.#state;
      throw error;
    }
  }

  async #withRetry<T>(work: (synchronizer: Synchronizer) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const synchronizer = this.#synchronizer ?? (await this.#nextSynchronizer());
      const [connection, life] = [this.#attached?.launched.connection, this.#synchronizerStop.signal];
      try {
        return await work(synchronizer);
      } catch (error) {
        const isOver = life.aborted || !connection?.isOpen;
        if (!isOver || attempt === flushAttempts) throw error;
        if (this.#synchronizer === synchronizer) await this.#nextSynchronizer();
      }
    }
  }

  #nextSynchronizer(): Promise<Synchronizer> {
    const { target, message } = this.#choice;
    if (target === undefined && this.#choice !== undecided) return Promise.reject(noContainer(message));
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  /** Tells whoever waits for both sides to be there, or for why they are not. */
  #answer(life: Synchronizer | Error): void {
    for (const { resolve, reject } of this.#waiters.splice(0))
      life instanceof Error ? reject(life) : resolve(life);
  }

  /** A person wants nothing to be changed. That outlives this runner: only a person ends it. */
  get isPaused(): boolean {
    return existsSync(this.#pauseMark);
  }

  get #pauseMark(): string {
    return join(this.#options.folder, 'paused');
  }

  async pause(): Promise<void> {
    writeFileSync(this.#pauseMark, '', { mode: 0o600 });
    await this.#synchronizer?.pause();
  }

  async resume(confirm: boolean): Promise<void> {
    rmSync(this.#pauseMark, { force: true });
    if (this.#remoteMoved && confirm) await this.#acceptMovedRemote(this.#remoteMoved);
    else if (this.#synchronizer) await this.#withRetry((synchronizer) => synchronizer.resume(confirm));
  }

  async #acceptMovedRemote(astray: RemoteMovedError): Promise<void> {
    astray.accept();
    this.#remoteMoved = undefined;
    this.#retryPause.abort();
    await this.#withRetry((synchronizer) => synchronizer.resume(false));
  }

  /**
   * Runs until the signal says stop, and has let go of both sides then: another run may follow at once. Rejects only
   * where it can never work: pods may not be listed.
   */
  async run(): Promise<void> {
    const { kube, namespace, spec, signal } = this.#options;
    const follow = (choice: Choice) => this.#choose(choice);
    const following = followTarget(kube, namespace, spec.target, follow, this.#signal);
    following.catch(() => {});
    const working = this.#work();
    try {
      await Promise.race([following, working]);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      this.#ended.abort();
      await this.#leave(working);
      this.#update({ phase: 'stopped', message: '' });
      this.#answer(noContainer('it was stopped'));
    }
  }

  /** An agent that does not answer any more must not keep whoever wants to go. */
  async #leave(working: Promise<void>): Promise<void> {
    const left = new AbortController();
    const done = working.catch(() => {}).finally(() => left.abort());
    await Promise.race([done, this.#options.clock.sleep(detachLimit, left.signal).catch(() => {})]);
  }

  #choose(choice: Choice): void {
    const isOther = choice.target?.containerId !== this.#choice.target?.containerId;
    this.#choice = choice;
    if (choice.message !== '') this.#options.onLog(choice.message);
    if (isOther) this.#current.abort();
    this.#chosen();
  }

  async #work(): Promise<void> {
    const { clock, untilPodGoes } = this.#options;
    const signal = this.#signal;
    let pause = firstPause;
    let served = false;
    while (!signal.aborted) {
      const target = this.#choice.target;
      if (target === undefined) {
        if (served && untilPodGoes) return;
        this.#update({ phase: 'waiting', message: this.#choice.message, pod: '', container: '' });
        if (this.#choice !== undecided) this.#answer(noContainer(this.#choice.message));
        await this.#nextChoice();
        continue;
      }
      this.#wasInSync = false;
      this.#retryPause = new AbortController();
      await this.#serve(target);
      served = true;
      if (untilPodGoes && this.#choice.target?.containerId !== target.containerId) return;
      pause = this.#wasInSync ? firstPause : Math.min(pause * 2, lastPause);
      if (!signal.aborted && this.#choice.target?.containerId === target.containerId)
        await clock.sleep(pause, AbortSignal.any([signal, this.#retryPause.signal])).catch(() => {});
    }
  }

  #nextChoice(): Promise<void> {
    return new Promise((resolve) => {
      this.#chosen = resolve;
      this.#signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  /** Works with one container until it goes, the stream breaks, or the signal says stop. */
  async #serve(target: Target): Promise<void> {
    const { onLog } = this.#options;
    this.#current = new AbortController();
    const signal = AbortSignal.any([this.#signal, this.#current.signal]);
    const pod = target.pod.metadata.name;
    const tell = (change: Partial<RunnerState>) => this.#remoteMoved === undefined && this.#update(change);
    tell({ phase: 'connecting', message: '', pod, container: target.container });
    try {
      const attached = await attach({
        ...this.#options,
        target,
        signal,
        onDetail: (message) => tell({ message }),
      });
      this.#attached = attached;
      [this.#lastMessage, this.#remoteMoved] = ['', undefined];
      onLog(`attached to ${pod}/${target.container} by ${attached.launched.launcher}: ${sizeOf(attached)}`);
      for (const remark of remarksOn(attached)) onLog(remark);
      await this.#synchronize(attached, signal);
    } catch (error) {
      if (signal.aborted) return;
      const details = error instanceof X8sError ? error.details : [];
      const message = [messageOf(error), ...details].map(shorten).join('; ');
      if (message !== this.#lastMessage) onLog(message);
      this.#lastMessage = message;
      this.#remoteMoved = error instanceof RemoteMovedError ? error : undefined;
      this.#update({ phase: this.#remoteMoved ? 'held' : 'waiting', message });
      // A stream that broke is no verdict on the next one.
      if (this.#synchronizer === undefined) this.#answer(noContainer(message));
    } finally {
      this.#synchronizer = undefined;
      await this.#attached?.close().catch(() => {});
      this.#attached = undefined;
    }
  }

  async #synchronize(attached: Attached, signal: AbortSignal): Promise<void> {
    const { spec, clock } = this.#options;
    const { launched, location, local, container, history, binding } = attached;
    const winsLocally = history.isSuccessor && spec.onNewPod === 'local' && spec.from === 'local';
    const stop = new AbortController();
    this.#synchronizerStop = stop;
    // Both sides have to look with new eyes then. Rules that a first sync carries over are no news.
    const endAtOtherRules = (paths: Iterable<string>) => {
      if (attached.ignoreFiles.areOthers(paths)) stop.abort();
    };
    this.#memory.unanswered.begin(binding);
    const synchronizer = new Synchronizer({
      local,
      container,
      ancestor: history.ancestor,
      binding,
      mode: spec.mode,
      from: spec.from,
      firstMode: winsLocally && spec.mode === 'two-way-safe' ? 'two-way-resolved' : undefined,
      takeGit: spec.takeGit,
      trashLimits: { ...spec.trashLimits, container: attached.budget.trash },
      onNotice: (line) => this.#options.onLog(line),
      ...this.#memory,
      clock,
      signal: AbortSignal.any([signal, stop.signal]),
      startUp: history.startUp,
      onState: (state) => this.#update(state),
      // Rules that come along with what they are about hold for it; those from the container, as soon as they are here.
      onPlanned: endAtOtherRules,
      onAgreed: endAtOtherRules,
    });
    this.#synchronizer = synchronizer;
    this.#answer(synchronizer);
    this.#statusLines.begin();
    const { launcher, refusals } = launched;
    const metadataFolders = { local: local.facts.metadataFolder, container: container.facts.metadataFolder };
    this.#update({
      phase: 'scanning',
      launcher,
      refusals,
      location: location.description,
      metadataFolders,
      remarks: remarksOn(attached),
    });
    if (this.isPaused) await synchronizer.pause();
    const ended = launched.connection.ended.then((why) => Promise.reject(why));
    const running = synchronizer.run();
    try {
      await Promise.race([running, ended]);
    } finally {
      // The next one works with the same directory and the same ancestor: this one must have let go of them.
      stop.abort();
      await running.catch(() => {});
    }
  }

  #update(change: Partial<RunnerState>): void {
    this.#state = { ...this.#state, ...change };
    this.#wasInSync ||= change.phase === 'watching';
    const news = this.#statusLines.of(this.#state);
    if (news !== undefined) this.#options.onLog(news);
  }
}

/** What could not be read of what was remembered, and where our things could only be kept in the directory itself. */
function remarksOn({ local, container, remarks }: Attached): string[] {
  const words = { local: 'LOCAL', container: 'REMOTE' };
  const inside = (['local', 'container'] as const).flatMap((side) => {
    const { metadataFolder, isMetadataInside } = { local, container }[side].facts;
    return isMetadataInside
      ? [
          `the trash and what is on its way are in ${words[side]} itself, ${metadataFolder}: no place outside will do`,
        ]
      : [];
  });
  return [...remarks, ...inside];
}
