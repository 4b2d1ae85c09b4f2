/** Follows the pods of both sides: when the source serves, when the mover runs and is connected, and how it ends. */
import { repeat } from '../../../src/async/repeat.ts';
import { limited, until } from '../../../src/async/until.ts';
import type { Clock } from '../../../src/clock.ts';
import { RefusedError } from '../../../src/errors.ts';
import type { Job, KubeObject, Pod, StatefulSet } from '../../../src/kube/api/objects.ts';
import { pods } from '../../../src/kube/api/resources.ts';
import type { StepHandle } from '../../../src/ui/reporter.ts';
import type { MoverLine } from '../mover/protocol/mover-lines.ts';
import { type MoverEnd, protocol } from '../mover/protocol/protocol.ts';
import { moverSelector, type Role, type TaskSide } from '../objects/sides.ts';
import { watchControllerRefusals } from './controller-refusals.ts';
import { SideEvidence } from './evidence.ts';
import { type FollowedPods, followPods, type PodHandlers } from './follow.ts';
import { requireEndLine } from './job-end.ts';
import { MoverMessages } from './mover-messages.ts';
import { RunningPods } from './running-pods.ts';
import { StartupState } from './startup-state.ts';

/** The Job of this copy, made or taken up. */
export interface MoverJob {
  readonly job: Job;
  readonly nonce: string;
  /** It was running, or had come to its end, before this run. */
  readonly takenUp: boolean;
  /** When it had ended, where that was before this run: the source may have changed since. */
  readonly endedAt?: string | undefined;
  /** It mounts both claims. */
  readonly isMounted: boolean;
  /** Addresses that its pods know from their start. */
  readonly addresses: readonly string[];
  /** What could not be made and is done without. */
  readonly notes: readonly string[];
  /** What a person is told of it. */
  readonly told?: readonly string[] | undefined;
}

/** How often it is looked whether data still moves. */
const lookMs = 1000;

/** Whose promise a failure rejects first. */
type Waiter = Pick<PromiseWithResolvers<never>, 'reject'>;

/** The pods of one side. */
interface PodsOfSide extends FollowedPods {
  readonly role: Role;
}

export class MoverWatch {
  readonly messages: MoverMessages;
  /** Those of the source whose container runs. */
  readonly sourcePods = new RunningPods();
  /** Those of the mover. */
  readonly moverPods = new RunningPods();
  /** What was seen of each side, for a failure. */
  readonly evidence: Readonly<Record<Role, SideEvidence>> = {
    source: new SideEvidence(),
    target: new SideEvidence(),
  };
  readonly #clock: Clock;
  readonly #adjustEnd: (end: MoverEnd) => MoverEnd;
  readonly #stop: AbortController;
  readonly #signal: AbortSignal;
  readonly #serving = Promise.withResolvers<void>();
  readonly #connected = Promise.withResolvers<void>();
  readonly #end = Promise.withResolvers<MoverEnd>();
  readonly #ended = new AbortController();
  /** Aborted with the signal, or once the mover has written its end line. */
  readonly #untilEnd: AbortSignal;
  #workers: number | undefined;
  #onWorkers: (count: number) => void = () => {};

  /**
   * @param stop is aborted with the reason where a pod can't come up or is lost for good.
   * @param adjustEnd turns the mover's end line into what it means for this run.
   * @param debug is told what only those want to know who ask for more.
   */
  constructor(
    clock: Clock,
    stop: AbortController,
    signal: AbortSignal,
    adjustEnd: (end: MoverEnd) => MoverEnd = (end) => end,
    debug: (text: string) => void = () => {},
  ) {
    this.#adjustEnd = adjustEnd;
    this.#clock = clock;
    this.messages = new MoverMessages(clock, debug);
    this.#stop = stop;
    this.#signal = signal;
    this.#untilEnd = AbortSignal.any([signal, this.#ended.signal]);
    for (const { promise } of [this.#serving, this.#connected, this.#end]) promise.catch(() => {});
  }

  /** Follows the source's pod. Resolves once its sshd listens. */
  async followSource(
    side: TaskSide,
    { workload, hint }: { readonly workload: StatefulSet; readonly hint?: string | undefined },
    timeoutMs: number,
    handle: StepHandle,
  ): Promise<void> {
    const followed = { ...this.#podsOf(side, 'source', "the source's pod"), hint };
    const line = (line: MoverLine, pod: Pod) => {
      if (line.kind === 'serving') this.#serving.resolve();
      else if (line.kind === 'foreign') this.#refuseVersion(line.protocol, followed, this.#serving);
      else if (line.kind === 'tunnel') this.messages.takeTunnel(line.address);
      else if (line.kind === 'closed') this.#inBackground(this.#replace(pod, side), this.#serving);
      else if (line.kind === 'log' && line.level !== 'info')
        this.messages.addDiagnostic(`source: ${line.text}`);
    };
    const started = ({ metadata: { name } }: Pod) => this.sourcePods.next(name);
    const startup = this.#follow(followed, workload, handle, this.#serving, { line, started });
    await this.#inTime(this.#serving.promise, startup, followed, timeoutMs);
  }

  /** Resolves once the source's sshd listens. */
  get serving(): Promise<void> {
    return this.#serving.promise;
  }

  /** Resolves with the name of the mover's pod once its container runs. */
  get started(): Promise<string> {
    return this.moverPods.started;
  }

  /** Begins to follow the mover; `started`, `connected` and `ended` tell of it. */
  followMover(side: TaskSide, { job, nonce }: MoverJob, timeoutMs: number, handle: StepHandle): void {
    const followed = this.#podsOf(side, 'target', 'the mover');
    const line = (line: MoverLine) => {
      if (line.kind === 'foreign') this.#refuseVersion(line.protocol, followed, this.#end);
      else if (line.kind === 'end' && line.end.nonce === nonce) this.#takeEnd(line.end);
      else this.messages.take(line);
      if (line.kind === 'connected') this.#connected.resolve();
      if (line.kind === 'workers') this.#callWorkers(line.count);
    };
    const started = ({ metadata: { name } }: Pod) => this.moverPods.next(name);
    const startup = this.#follow(followed, job, handle, this.#end, { line, started });
    this.#inBackground(this.#inTime(this.started, startup, followed, timeoutMs), this.#end);
    const { diagnostics } = this.messages;
    const awaited = { end: this.end, diagnostics, clock: this.#clock, signal: this.#signal };
    this.#inBackground(requireEndLine(side, job, awaited), this.#end);
  }

  /** Calls back for every pod of the mover that begins to run: the present one, and those that take its place. */
  onPod(callback: (pod: string) => void): void {
    this.moverPods.on(callback);
  }

  /** Calls back with how many pods are to copy beside the mover's, once it has said so. */
  onWorkers(callback: (count: number) => void): void {
    this.#onWorkers = callback;
    if (this.#workers !== undefined) callback(this.#workers);
  }

  #callWorkers(count: number): void {
    this.#workers = count;
    this.#onWorkers(count);
  }

  /** Resolves once the mover has reached the source, or has come to its end. */
  connected(): Promise<void> {
    return until(Promise.race([this.#connected.promise, this.#end.promise.then(() => {})]), this.#signal);
  }

  /** Resolves with whether files move; not so where the mover has come to its end before. */
  moving(): Promise<boolean> {
    const ended = this.#end.promise.then(() => false);
    return until(Promise.race([ended, this.messages.moving.then(() => true)]), this.#signal);
  }

  /**
   * Resolves with the mover's end line. Its notices are shown as they come, and its warnings once it has ended well.
   */
  async ended(handle?: StepHandle, onProgress: (text: string) => void = () => {}): Promise<MoverEnd> {
    if (handle) {
      this.messages.showOn(handle, onProgress);
      void this.#lookForData();
    }
    const end = await until(this.#end.promise, this.#signal);
    if (handle && ['ok', 'partial', 'differs'].includes(end.outcome)) this.messages.showWarnings(handle);
    return end;
  }

  #lookForData(): Promise<void> {
    const look = () => this.messages.look();
    return repeat(look, { periodMs: lookMs, pauseFirst: true, clock: this.#clock, signal: this.#untilEnd });
  }

  /** The mover's end line, whatever becomes of the run. */
  get end(): Promise<MoverEnd> {
    return this.#end.promise;
  }

  /** A mover that was stopped (deleted, evicted, killed) has a successor, which goes on where it was. */
  #takeEnd(end: MoverEnd): void {
    if (end.outcome === 'interrupted') this.messages.noteStopped();
    else {
      this.#end.resolve(this.#adjustEnd(end));
      this.#ended.abort();
    }
  }

  #podsOf(side: TaskSide, role: Role, what: string): PodsOfSide {
    const { kube, namespace, selectorText } = side;
    const selector = role === 'target' ? moverSelector(side) : selectorText;
    return { clock: this.#clock, kube, namespace, selector, container: role, role, what };
  }

  #follow(
    followed: PodsOfSide,
    workload: KubeObject,
    handle: StepHandle,
    waiter: Waiter,
    handlers: Pick<PodHandlers, 'line'> & Partial<PodHandlers>,
  ): StartupState {
    const { kube, namespace, what, role } = followed;
    const startup = new StartupState(this.#signal);
    const waiting = (text: string, pod?: Pod) => {
      // Once the mover has come to its end, its pods and the source's are taken away: no other one is waited for.
      if (this.#ended.signal.aborted) return;
      startup.note(text, pod);
      handle.detail(text);
      this.messages.noteWait(role, text);
    };
    let count = 0;
    const present = (now: number) => {
      count = now;
    };
    const controller = {
      ...{ kube, namespace, workload, what, clock: this.#clock },
      hasPod: () => count > 0,
      onRefusal: waiting,
    };
    const killed = (text: string) => this.messages.noteKilled(text);
    const evidence = this.evidence[role];
    evidence.saw(workload);
    evidence.workload = { kube, namespace, name: workload.metadata.name };
    const line = (said: MoverLine, pod: Pod) => {
      evidence.heard(said);
      handlers.line(said, pod);
    };
    const seen = (pod: Pod) => evidence.saw(pod);
    const all = { started: () => {}, ...handlers, line, seen, killed, waiting, present };
    this.#inBackground(followPods(followed, all, this.#signal), waiter);
    this.#inBackground(watchControllerRefusals(controller, this.#untilEnd), waiter);
    return startup;
  }

  #inTime<T>(
    promise: Promise<T>,
    startup: StartupState,
    followed: FollowedPods,
    timeoutMs: number,
  ): Promise<T> {
    const error = () => startup.timeoutError(followed, timeoutMs);
    return limited(promise, timeoutMs, error, this.#clock, this.#signal);
  }

  /** A source that closed because no client came stays closed; its StatefulSet makes another pod in its place. */
  async #replace({ metadata: { name, uid } }: Pod, { kube, namespace }: TaskSide): Promise<void> {
    await kube.delete(pods, { namespace, name }, { uid, signal: this.#signal });
  }

  /** What an image of another version says may mean something else. */
  #refuseVersion(spoken: number, { what, kube, namespace }: FollowedPods, waiter: Waiter): void {
    const where = `${kube.cluster.context}/${namespace}`;
    const error = new RefusedError(
      `the image of ${what} in ${where} speaks version ${spoken} of the mover's protocol, this plugin version ${protocol}`,
      {
        hint: "use the image of the plugin's own version (--image), and `cleanup` for a task of another one",
      },
    );
    this.#inBackground(Promise.reject(error), waiter);
  }

  /** A failure rejects whoever awaits the pod first, and then stops the run. */
  #inBackground(work: Promise<unknown>, waiter: Waiter): void {
    work.catch(async (error: unknown) => {
      if (this.#signal.aborted || error === this.#ended.signal.reason) return;
      waiter.reject(error);
      await this.#clock.sleep(0);
      this.#stop.abort(error);
    });
  }
}
