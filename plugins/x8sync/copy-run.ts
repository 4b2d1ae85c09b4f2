/**
 * The state of one copy: each thing that it makes or learns is begun when the first step asks for it, so that
 * what can happen side by side does. `copy.ts` says in which steps a person sees it.
 */
import { randomUUID } from 'node:crypto';
import { IncompleteError, X8sError } from '../../src/errors.ts';
import { clusterId } from '../../src/kube/identity.ts';
import type { Service } from '../../src/kube/objects.ts';
import type { StepHandle } from '../../src/ui/reporter.ts';
import {
  type ClaimState,
  checkNoRival,
  checkSource,
  checkTarget,
  describeClaim,
  readClaim,
} from './claim.ts';
import type { CopyContext } from './copy.ts';
import { CopyTask } from './copy-task.ts';
import type { EnsureOptions } from './ensure.ts';
import { admittedFidelity } from './fidelity.ts';
import { ensureKeys, type Fingerprints } from './keys.ts';
import { lazy, until } from './lazy.ts';
import type { Fidelity } from './manifests/pods.ts';
import { type Mover, sampleTargetPod, startMover } from './move.ts';
import { MoverWatch } from './mover-watch.ts';
import { reachSource } from './reach.ts';
import { type CopyRequest, type CopyResult, copySpec, pairLabel } from './request.ts';
import { failureOf, resultOf } from './result.ts';
import { sampleSourcePod, serveSource } from './serve.ts';
import { describeSize } from './size.ts';
import { type Way, waysFor } from './ways.ts';

export class CopyRun {
  readonly #request: CopyRequest;
  readonly #context: CopyContext;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #began: number;
  readonly #task: CopyTask;
  readonly #mover: MoverWatch;

  constructor(request: CopyRequest, context: CopyContext) {
    this.#request = request;
    this.#context = context;
    this.#signal = AbortSignal.any([context.signal, this.#stop.signal]);
    this.#began = context.clock.monotonic();
    this.#task = new CopyTask(request, context, this.#stop);
    this.#mover = new MoverWatch(context.clock, this.#stop, this.#signal);
  }

  get copyTitle(): string {
    return this.#request.mode === 'dry-run' ? 'Compare the files (dry run)' : 'Copy the files';
  }

  /** Runs a step's work; its failure ends every other step, which then reports the same failure. */
  async guard(work: () => Promise<void>): Promise<void> {
    try {
      this.#signal.throwIfAborted();
      await until(work(), this.#signal);
    } catch (error) {
      if (!this.#signal.aborted) this.#stop.abort(error);
      throw this.#signal.reason;
    }
  }

  async checkSource(handle: StepHandle): Promise<void> {
    const [source, fidelity] = await Promise.all([this.#source(), this.#sourceFidelity()]);
    handle.title(`Source claim ${describeClaim(source.ref)}: ${describeSize(source)}`);
    const users = source.mounts.filter(({ task }) => task === undefined).map(({ pod }) => pod);
    if (users.length > 0) {
      handle.warn(
        `The source is in use by pod ${users.join(', ')}: files that change meanwhile may be copied half way through a change.`,
      );
    }
    if (fidelity === 'user')
      handle.warn(restricted('source', source, 'what user 65532 may not read is not copied'));
  }

  async checkTarget(handle: StepHandle): Promise<void> {
    const [target, fidelity] = await Promise.all([this.#target(), this.#targetFidelity()]);
    handle.title(`Target claim ${describeClaim(target.ref)}: ${describeSize(target)}`);
    if (fidelity === 'user')
      handle.warn(restricted('target', target, 'owners, devices and file capabilities are not kept'));
  }

  async openTarget(handle: StepHandle): Promise<void> {
    handle.detail('taking the lock of the target claim');
    const { target } = await this.#opened((text) => handle.detail(text));
    handle.title(
      `Task ${target.record.task} in ${target.side.kube.cluster.context}: ${target.outcome === 'resumed' ? 'taken up where it stopped' : 'ready'}`,
    );
  }

  async openSource(handle: StepHandle): Promise<void> {
    const { source } = await this.#opened();
    handle.title(
      `Task ${source.record.task} in ${source.side.kube.cluster.context}: ${source.outcome === 'resumed' ? 'taken up where it stopped' : 'ready'}`,
    );
  }

  async serve(handle: StepHandle): Promise<void> {
    const { source } = await this.#opened();
    await this.#service();
    await this.#mover.serving(source.side, this.#request.timeoutMs, handle);
    handle.title(`Source is served by pod ${source.side.namespace}/${source.side.name}-0`);
  }

  async startMover(handle: StepHandle): Promise<void> {
    const { target, source } = await this.#opened();
    const mover = await this.#job();
    this.#mover.follow(target.side, mover, this.#request.timeoutMs, handle);
    const [way, ...others] = await this.#ways();
    if (!way) throw new X8sError('no way to the source was given');
    const context = {
      source: source.side,
      target: target.side,
      watch: this.#mover,
      timeoutMs: this.#request.timeoutMs,
      clock: this.#context.clock,
      signal: this.#signal,
    };
    await reachSource([way, ...others], await this.#service(), await this.#firstAddresses(), context, handle);
    handle.title(`Mover in ${target.side.namespace} is connected to ${this.#mover.address ?? 'the source'}`);
  }

  async watch(handle: StepHandle): Promise<void> {
    const end = await this.#mover.ended(handle, (text) => this.#task.progress(text));
    if (end.outcome !== 'ok' && end.outcome !== 'partial')
      throw failureOf(end, this.#request, this.#mover.complaints);
    handle.title(resultOf(end).title);
  }

  async cleanUp(handle: StepHandle): Promise<void> {
    const end = await this.#mover.ended();
    const { title } = resultOf(end);
    const left = await this.#task.removeChildren(handle);
    await this.#task.finish(
      end.outcome === 'ok' && end.lost.length === 0 ? 'Succeeded' : 'Incomplete',
      title,
    );
    if (left.length > 0)
      throw new IncompleteError(`the files are copied, but not all was cleaned up`, { details: left });
    handle.title('Cleaned up; the task is kept for kubectl x8sync status');
  }

  /** What the run came to. Only after its steps. */
  async result(): Promise<CopyResult> {
    const [end, { target }] = await Promise.all([this.#mover.ended(), this.#opened()]);
    const { mode } = this.#request;
    return {
      task: target.record.task,
      outcome: end.outcome,
      message: end.message,
      mode,
      source: describeClaim(this.#request.source),
      target: describeClaim(this.#request.target),
      address: this.#mover.address,
      stats: end.stats,
      lost: end.lost,
      changes: this.#mover.changes,
      complaints: this.#mover.complaints,
      seconds: (this.#context.clock.monotonic() - this.#began) / 1000,
    };
  }

  /** Ends a run that failed or was interrupted; resolves with the error to show. */
  async giveUp(error: unknown): Promise<unknown> {
    if (!this.#stop.signal.aborted) this.#stop.abort(error);
    return this.#task.giveUp(error);
  }

  /** What would be left in the clusters if the process ended now. */
  leftovers(): readonly string[] {
    return this.#task.leftovers();
  }

  async close(): Promise<void> {
    if (!this.#stop.signal.aborted) this.#stop.abort(new X8sError('the run is over'));
    await this.#task.release();
  }

  get #options(): EnsureOptions {
    return { timeoutMs: this.#request.timeoutMs, signal: this.#signal };
  }

  readonly #clusters = lazy(() =>
    Promise.all([
      clusterId(this.#request.source.kube, { signal: this.#signal }),
      clusterId(this.#request.target.kube, { signal: this.#signal }),
    ]),
  );

  readonly #source = lazy(async (): Promise<ClaimState> => {
    const [id, cluster] = [await this.#clusters(), this.#request.source.kube.cluster.server];
    const state = await readClaim(this.#request.source, id[0] ?? cluster, this.#signal);
    checkSource(state);
    return state;
  });

  readonly #target = lazy(async (): Promise<ClaimState> => {
    const [id, cluster] = [await this.#clusters(), this.#request.target.kube.cluster.server];
    const [target, source] = await Promise.all([
      readClaim(this.#request.target, id[1] ?? cluster, this.#signal),
      this.#source(),
    ]);
    checkTarget(target, source, this.#request.allowMounted);
    return target;
  });

  readonly #sourceFidelity = lazy(async (): Promise<Fidelity> => {
    const source = await this.#source();
    const { kube, namespace } = source.ref;
    return admittedFidelity(kube, namespace, sampleSourcePod(source, this.#request.image), this.#signal);
  });

  readonly #targetFidelity = lazy(async (): Promise<Fidelity> => {
    const target = await this.#target();
    const { kube, namespace } = target.ref;
    return admittedFidelity(
      kube,
      namespace,
      sampleTargetPod(target, this.#request.image, this.#request.mode),
      this.#signal,
    );
  });

  #openedOnce: ReturnType<CopyTask['open']> | undefined;

  /** Both sides' records, with the target claim's lock held. */
  async #opened(waiting: (text: string) => void = () => {}): ReturnType<CopyTask['open']> {
    const [source, target] = await Promise.all([this.#source(), this.#target()]);
    const spec = copySpec(this.#request, source, target);
    this.#openedOnce ??= this.#task.open({
      spec,
      pair: pairLabel(source, target),
      claimUid: target.uid,
      waiting,
      check: (task) => checkNoRival(target, task),
    });
    return this.#openedOnce;
  }

  readonly #ways = lazy(async (): Promise<Way[]> => {
    const [a, b] = await this.#clusters();
    const { source, target } = this.#request;
    return waysFor(
      this.#request.ways,
      a !== undefined ? a === b : source.kube.cluster.server === target.kube.cluster.server,
    );
  });

  readonly #keys = lazy(async (): Promise<Fingerprints> => {
    const { source, target } = await this.#opened();
    return ensureKeys(
      { kube: source.side.kube, side: source.side },
      { kube: target.side.kube, side: target.side },
      this.#options,
    );
  });

  readonly #service = lazy(async (): Promise<Service> => {
    const {
      source: { side },
    } = await this.#opened();
    const [claim, fidelity, keys, [way]] = await Promise.all([
      this.#source(),
      this.#sourceFidelity(),
      this.#keys(),
      this.#ways(),
    ]);
    if (!way) throw new X8sError('no way to the source was given');
    return serveSource({ side, claim, fidelity, image: this.#request.image, keys, way }, this.#options);
  });

  /** Addresses of the first way, where they are known at once; the others follow when they are. */
  readonly #firstAddresses = lazy(async (): Promise<string[]> => {
    const [
      service,
      [way],
      {
        source: { side },
      },
    ] = await Promise.all([this.#service(), this.#ways(), this.#opened()]);
    if (!way || way.name === 'loadbalancer') return [];
    return way.addresses(service, {
      kube: side.kube,
      namespace: side.namespace,
      pod: `${side.name}-0`,
      ...this.#options,
    });
  });

  readonly #job = lazy(async (): Promise<Mover> => {
    const {
      target: { side, record },
    } = await this.#opened();
    const [claim, fidelity, sourceFidelity, keys, addresses] = await Promise.all([
      this.#target(),
      this.#targetFidelity(),
      this.#sourceFidelity(),
      this.#keys(),
      this.#firstAddresses(),
    ]);
    const { image, mode, name } = this.#request;
    const plan = {
      side,
      claim,
      fidelity,
      sourceFidelity,
      image,
      keys,
      mode,
      task: record.task,
      nonce: randomUUID(),
      addresses,
      keepPartial: name !== undefined,
    };
    return startMover(plan, this.#options);
  });
}

function restricted(side: string, { ref }: ClaimState, loss: string): string {
  return `Namespace ${ref.namespace} in ${ref.kube.cluster.context} admits no root (Pod Security), so the ${side}'s pod is an ordinary user: ${loss}.`;
}
