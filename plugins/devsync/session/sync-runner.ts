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
import { News } from './news.ts';
import { gitIsBusy } from './past-git.ts';
import { type Choice, followTarget } from './pods.ts';
import { PlaceChangedError } from './remote-place.ts';
import { noState, type Place, type SyncState } from './state.ts';
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
  readonly places: readonly string[];
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
  readonly way: string;
  readonly location: string;
  /** Where each side keeps its trash and what is on its way; empty before it is known. */
  readonly homes: Readonly<Record<Place, string>>;
  /** What is not as it should be there, for a person. */
  readonly remarks: readonly string[];
  readonly refusals: readonly { readonly way: string; readonly why: string }[];
}

const undecided: Choice = { target: undefined, words: 'looking for a pod' };

/** A flush outlives so many losses of its stream. */
const flushAttempts = 3;

const noContainer = (words: string) => new X8sError(`nothing can be synced right now: ${words}`);

/** Milliseconds between attempts; longer after each one that came to nothing. */
const [firstPause, lastPause] = [500, 15_000];
/** Milliseconds for taking leave of both sides. */
const lettingGo = 3_000;

export class SyncRunner {
  readonly #options: RunnerOptions;
  #state: RunnerState = {
    ...noState,
    pod: '',
    container: '',
    way: '',
    location: '',
    homes: { local: '', container: '' },
    remarks: [],
    refusals: [],
  };
  #choice: Choice = undecided;
  #chosen: () => void = () => {};
  #attached: Attached | undefined;
  #synchronizer: Synchronizer | undefined;
  /** Aborted when the synchronizer has to give way to another one, as when the rules of what is ignored change. */
  #life = new AbortController();
  /** Why it could not attach, which is said once. */
  #said = '';
  readonly #expecting: { resolve: (life: Synchronizer) => void; reject: (why: Error) => void }[] = [];
  readonly #news = new News();
  readonly #memory: SyncMemory;
  /** REMOTE leads elsewhere, and a person is to say whether it goes on there. */
  #astray: PlaceChangedError | undefined;
  /** Aborted when the next attempt is worth making now. */
  #patience = new AbortController();
  /** Both sides were the same since it attached: a loss after that is no sign of a loss to come. */
  #hasRested = false;
  /** Aborted when the container that is worked with is not the chosen one any more. */
  #current = new AbortController();
  readonly #over = new AbortController();
  readonly #signal: AbortSignal;

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#signal = AbortSignal.any([options.signal, this.#over.signal]);
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
      const state = await this.#outliving((synchronizer) => synchronizer.flush());
      return state.message === gitIsBusy ? { ...state, message: this.#gitWords } : state;
    } catch (error) {
      if (this.#astray) return this.#state;
      throw error;
    }
  }

  async #outliving<T>(work: (synchronizer: Synchronizer) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const synchronizer = this.#synchronizer ?? (await this.#nextLife());
      const [connection, life] = [this.#attached?.launched.connection, this.#life.signal];
      try {
        return await work(synchronizer);
      } catch (error) {
        const isOver = life.aborted || !connection?.isOpen;
        if (!isOver || attempt === flushAttempts) throw error;
        if (this.#synchronizer === synchronizer) await this.#nextLife();
      }
    }
  }

  #nextLife(): Promise<Synchronizer> {
    const { target, words } = this.#choice;
    if (target === undefined && this.#choice !== undecided) return Promise.reject(noContainer(words));
    return new Promise((resolve, reject) => this.#expecting.push({ resolve, reject }));
  }

  /** Tells whoever waits for both sides to be there, or for why they are not. */
  #answer(life: Synchronizer | Error): void {
    for (const { resolve, reject } of this.#expecting.splice(0))
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
    if (this.#astray && confirm) await this.#goOnThere(this.#astray);
    else if (this.#synchronizer) await this.#outliving((synchronizer) => synchronizer.resume(confirm));
  }

  async #goOnThere(astray: PlaceChangedError): Promise<void> {
    astray.accept();
    this.#astray = undefined;
    this.#patience.abort();
    await this.#outliving((synchronizer) => synchronizer.resume(false));
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
      this.#over.abort();
      await this.#leave(working);
      this.#tell({ phase: 'stopped', message: '' });
      this.#answer(noContainer('it was stopped'));
    }
  }

  /** An agent that does not answer any more must not keep whoever wants to go. */
  async #leave(working: Promise<void>): Promise<void> {
    const left = new AbortController();
    const done = working.catch(() => {}).finally(() => left.abort());
    await Promise.race([done, this.#options.clock.sleep(lettingGo, left.signal).catch(() => {})]);
  }

  #choose(choice: Choice): void {
    const isOther = choice.target?.containerId !== this.#choice.target?.containerId;
    this.#choice = choice;
    if (choice.words !== '') this.#options.onLog(choice.words);
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
        this.#tell({ phase: 'waiting', message: this.#choice.words, pod: '', container: '' });
        if (this.#choice !== undecided) this.#answer(noContainer(this.#choice.words));
        await this.#nextChoice();
        continue;
      }
      this.#hasRested = false;
      this.#patience = new AbortController();
      await this.#serve(target);
      served = true;
      if (untilPodGoes && this.#choice.target?.containerId !== target.containerId) return;
      pause = this.#hasRested ? firstPause : Math.min(pause * 2, lastPause);
      if (!signal.aborted && this.#choice.target?.containerId === target.containerId)
        await clock.sleep(pause, AbortSignal.any([signal, this.#patience.signal])).catch(() => {});
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
    const tell = (change: Partial<RunnerState>) => this.#astray === undefined && this.#tell(change);
    tell({ phase: 'connecting', message: '', pod, container: target.container });
    try {
      const attached = await attach({
        ...this.#options,
        target,
        signal,
        onDetail: (message) => tell({ message }),
      });
      this.#attached = attached;
      [this.#said, this.#astray] = ['', undefined];
      onLog(`attached to ${pod}/${target.container} by ${attached.launched.way}: ${sizeOf(attached)}`);
      for (const remark of remarksOn(attached)) onLog(remark);
      await this.#synchronize(attached, signal);
    } catch (error) {
      if (signal.aborted) return;
      const details = error instanceof X8sError ? error.details : [];
      const message = [messageOf(error), ...details].map(shorten).join('; ');
      if (message !== this.#said) onLog(message);
      this.#said = message;
      this.#astray = error instanceof PlaceChangedError ? error : undefined;
      this.#tell({ phase: this.#astray ? 'held' : 'waiting', message });
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
    const { launched, location, local, container, known, binding } = attached;
    const winsLocally = known.isSuccessor && spec.onNewPod === 'local' && spec.from === 'local';
    const stop = new AbortController();
    this.#life = stop;
    // Both sides have to look with new eyes then. Rules that a first sync carries over are no news.
    const endAtOtherRules = (paths: Iterable<string>) => {
      if (attached.ignoreFiles.areOthers(paths)) stop.abort();
    };
    this.#memory.attempts.begin(binding);
    const synchronizer = new Synchronizer({
      local,
      container,
      ancestor: known.ancestor,
      binding,
      mode: spec.mode,
      from: spec.from,
      firstMode: winsLocally && spec.mode === 'two-way-safe' ? 'two-way-resolved' : undefined,
      takeGit: spec.takeGit,
      trashLimits: { ...spec.trashLimits, container: attached.room.trash },
      onNotice: (line) => this.#options.onLog(line),
      ...this.#memory,
      clock,
      signal: AbortSignal.any([signal, stop.signal]),
      startUp: known.startUp,
      onState: (state) => this.#tell(state),
      // Rules that come along with what they are about hold for it; those from the container, as soon as they are here.
      onPlanned: endAtOtherRules,
      onLearned: endAtOtherRules,
    });
    this.#synchronizer = synchronizer;
    this.#answer(synchronizer);
    this.#news.begin();
    const { way, refusals } = launched;
    const homes = { local: local.facts.home, container: container.facts.home };
    this.#tell({
      phase: 'scanning',
      way,
      refusals,
      location: location.words,
      homes,
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

  #tell(change: Partial<RunnerState>): void {
    this.#state = { ...this.#state, ...change };
    this.#hasRested ||= change.phase === 'watching';
    const news = this.#news.of(this.#state);
    if (news !== undefined) this.#options.onLog(news);
  }
}

/** What could not be read of what was remembered, and where our things could only be kept in the directory itself. */
function remarksOn({ local, container, troubles }: Attached): string[] {
  const words = { local: 'LOCAL', container: 'REMOTE' };
  const inside = (['local', 'container'] as const).flatMap((place) => {
    const { home, isHomeInside } = { local, container }[place].facts;
    return isHomeInside
      ? [`the trash and what is on its way are in ${words[place]} itself, ${home}: no place outside will do`]
      : [];
  });
  return [...troubles, ...inside];
}
