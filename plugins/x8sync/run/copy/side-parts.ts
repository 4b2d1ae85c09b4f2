/**
 * What a copy learns of its two sides, and its records there, each begun when the first step asks for it: so what can
 * happen side by side does, and nothing happens twice. What stands further down needs what stands above it.
 */
import { lazy } from '../../../../src/async/lazy.ts';
import { isDevice } from '../../claims/claim.ts';
import { checkSameMode, checkSource, checkTarget } from '../../claims/claim-checks.ts';
import { lostTarget, requireTargetStands, sourceDeparture } from '../../claims/claim-stands.ts';
import { checkNoCompetingMover } from '../../claims/competing-movers.ts';
import { newcomersOf } from '../../claims/newcomers.ts';
import { madeFor } from '../../connect/strategies.ts';
import { readsOnly } from '../../mover/protocol/options.ts';
import type { EnsureOptions } from '../../objects/ensure.ts';
import type { PodWishes } from '../../objects/manifests/pods.ts';
import { checkPermissions } from '../../preflight/permissions.ts';
import { podIdentity, privilegeChoice } from '../../preflight/pod-privileges.ts';
import { type FrozenSource, freezeSource } from '../../snapshot/frozen-source.ts';
import { snapshotClassFor } from '../../snapshot/snapshot-class.ts';
import { admittedBeside } from '../pods/admitted.ts';
import { sampleTargetPod } from '../pods/mover-pod.ts';
import { sampleSourcePod } from '../pods/source-server.ts';
import { checkDeviceRequest } from '../request/device-request.ts';
import { type CopyRequest, copySpec, pairLabel } from '../request/request.ts';
import type { Begun } from './begun.ts';
import { ClaimReader } from './claim-reader.ts';
import type { CopyTask } from './copy-task.ts';

export class SideParts {
  readonly #request: CopyRequest;
  readonly #task: CopyTask;
  readonly #options: EnsureOptions;
  readonly #begun: Begun;
  readonly #claims: ClaimReader;

  /** @param begun takes note of each part that is begun */
  constructor(request: CopyRequest, task: CopyTask, options: EnsureOptions, begun: Begun) {
    this.#request = request;
    this.#task = task;
    this.#options = options;
    this.#begun = begun;
    this.#claims = new ClaimReader(options.signal);
  }

  #part<T>(begin: () => Promise<T>): () => Promise<T> {
    return lazy(() => this.#begun.add(begin()));
  }

  /** What is wanted of the pods of both sides. */
  get pod(): PodWishes {
    const { image, pod: options } = this.#request;
    return { image, options, identity: podIdentity(this.#request) };
  }

  /** The source dials the target. */
  get isPushed(): boolean {
    return this.#request.push ?? false;
  }

  readonly #permissions = this.#part(() =>
    checkPermissions(
      this.#request,
      {
        ...madeFor(this.#request.strategies, this.isPushed),
        snapshot: this.#request.snapshot?.method,
        growth: this.#request.growTarget ?? false,
        schedule: this.#request.schedule && (this.#request.allowMounted ? 'blind' : 'asking'),
      },
      this.#options.signal,
    ),
  );

  /** What was begun beside the question of permissions; what is lacking tells more than what then failed. */
  async #permitted<T>(work: Promise<T>): Promise<T> {
    work.catch(() => {});
    await this.#permissions();
    return work;
  }

  /** The source claim, fit to be read. */
  readonly source = this.#part(async () => {
    const state = await this.#permitted(this.#claims.read(this.#request.source));
    if (isDevice(state)) {
      checkDeviceRequest(this.#request);
      // Whether that may be copied at all is asked before what else is wrong with it.
      checkSameMode(state, await this.#targetState());
    }
    checkSource(state, this.#request.snapshot !== undefined);
    return state;
  });

  /** The class for the source's snapshot: that there is none is known before anything is made. */
  readonly snapshotClass = this.#part(async () => {
    const { snapshot } = this.#request;
    if (snapshot?.method !== 'snapshot') return undefined;
    return snapshotClassFor(await this.source(), snapshot.snapshotClass, this.#options.signal);
  });

  /** The source as it was at one moment, where that is wished. */
  readonly frozen = this.#part(async (): Promise<FrozenSource | undefined> => {
    const { snapshot, source: ref } = this.#request;
    if (!snapshot) return undefined;
    const [source, snapshotClass, cluster] = await Promise.all([
      this.source(),
      this.snapshotClass(),
      this.#claims.clusterId(ref),
    ]);
    const { side } = (await this.opened()).source;
    return freezeSource(side, source, { ...snapshot, snapshotClass }, cluster, this.#options);
  });

  /** The claim that pods mount as the source. */
  readonly mounted = this.#part(async () => (await this.frozen())?.claim ?? this.source());

  readonly #targetState = this.#part(() => {
    const { mode, target } = this.#request;
    // An empty claim that was made for it would be nothing to compare with.
    return this.#permitted(mode === 'verify' ? this.#claims.read(target) : this.#claims.readTarget(target));
  });

  /** The target claim, fit to be written. */
  readonly target = this.#part(async () => {
    const state = await this.#targetState();
    const source = await this.source();
    checkTarget(state, source, this.#request.allowMounted);
    return state;
  });

  /** @throws X8sError where the target claim is not the one any more that was copied to, or is about to go. */
  readonly requireTargetStands = async () => requireTargetStands(await this.target(), this.#options.signal);

  /**
   * The same, as far as the target's cluster can be asked.
   *
   * @returns what is to be told of a source claim that somebody has deleted meanwhile
   */
  readonly lookOnceMore = async (): Promise<string | undefined> => {
    const [source, target] = await Promise.all([this.source(), this.target()]);
    const lost = await lostTarget(target, this.#options.signal);
    if (lost) throw lost;
    return sourceDeparture(source, this.#options.signal);
  };

  /** Pods that came to write to the target since nobody did; none where that was agreed to, or nothing was written. */
  readonly newcomers = async (): Promise<readonly string[]> => {
    const { allowMounted, mode } = this.#request;
    if (allowMounted || readsOnly(mode)) return [];
    const [target, { record }] = await Promise.all([this.target(), this.openedTarget()]);
    return newcomersOf(target.ref, record.task, this.#options.signal, target.elsewhere);
  };

  /** What the source's namespace admits of its pod. */
  readonly sourceAdmission = this.#part(async () => {
    const source = await this.source();
    const choice = privilegeChoice('source', this.#request);
    return admittedBeside(source, choice, sampleSourcePod(source, this.pod), this.#options.signal);
  });

  /** What the target's namespace admits of its pod. */
  readonly targetAdmission = this.#part(async () => {
    const target = await this.target();
    const { mode } = this.#request;
    const choice = privilegeChoice('target', this.#request);
    const sample = sampleTargetPod(target, mode, this.pod, this.isPushed);
    return admittedBeside(target, choice, sample, this.#options.signal);
  });

  readonly sourcePrivileges = async () => (await this.sourceAdmission()).privileges;

  readonly targetPrivileges = async () => (await this.targetAdmission()).privileges;

  /** Whether both claims are in one cluster. */
  isOneCluster(): Promise<boolean> {
    const { source, target } = this.#request;
    return this.#claims.isOneCluster(source, target);
  }

  readonly #openOptions = this.#part(async () => {
    const [source, target] = await Promise.all([this.source(), this.target()]);
    return {
      spec: copySpec(this.#request, source, target),
      pair: pairLabel(source, target),
      claimUid: target.uid,
      check: (task: string) => {
        const contender = { task, readsOnly: readsOnly(this.#request.mode) };
        return checkNoCompetingMover(target, contender, this.#options.signal);
      },
    };
  });

  /** The target's record, with the target claim's lock held. */
  readonly openedTarget = this.#part(async () => this.#task.openTarget(await this.#openOptions()));

  /** The source's record, after the target's. */
  readonly openedSource = this.#part(async () => {
    const target = await this.openedTarget();
    return this.#task.openSource(await this.#openOptions(), target);
  });

  /** The records of both sides. */
  readonly opened = this.#part(async () => {
    const [source, target] = await Promise.all([this.openedSource(), this.openedTarget()]);
    return { source, target };
  });
}
