/** What the pods of both sides say, gathered: who serves, who is connected, how far it is, how it ended. */
import { limited, until } from '../../../src/async/until.ts';
import type { Clock } from '../../../src/clock.ts';
import { RefusedError, TimeoutError, X8sError } from '../../../src/errors.ts';
import type { Job, KubeObject, Pod, StatefulSet } from '../../../src/kube/objects.ts';
import { jobs, pods } from '../../../src/kube/resources.ts';
import { waitFor } from '../../../src/kube/wait.ts';
import { formatBytes, formatRate } from '../../../src/ui/format.ts';
import type { StepHandle } from '../../../src/ui/reporter.ts';
import { type MoverEnd, type MoverLine, type MoverProgress, protocol } from '../mover/protocol.ts';
import type { OwnedSide } from '../objects/sides.ts';
import { watchControllerRefusals } from './controller-refusals.ts';
import { type Followed, type FollowHandlers, followPods, recentEvents } from './follow.ts';

const maxComplaints = 20;
const maxChanges = 200;
/** A Job is Failed seconds after its pod said why; what it said may still be on its way. */
const lastWordsMs = 5000;
/** What a Job that is Complete has to say is worth more patience: without it all begins anew. */
const goodWordsMs = 30_000;

/** The Job of this copy, made or taken up. */
export interface Mover {
  readonly job: Job;
  readonly nonce: string;
  /** It was running, or had come to its end, before this run. */
  readonly takenUp: boolean;
  /** When it had ended, where that was before this run: the source may have changed since. */
  readonly endedAt?: string | undefined;
  /** Addresses that its pods know from their start. */
  readonly addresses: readonly string[];
  /** What could not be made and is done without. */
  readonly notes: readonly string[];
}

export class MoverWatch {
  readonly complaints: string[] = [];
  readonly changes: string[] = [];
  /** Those of the complaints that are no failure: nobody would hear of them where the run succeeds. */
  readonly #warnings: string[] = [];
  /** The source's address that answered. */
  address: string | undefined;
  readonly #clock: Clock;
  readonly #refine: (end: MoverEnd) => MoverEnd;
  readonly #stop: AbortController;
  readonly #signal: AbortSignal;
  readonly #serving = Promise.withResolvers<void>();
  readonly #started = Promise.withResolvers<string>();
  readonly #connected = Promise.withResolvers<void>();
  readonly #end = Promise.withResolvers<MoverEnd>();
  readonly #ended = new AbortController();
  /** Aborted with the signal, or once the mover has said its last line. */
  readonly #untilEnd: AbortSignal;
  #pod: string | undefined;
  #onPod: (pod: string) => void = () => {};
  #progress: MoverProgress | undefined;
  #onProgress: (progress: MoverProgress) => void = () => {};
  /** What a person is to read at once, and nobody has shown yet. */
  readonly #notices: string[] = [];
  #onNotice = (text: string): void => void this.#notices.push(text);

  /**
   * @param stop is aborted with the reason where a pod can't come up or is lost for good.
   * @param refine makes of the mover's last line what it means for this run.
   */
  constructor(
    clock: Clock,
    stop: AbortController,
    signal: AbortSignal,
    refine: (end: MoverEnd) => MoverEnd = (end) => end,
  ) {
    this.#refine = refine;
    this.#clock = clock;
    this.#stop = stop;
    this.#signal = signal;
    this.#untilEnd = AbortSignal.any([signal, this.#ended.signal]);
    for (const { promise } of [this.#serving, this.#started, this.#connected, this.#end])
      promise.catch(() => {});
  }

  /** Resolves once the source's sshd listens. */
  async serving(
    side: OwnedSide,
    { workload, hint }: { readonly workload: StatefulSet; readonly hint?: string | undefined },
    timeoutMs: number,
    handle: StepHandle,
  ): Promise<void> {
    const followed: Followed = {
      clock: this.#clock,
      kube: side.kube,
      namespace: side.namespace,
      selector: side.selectorText,
      container: 'source',
      what: "the source's pod",
      hint,
    };
    const last = this.#follow(followed, workload, handle, this.#serving, (line, pod) => {
      if (line.kind === 'serving') this.#serving.resolve();
      else if (line.kind === 'foreign') this.#refuse(line.protocol, followed, this.#serving);
      else if (line.kind === 'closed') this.#inBackground(reopen(followed, pod, this.#signal), this.#serving);
      else if (line.kind === 'log' && line.level !== 'info') this.complain(`source: ${line.text}`);
    });
    await limited(
      this.#serving.promise,
      timeoutMs,
      () => last.late(followed, timeoutMs),
      this.#clock,
      this.#signal,
    );
  }

  /** Resolves once the source's sshd listens. */
  get served(): Promise<void> {
    return this.#serving.promise;
  }

  /** Resolves with the name of the mover's pod once its container runs. */
  get started(): Promise<string> {
    return this.#started.promise;
  }

  /** Begins to follow the mover; `started` and `connected` and `ended` tell of it. */
  follow(side: OwnedSide, { job, nonce }: Mover, timeoutMs: number, handle: StepHandle): void {
    const followed: Followed = {
      clock: this.#clock,
      kube: side.kube,
      namespace: side.namespace,
      selector: side.selectorText,
      container: 'target',
      what: 'the mover',
    };
    const last = this.#follow(
      followed,
      job,
      handle,
      this.#end,
      (line) => {
        if (line.kind === 'foreign') this.#refuse(line.protocol, followed, this.#end);
        else this.#moverLine(line, nonce, handle);
      },
      (pod) => this.#podStarted(pod),
    );
    this.#inBackground(
      limited(
        this.#started.promise,
        timeoutMs,
        () => last.late(followed, timeoutMs),
        this.#clock,
        this.#signal,
      ),
      this.#end,
    );
    this.#inBackground(this.#watchJob(side, job), this.#end);
  }

  /** Tells of every pod of the mover that begins to run: the present one, and those that take its place. */
  set onPod(tell: (pod: string) => void) {
    this.#onPod = tell;
    if (this.#pod !== undefined) tell(this.#pod);
  }

  #podStarted({ metadata: { name } }: Pod): void {
    this.#pod = name;
    this.#onPod(name);
    this.#started.resolve(name);
  }

  /** Resolves once the mover has an SSH connection to the source, or has come to its end. */
  connected(): Promise<void> {
    return until(Promise.race([this.#connected.promise, this.#end.promise.then(() => {})]), this.#signal);
  }

  /**
   * Resolves with the mover's own last line. Its notices are told to the handle as they come, and what else it warned
   * of once it has ended well.
   */
  async ended(handle?: StepHandle, onProgress: (text: string) => void = () => {}): Promise<MoverEnd> {
    if (handle) {
      this.#onProgress = (progress) => {
        handle.progress(progressOf(progress));
        onProgress(textOf(progress));
      };
      if (this.#progress) this.#onProgress(this.#progress);
      this.#onNotice = (text) => handle.warn(text);
      this.#notices.splice(0).forEach(this.#onNotice);
    }
    const end = await until(this.#end.promise, this.#signal);
    if (end.outcome === 'ok' || end.outcome === 'partial')
      for (const text of this.#warnings) handle?.warn(text);
    return end;
  }

  /** Whether the mover that ended so had begun to change the target. */
  hasBegun({ stats }: MoverEnd): boolean {
    return this.#progress !== undefined || stats.transferredFiles > 0 || stats.createdEntries > 0;
  }

  /** The mover's last line, whatever becomes of the run. */
  get end(): Promise<MoverEnd> {
    return this.#end.promise;
  }

  #moverLine(line: MoverLine, nonce: string, handle: StepHandle): void {
    if (line.kind === 'end' && line.end.nonce === nonce) this.#ending(line.end, handle);
    else if (line.kind === 'connected') {
      this.address = line.address;
      this.#connected.resolve();
    } else if (line.kind === 'progress') {
      this.#progress = line.progress;
      this.#onProgress(line.progress);
    } else if (line.kind === 'change') {
      this.#change(`${line.item} ${line.name}`);
    } else if (line.kind === 'notice') {
      this.#onNotice(line.text);
    } else if (line.kind === 'log' && line.level !== 'info') {
      this.complain(line.text);
      if (line.level === 'warning') remember(this.#warnings, line.text);
    }
  }

  /** A mover whose connection broke lists all of them once more. */
  #change(text: string): void {
    if (this.changes.length < maxChanges && !this.changes.includes(text)) this.changes.push(text);
  }

  /** A mover that was stopped (deleted, evicted, killed) has a successor, which goes on where it was. */
  #ending(end: MoverEnd, handle: StepHandle): void {
    if (end.outcome === 'interrupted') handle.detail('the mover was stopped; waiting for the next one');
    else {
      this.#end.resolve(this.#refine(end));
      this.#ended.abort();
    }
  }

  /** Notes what is worth telling where the run fails. */
  complain(text: string): void {
    remember(this.complaints, text);
  }

  #follow(
    followed: Followed,
    workload: KubeObject,
    handle: StepHandle,
    awaited: Awaited,
    line: FollowHandlers['line'],
    started: FollowHandlers['started'] = () => {},
  ): LastWords {
    const last = new LastWords(this.#signal);
    const waiting = (text: string, pod?: Pod) => {
      last.note(text, pod);
      handle.detail(text);
    };
    const { kube, namespace, what } = followed;
    let pods = 0;
    const present = (count: number) => {
      pods = count;
    };
    const controller = {
      ...{ kube, namespace, workload, what, clock: this.#clock },
      hasPod: () => pods > 0,
      told: waiting,
    };
    this.#inBackground(followPods(followed, { line, waiting, started, present }, this.#signal), awaited);
    this.#inBackground(watchControllerRefusals(controller, this.#untilEnd), awaited);
    return last;
  }

  /**
   * A Job that ended without a last word of its mover: killed, evicted, deleted again and again; or done, and its
   * pod was taken away with its node before anyone had read it.
   */
  async #watchJob({ kube, namespace }: OwnedSide, { metadata: { name } }: Job): Promise<void> {
    const ended = await waitFor(kube, jobs, { namespace, name }, endOfJob, {
      timeoutMs: 0,
      signal: this.#signal,
      what: `Job ${name}`,
    });
    await limited(
      this.#end.promise,
      ended.patienceMs,
      () =>
        new X8sError(
          `the mover's Job ${namespace}/${name} in ${kube.cluster.context} ended without a result: ${ended.why}`,
          {
            details: this.complaints,
            hint: 'run the same command again to go on with what is copied so far',
          },
        ),
      this.#clock,
      this.#signal,
    );
  }

  /** What an image of another version says may mean something else. */
  #refuse(spoken: number, { what, kube, namespace }: Followed, awaited: Awaited): void {
    const where = `${kube.cluster.context}/${namespace}`;
    const error = new RefusedError(
      `the image of ${what} in ${where} speaks version ${spoken} of the mover's protocol, this plugin version ${protocol}`,
      {
        hint: "use the image of the plugin's own version (--image), and `cleanup` for a task of another one",
      },
    );
    this.#inBackground(Promise.reject(error), awaited);
  }

  /** Its failure is first of all that of whoever awaits the pod, and then the end of all the rest. */
  #inBackground(work: Promise<unknown>, awaited: Awaited): void {
    work.catch(async (error: unknown) => {
      if (this.#signal.aborted || error === this.#ended.signal.reason) return;
      awaited.reject(error);
      await this.#clock.sleep(0);
      this.#stop.abort(error);
    });
  }
}

/** Notes each text once, and the last ones only. */
function remember(texts: string[], text: string): void {
  if (texts.includes(text)) return;
  texts.push(text);
  if (texts.length > maxComplaints) texts.shift();
}

/** What is rejected where a pod fails. */
type Awaited = Pick<PromiseWithResolvers<never>, 'reject'>;

/** A source that closed for want of a client stays closed; its StatefulSet makes another one in its place. */
async function reopen({ kube, namespace }: Followed, { metadata }: Pod, signal: AbortSignal): Promise<void> {
  const { name, uid } = metadata;
  await kube.delete(pods, { namespace, name }, { uid, signal });
}

/** What a pod was last seen to wait for, for the error when its time is over. */
class LastWords {
  readonly #signal: AbortSignal;
  #text = '';
  #pod: Pod | undefined;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  note(text: string, pod: Pod | undefined): void {
    this.#text = text;
    this.#pod = pod ?? this.#pod;
  }

  async late({ kube, namespace, what }: Followed, timeoutMs: number): Promise<Error> {
    const events = this.#pod ? await recentEvents(kube, this.#pod, this.#signal) : [];
    const why = this.#text || (this.#pod ? 'its container did not start' : 'no pod was made for it');
    return new TimeoutError(
      `${what} in ${kube.cluster.context}/${namespace} was not up after ${Math.round(timeoutMs / 1000)} s: ${why}`,
      {
        details: events,
        hint: '--timeout sets how long to wait',
      },
    );
  }
}

function endOfJob(job: Job | undefined): { why: string; patienceMs: number } | undefined {
  if (!job) return { why: 'it was deleted', patienceMs: lastWordsMs };
  const is = (wanted: string) =>
    job.status?.conditions?.find(({ type, status }) => type === wanted && status === 'True');
  const failed = is('Failed');
  if (failed)
    return { why: `${failed.reason ?? 'Failed'}: ${failed.message ?? ''}`, patienceMs: lastWordsMs };
  return is('Complete') && { why: 'Complete, but what it said is gone', patienceMs: goodWordsMs };
}

function progressOf({ bytes, totalBytes, files, totalFiles, rate, scanning }: MoverProgress) {
  const left = rate > 0 && !scanning ? { secondsLeft: Math.max(0, totalBytes - bytes) / rate } : {};
  return {
    bytes,
    // Totals that still grow are none.
    ...(scanning ? {} : { totalBytes, totalItems: totalFiles }),
    items: files,
    unit: 'entries',
    bytesPerSecond: rate,
    ...left,
  };
}

function textOf({ bytes, totalBytes, rate, scanning }: MoverProgress): string {
  const total = scanning ? '' : ` of ${formatBytes(totalBytes)}`;
  return `${formatBytes(bytes)}${total}, ${formatRate(rate)}`;
}
