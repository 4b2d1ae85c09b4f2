/**
 * Everything that a copy learns and makes, each begun when the first step asks for it: so what can happen
 * side by side does, and nothing happens twice. What stands further down needs what stands above it.
 */
import { randomUUID } from 'node:crypto';
import { clusterId } from '../../src/kube/identity.ts';
import {
  type ClaimRef,
  type ClaimState,
  checkNoRival,
  checkSource,
  checkTarget,
  readClaim,
} from './claim.ts';
import type { CopyTask } from './copy-task.ts';
import type { EnsureOptions } from './ensure.ts';
import { admittedFidelity } from './fidelity.ts';
import { ensureKeys } from './keys.ts';
import { lazy } from './lazy.ts';
import { sampleTargetPod, startMover } from './move.ts';
import { type CopyRequest, copySpec, pairLabel } from './request.ts';
import { sampleSourcePod, serveSource } from './serve.ts';
import { waysFor } from './ways.ts';

export class CopyParts {
  readonly #request: CopyRequest;
  readonly #task: CopyTask;
  readonly #options: EnsureOptions;

  constructor(request: CopyRequest, task: CopyTask, signal: AbortSignal) {
    this.#request = request;
    this.#task = task;
    this.#options = { timeoutMs: request.timeoutMs, signal };
  }

  /** The source claim, fit to be read. */
  readonly source = lazy(async () => {
    const state = await this.#claim(this.#request.source);
    checkSource(state);
    return state;
  });

  /** The target claim, fit to be written. */
  readonly target = lazy(async () => {
    const [state, source] = await Promise.all([this.#claim(this.#request.target), this.source()]);
    checkTarget(state, source, this.#request.allowMounted);
    return state;
  });

  readonly sourceFidelity = lazy(async () => {
    const source = await this.source();
    return this.#admitted(source, sampleSourcePod(source, this.#request.image));
  });

  readonly targetFidelity = lazy(async () => {
    const target = await this.target();
    return this.#admitted(target, sampleTargetPod(target, this.#request.image, this.#request.mode));
  });

  /** Ways to the source, in the order of trying. */
  readonly ways = lazy(async () => {
    const { source, target, ways } = this.#request;
    const [a, b] = await Promise.all([this.#clusterId(source), this.#clusterId(target)]);
    return waysFor(ways, a === b);
  });

  /** The records of both sides, with the target claim's lock held. */
  readonly opened = lazy(async () => {
    const [source, target] = await Promise.all([this.source(), this.target()]);
    return this.#task.open({
      spec: copySpec(this.#request, source, target),
      pair: pairLabel(source, target),
      claimUid: target.uid,
      check: (task) => checkNoRival(target, task),
    });
  });

  readonly keys = lazy(async () => {
    const { source, target } = await this.opened();
    return ensureKeys(source.side, target.side, this.#options);
  });

  /** The Service over the source's sshd; its pod may still be on its way. */
  readonly service = lazy(async () => {
    const { side } = (await this.opened()).source;
    const { image } = this.#request;
    const [claim, fidelity] = await Promise.all([this.source(), this.sourceFidelity()]);
    const [keys, [way]] = await Promise.all([this.keys(), this.ways()]);
    return serveSource({ side, claim, fidelity, image, keys, way }, this.#options);
  });

  /** Addresses that the mover can be given from its start; a load balancer's follow when it has one. */
  readonly firstAddresses = lazy(async () => {
    const { kube, namespace, name } = (await this.opened()).source.side;
    const [service, [way]] = await Promise.all([this.service(), this.ways()]);
    if (way.name === 'loadbalancer') return [];
    return way.addresses(service, { kube, namespace, pod: `${name}-0`, ...this.#options });
  });

  /** The mover's Job, begun or taken up. */
  readonly mover = lazy(async () => {
    const { side, record } = (await this.opened()).target;
    const { image, mode, name } = this.#request;
    const [claim, fidelity, sourceFidelity] = await Promise.all([
      this.target(),
      this.targetFidelity(),
      this.sourceFidelity(),
    ]);
    const [keys, addresses] = await Promise.all([this.keys(), this.firstAddresses()]);
    const run = { task: record.task, nonce: randomUUID(), keepPartial: name !== undefined };
    const plan = { side, claim, fidelity, sourceFidelity, image, keys, mode, addresses, ...run };
    return startMover(plan, this.#options);
  });

  async #claim(ref: ClaimRef): Promise<ClaimState> {
    return readClaim(ref, await this.#clusterId(ref), this.#options.signal);
  }

  readonly #clusterIds = new Map<ClaimRef, Promise<string>>();

  /** The UID of kube-system tells clusters apart; who may not read it compares API servers. */
  #clusterId(ref: ClaimRef): Promise<string> {
    const { kube } = ref;
    const known = this.#clusterIds.get(ref);
    const id =
      known ?? clusterId(kube, { signal: this.#options.signal }).then((uid) => uid ?? kube.cluster.server);
    this.#clusterIds.set(ref, id);
    return id;
  }

  #admitted({ ref: { kube, namespace } }: ClaimState, pod: ReturnType<typeof sampleSourcePod>) {
    return admittedFidelity(kube, namespace, pod, this.#options.signal);
  }
}
