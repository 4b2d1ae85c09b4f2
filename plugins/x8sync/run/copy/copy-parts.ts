/**
 * Everything that a copy learns and makes, each begun when the first step asks for it: so what can happen
 * side by side does, and nothing happens twice. What stands further down needs what stands above it.
 */
import { randomUUID } from 'node:crypto';
import { lazy } from '../../../../src/async/lazy.ts';
import type { Clock } from '../../../../src/clock.ts';
import { UnreachableError } from '../../../../src/errors.ts';
import type { CronJob } from '../../../../src/kube/api/objects.ts';
import { jobs } from '../../../../src/kube/api/resources.ts';
import { clusterId } from '../../../../src/kube/cluster/identity.ts';
import { isGivenName } from '../../../../src/tasks/names.ts';
import { type ClaimRef, type ClaimState, describeClaim, isDevice, readClaim } from '../../claims/claim.ts';
import { checkSameMode, checkSource, checkTarget } from '../../claims/claim-checks.ts';
import { checkNoCompetingMover } from '../../claims/competing-movers.ts';
import { openEndpoint, type Strategies } from '../../connect/endpoint.ts';
import { mountObstacle } from '../../connect/mount.ts';
import { ladderOf, madeFor } from '../../connect/strategies.ts';
import type { MoverJob } from '../../monitor/mover-watch.ts';
import { schedulingObstacle } from '../../monitor/scheduling.ts';
import { readsOnly } from '../../mover/protocol/options.ts';
import { relayAddress } from '../../mover/protocol/relay.ts';
import { tunnelAddress } from '../../mover/protocol/tunnel-options.ts';
import { type EnsureOptions, remove } from '../../objects/ensure.ts';
import { ensureKeys } from '../../objects/keys.ts';
import { passwdFor } from '../../objects/manifests/identity.ts';
import type { PodWishes } from '../../objects/manifests/pods.ts';
import type { TaskSide } from '../../objects/sides.ts';
import { checkPermissions } from '../../preflight/permissions.ts';
import { podIdentity, privilegeChoice } from '../../preflight/pod-privileges.ts';
import { type FrozenSource, freezeSource } from '../../snapshot/frozen-source.ts';
import { snapshotClassFor } from '../../snapshot/snapshot-class.ts';
import { admittedBeside } from '../admitted.ts';
import { checkDeviceRequest, deviceDeletes } from '../device-request.ts';
import {
  copiesOverNetwork,
  hasBegun,
  type MoverJobPlan,
  sampleTargetPod,
  startMoverJob,
} from '../mover-job.ts';
import { podsWishOf } from '../pods-wish.ts';
import {
  type CopyRequest,
  copySpec,
  goesOnAlone,
  pairLabel,
  type ScheduleWish,
  targetMayHaveMore,
} from '../request.ts';
import { leaveSchedule } from '../schedule.ts';
import { sampleSourcePod, startSourceServer } from '../source-server.ts';
import { scheduleWishes } from '../wishes.ts';
import type { CopyTask } from './copy-task.ts';

type MoverAccess = Pick<MoverJobPlan, 'keys' | 'mountedSource' | 'addresses' | 'isTunnelled' | 'pods'>;

export class CopyParts {
  readonly #request: CopyRequest;
  readonly #task: CopyTask;
  readonly #clock: Clock;
  readonly #options: EnsureOptions;
  /** Called with what a pod waits for that is tried. */
  waiting: (text: string) => void = () => {};
  /** Name of the pod that is dialled, once it runs. */
  dialledPod: () => Promise<string> = async () => '';

  constructor(request: CopyRequest, task: CopyTask, clock: Clock, signal: AbortSignal) {
    this.#clock = clock;
    this.#request = request;
    this.#task = task;
    this.#options = { timeoutMs: request.timeoutMs, signal };
  }

  /** What was begun, to its end, well or not: after it nothing more is made. Only after an abort. */
  async settled(): Promise<void> {
    for (let known = -1; known < this.#begun.size; ) {
      known = this.#begun.size;
      await Promise.allSettled(this.#begun);
    }
  }

  readonly #begun = new Set<Promise<unknown>>();

  #part<T>(begin: () => Promise<T>): () => Promise<T> {
    return lazy(() => {
      const promise = begin();
      this.#begun.add(promise);
      return promise;
    });
  }

  readonly #permissions = this.#part(() =>
    checkPermissions(
      this.#request,
      {
        ...madeFor(this.#request.strategies, this.#isPushed),
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
    const state = await this.#permitted(this.#claim(this.#request.source));
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
      this.#clusterId(ref),
    ]);
    const { side } = (await this.opened()).source;
    return freezeSource(side, source, { ...snapshot, snapshotClass }, cluster, this.#options);
  });

  /** The claim that pods mount as the source. */
  readonly #mounted = this.#part(async () => (await this.frozen())?.claim ?? this.source());

  readonly #targetState = this.#part(() => this.#permitted(this.#claim(this.#request.target)));

  /** The target claim, fit to be written. */
  readonly target = this.#part(async () => {
    const state = await this.#targetState();
    const source = await this.source();
    checkTarget(state, source, this.#request.allowMounted);
    return state;
  });

  readonly #sourceAdmission = this.#part(async () => {
    const source = await this.source();
    const choice = privilegeChoice('source', this.#request);
    return admittedBeside(source, choice, sampleSourcePod(source, this.#pod), this.#options.signal);
  });

  readonly #targetAdmission = this.#part(async () => {
    const target = await this.target();
    const { mode } = this.#request;
    const choice = privilegeChoice('target', this.#request);
    const sample = sampleTargetPod(target, mode, this.#pod, this.#isPushed);
    return admittedBeside(target, choice, sample, this.#options.signal);
  });

  readonly sourcePrivileges = async () => (await this.#sourceAdmission()).privileges;

  readonly targetPrivileges = async () => (await this.#targetAdmission()).privileges;

  /** What is wanted of the pods of both sides. */
  get #pod(): PodWishes {
    const { image, pod: options } = this.#request;
    return { image, options, identity: podIdentity(this.#request) };
  }

  /** The strategies to try, and what is known to stand against a mount. */
  readonly #ladder = this.#part(async () => {
    const { strategies, fsGroup, service } = this.#request;
    const isOneCluster = await this.#isOneCluster();
    const [source, target] = await Promise.all([this.#mounted(), this.target()]);
    const obstacle = mountObstacle({ source, target, isOneCluster, fsGroup });
    const place = { isOneCluster, isMountable: obstacle === undefined, push: this.#isPushed };
    const ladder = ladderOf(strategies, place, service);
    // What goes on by itself can't pass through this workstation.
    const network = ladder.network.filter(({ name }) => !goesOnAlone(this.#request) || name !== 'relay');
    return { ...ladder, network, obstacle };
  });

  /** The source dials the target. */
  get #isPushed(): boolean {
    return this.#request.push ?? false;
  }

  async #isOneCluster(): Promise<boolean> {
    const { source, target } = this.#request;
    const [a, b] = await Promise.all([this.#clusterId(source), this.#clusterId(target)]);
    return a === b;
  }

  /** The mover's Job with both claims mounted, or why there is none; undefined where it is not to be tried. */
  readonly mount = this.#part(async (): Promise<{ job: MoverJob } | { obstacle: string } | undefined> => {
    const { mount, obstacle } = await this.#ladder();
    if (!mount) return undefined;
    if (obstacle !== undefined) return { obstacle };
    const { side } = (await this.opened()).target;
    const { signal } = this.#options;
    if (await copiesOverNetwork(side, signal)) return undefined;
    const [source, target] = await Promise.all([this.#mounted(), this.target()]);
    const pod = sampleTargetPod(target, this.#request.mode, this.#pod)(await this.targetPrivileges());
    const pods = await podsWishOf(this.#request.pods ?? 1, { source, target }, pod, signal);
    const job = await this.#startMover({ mountedSource: source, addresses: [], pods });
    if (job.takenUp && hasBegun(job.job)) return { job };
    const context = { clock: this.#clock, signal, waiting: (text: string) => this.waiting(text) };
    const unscheduled = await schedulingObstacle(side, job.job, context);
    if (unscheduled === undefined) return { job };
    await remove(side.kube, jobs, job.job, this.#options);
    return { obstacle: unscheduled };
  });

  /** Why the claims are not mounted, a line for the end of the ladder; none where a mount was not to be tried. */
  async mountDeclined(): Promise<string[]> {
    const mount = await this.mount();
    return mount && 'obstacle' in mount ? [`mount: ${mount.obstacle}`] : [];
  }

  /** Strategies over a network, where no pod mounts both claims. @throws UnreachableError where there is none. */
  readonly #network = this.#part(async (): Promise<Strategies> => {
    const [{ network }, declined] = await Promise.all([this.#ladder(), this.mountDeclined()]);
    const [first, ...others] = network;
    if (first) return [first, ...others];
    const names = `${describeClaim(this.#request.source)} and ${describeClaim(this.#request.target)}`;
    throw new UnreachableError(`no pod can mount both ${names}`, {
      details:
        declined.length > 0 ? declined : ['mount: the mover of an earlier run copies over the network'],
      hint: 'name further strategies with --strategy, or leave it out',
    });
  });

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

  readonly openedSource = this.#part(async () => {
    const target = await this.openedTarget();
    return this.#task.openSource(await this.#openOptions(), target);
  });

  /** The records of both sides. */
  readonly opened = this.#part(async () => {
    const [source, target] = await Promise.all([this.openedSource(), this.openedTarget()]);
    return { source, target };
  });

  readonly keys = this.#part(async () => {
    const { source, target } = await this.opened();
    const { runAs } = this.#request;
    const passwd = runAs && passwdFor(runAs);
    return ensureKeys(source.side, target.side, passwd, this.#options, this.#isPushed);
  });

  /** The side whose sshd is dialled. */
  async #dialled(): Promise<TaskSide> {
    const { source, target } = await this.opened();
    return (this.#isPushed ? target : source).side;
  }

  /** The Service that leads to the sshd which is dialled. */
  readonly endpoint = this.#part(async () =>
    openEndpoint(await this.#dialled(), await this.#network(), this.#options),
  );

  /** The source's sshd, which dials the target where that is wished; its pod may still be on its way. */
  readonly sourceServer = this.#part(async () => {
    const { side } = (await this.opened()).source;
    const [claim, { privileges, isLimited }] = await Promise.all([this.#mounted(), this.#sourceAdmission()]);
    await this.#network();
    const keys = await this.keys();
    const dials = this.#isPushed ? await this.firstAddresses() : undefined;
    const isScheduled = this.#request.schedule !== undefined;
    return startSourceServer(
      { side, claim, privileges, pod: { ...this.#pod, isLimited }, keys, dials, isScheduled },
      this.#options,
    );
  });

  /** Addresses that the pod which dials can be given from its start; a load balancer's follow when it has one. */
  readonly firstAddresses = this.#part(async () => {
    const { kube, namespace } = await this.#dialled();
    const { service, strategies } = await this.endpoint();
    const [strategy] = strategies;
    if (strategy.name === 'relay') return [relayAddress];
    if (!service || strategy.name === 'loadbalancer') return [];
    return strategy.addresses(service, { kube, namespace, pod: this.dialledPod, ...this.#options });
  });

  /** The mover's Job, begun or taken up. */
  readonly moverJob = this.#part(async () => {
    const mount = await this.mount();
    if (mount && 'job' in mount) return mount.job;
    const [keys, addresses] = await Promise.all([
      this.keys(),
      this.#isPushed ? [tunnelAddress] : this.firstAddresses(),
      // A Service that is refused ends the run before anything is begun.
      this.endpoint(),
    ]);
    return this.#startMover({ keys, addresses, isTunnelled: this.#isPushed });
  });

  async #startMover(access: MoverAccess): Promise<MoverJob> {
    const plan = await this.#moverPlan(access);
    // From here on the target changes; a run that lost the lock while it slept must not begin.
    await this.#task.confirmLock();
    return startMoverJob(plan, this.#options);
  }

  /**
   * The schedule, made in the place of the first copy's Job.
   *
   * @param answered the address that led that one to the source; none where it had both claims mounted.
   * @param knownLosses what that one could not keep, and has said so.
   */
  async schedule(
    answered: string | undefined,
    knownLosses: readonly string[],
    wish: ScheduleWish,
  ): Promise<CronJob> {
    const mount = await this.mount();
    const isMounted = mount !== undefined && 'job' in mount;
    const known = isMounted ? [] : [...(answered ? [answered] : []), ...(await this.firstAddresses())];
    const access = isMounted
      ? { mountedSource: await this.#mounted(), addresses: [] }
      : { keys: await this.keys(), addresses: [...new Set(known)] };
    const { deletes } = wish;
    const { allowMounted } = this.#request;
    const plan = await this.#moverPlan(access, { ...this.#request, deletes, confirmed: deletes === 'all' });
    await this.#task.confirmLock();
    const wishes = scheduleWishes(this.#request);
    return leaveSchedule({ ...plan, knownLosses, timetable: wish, allowMounted, wishes }, this.#options);
  }

  async #moverPlan(access: MoverAccess, request = this.#request): Promise<MoverJobPlan> {
    const { side, record } = (await this.opened()).target;
    const { mode, bandwidth, checksum, onCollision, verify, parallel, compress } = request;
    const { selection, owner, cutover: fresh, allowEmpty, rsyncArgs } = request;
    const [claim, { privileges, isLimited }, sourcePrivileges] = await Promise.all([
      this.target(),
      this.#targetAdmission(),
      this.sourcePrivileges(),
    ]);
    // The record's uid: a task of the same name that was cleaned up meanwhile is another one.
    const run = { task: record.uid, nonce: randomUUID(), keepPartial: isGivenName(record.task) };
    const who = { ...this.#pod, isLimited, fsGroup: request.fsGroup };
    const mayHaveMore = targetMayHaveMore(request);
    const deletes = isDevice(claim) ? deviceDeletes(request) : request.deletes;
    const what = { selection, deletes, owner, parallel, compress, rsyncArgs, fresh, allowEmpty };
    const how = { ...what, mode, bandwidth, checksum, onCollision, verify, mayHaveMore };
    return { side, claim, privileges, sourcePrivileges, ...access, ...how, ...who, ...run };
  }

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
}
