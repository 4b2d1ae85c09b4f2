/**
 * What a copy makes for the target's pod to reach the source, and that pod; by what is known of both sides. Each part is
 * begun when the first step asks for it, as theirs are. What stands further down needs what stands above it.
 */
import { randomUUID } from 'node:crypto';
import { lazy } from '../../../../src/async/lazy.ts';
import type { Clock } from '../../../../src/clock.ts';
import { UnreachableError } from '../../../../src/errors.ts';
import type { CronJob } from '../../../../src/kube/api/objects.ts';
import { jobs } from '../../../../src/kube/api/resources.ts';
import { isGivenName } from '../../../../src/tasks/names.ts';
import { describeClaim, isDevice } from '../../claims/claim.ts';
import { openEndpoint, type Strategies } from '../../connect/endpoint.ts';
import { mountObstacle } from '../../connect/mount.ts';
import { ladderOf } from '../../connect/strategies.ts';
import type { MoverJob } from '../../monitor/mover-watch.ts';
import { schedulingObstacle } from '../../monitor/scheduling.ts';
import { relayAddress } from '../../mover/protocol/relay.ts';
import { tunnelAddress } from '../../mover/protocol/tunnel-options.ts';
import { type EnsureOptions, remove } from '../../objects/ensure.ts';
import { ensureKeys } from '../../objects/keys.ts';
import { passwdFor } from '../../objects/manifests/identity.ts';
import type { TaskSide } from '../../objects/sides.ts';
import { copiesOverNetwork, hasBegun, startMoverJob } from '../pods/mover-job.ts';
import { type MoverJobPlan, sampleTargetPod } from '../pods/mover-pod.ts';
import { startSourceServer } from '../pods/source-server.ts';
import { deviceDeletes } from '../request/device-request.ts';
import { podsWishOf } from '../request/pods-wish.ts';
import {
  type CopyRequest,
  goesOnAlone,
  type ScheduleWish,
  takesNothingElse,
  targetMayHaveMore,
} from '../request/request.ts';
import { scheduleWishes } from '../request/wishes.ts';
import { leaveSchedule } from '../schedule.ts';
import { Begun } from './begun.ts';
import type { CopyTask } from './copy-task.ts';
import { SideParts } from './side-parts.ts';

type MoverAccess = Pick<MoverJobPlan, 'keys' | 'mountedSource' | 'addresses' | 'isTunnelled' | 'pods'>;

export class CopyParts {
  readonly #request: CopyRequest;
  readonly #task: CopyTask;
  readonly #clock: Clock;
  readonly #options: EnsureOptions;
  readonly #begun = new Begun();
  /** What is known of both sides. */
  readonly sides: SideParts;
  /** Called with what a pod waits for that is tried. */
  waiting: (text: string) => void = () => {};
  /** Name of the pod that is dialled, once it runs. */
  dialledPod: () => Promise<string> = async () => '';

  constructor(request: CopyRequest, task: CopyTask, clock: Clock, signal: AbortSignal) {
    this.#clock = clock;
    this.#request = request;
    this.#task = task;
    this.#options = { timeoutMs: request.timeoutMs, signal };
    this.sides = new SideParts(request, task, this.#options, this.#begun);
  }

  /** See {@link Begun.settled}. */
  settled(): Promise<void> {
    return this.#begun.settled();
  }

  #part<T>(begin: () => Promise<T>): () => Promise<T> {
    return lazy(() => this.#begun.add(begin()));
  }

  /** The strategies to try, and what is known to stand against a mount. */
  readonly #ladder = this.#part(async () => {
    const { strategies, fsGroup, service } = this.#request;
    const isOneCluster = await this.sides.isOneCluster();
    const [source, target] = await Promise.all([this.sides.mounted(), this.sides.target()]);
    const obstacle = mountObstacle({ source, target, isOneCluster, fsGroup });
    const place = { isOneCluster, isMountable: obstacle === undefined, push: this.sides.isPushed };
    const ladder = ladderOf(strategies, place, service);
    // What goes on by itself can't pass through this workstation.
    const network = ladder.network.filter(({ name }) => !goesOnAlone(this.#request) || name !== 'relay');
    return { ...ladder, network, obstacle };
  });

  /** The mover's Job with both claims mounted, or why there is none; undefined where it is not to be tried. */
  readonly mount = this.#part(async (): Promise<{ job: MoverJob } | { obstacle: string } | undefined> => {
    const { mount, obstacle } = await this.#ladder();
    if (!mount) return undefined;
    if (obstacle !== undefined) return { obstacle };
    const { side } = (await this.sides.opened()).target;
    const { signal } = this.#options;
    if (await copiesOverNetwork(side, signal)) return undefined;
    const [source, target] = await Promise.all([this.sides.mounted(), this.sides.target()]);
    const sample = sampleTargetPod(target, this.#request.mode, this.sides.pod);
    const pod = sample(await this.sides.targetPrivileges());
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

  readonly keys = this.#part(async () => {
    const { source, target } = await this.sides.opened();
    const { runAs } = this.#request;
    const passwd = runAs && passwdFor(runAs);
    return ensureKeys(source.side, target.side, passwd, this.#options, this.sides.isPushed);
  });

  /** The side whose sshd is dialled. */
  async #dialled(): Promise<TaskSide> {
    const { source, target } = await this.sides.opened();
    return (this.sides.isPushed ? target : source).side;
  }

  /** The Service that leads to the sshd which is dialled. */
  readonly endpoint = this.#part(async () =>
    openEndpoint(await this.#dialled(), await this.#network(), this.#options),
  );

  /** The source's sshd, which dials the target where that is wished; its pod may still be on its way. */
  readonly sourceServer = this.#part(async () => {
    const { side } = (await this.sides.opened()).source;
    const [claim, { privileges, isLimited }] = await Promise.all([
      this.sides.mounted(),
      this.sides.sourceAdmission(),
    ]);
    await this.#network();
    const keys = await this.keys();
    const dials = this.sides.isPushed ? await this.firstAddresses() : undefined;
    const isScheduled = this.#request.schedule !== undefined;
    return startSourceServer(
      { side, claim, privileges, pod: { ...this.sides.pod, isLimited }, keys, dials, isScheduled },
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
      this.sides.isPushed ? [tunnelAddress] : this.firstAddresses(),
      // A Service that is refused ends the run before anything is begun.
      this.endpoint(),
    ]);
    return this.#startMover({ keys, addresses, isTunnelled: this.sides.isPushed });
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
      ? { mountedSource: await this.sides.mounted(), addresses: [] }
      : { keys: await this.keys(), addresses: [...new Set(known)] };
    const { deletes } = wish;
    const { allowMounted } = this.#request;
    const plan = await this.#moverPlan(access, { ...this.#request, deletes, confirmed: deletes === 'all' });
    await this.#task.confirmLock();
    const wishes = scheduleWishes(this.#request);
    return leaveSchedule({ ...plan, knownLosses, timetable: wish, allowMounted, wishes }, this.#options);
  }

  async #moverPlan(access: MoverAccess, request = this.#request): Promise<MoverJobPlan> {
    const { side, record } = (await this.sides.opened()).target;
    const { mode, bandwidth, checksum, onCollision, verify, parallel, compress } = request;
    const { selection, owner, cutover: fresh, allowEmpty, rsyncArgs, allowMounted } = request;
    const [claim, { privileges, isLimited }, sourcePrivileges] = await Promise.all([
      this.sides.target(),
      this.sides.targetAdmission(),
      this.sides.sourcePrivileges(),
    ]);
    // The record's uid: a task of the same name that was cleaned up meanwhile is another one.
    const run = { task: record.uid, nonce: randomUUID(), keepPartial: isGivenName(record.task) };
    const who = { ...this.sides.pod, isLimited, fsGroup: request.fsGroup };
    const mayHaveMore = targetMayHaveMore(request);
    const deletes = isDevice(claim) ? deviceDeletes(request) : request.deletes;
    const nothingElse = takesNothingElse(request);
    const what = { nothingElse, selection, deletes, owner, parallel, compress, rsyncArgs, fresh, allowEmpty };
    const how = { ...what, allowMounted, mode, bandwidth, checksum, onCollision, verify, mayHaveMore };
    return { side, claim, privileges, sourcePrivileges, ...access, ...how, ...who, ...run };
  }
}
