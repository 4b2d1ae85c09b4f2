/** One KRMSyncer, for as long as it is there: a task of the engine, begun anew whenever what it depends on changes. */

import { isDeepStrictEqual } from 'node:util';
import { onAbort } from '../../../src/async/abort.ts';
import { GrowingPauses } from '../../../src/async/back-off.ts';
import { repeat } from '../../../src/async/repeat.ts';
import type { Clock } from '../../../src/clock.ts';
import { messageOf, UsageError, X8sError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { Informers } from '../cache/informers.ts';
import { checkDistinct, identify, knownBefore } from '../clusters/cluster.ts';
import type { Meters } from '../jobs/meters.ts';
import type { Fence } from '../reconcile/fenced-client.ts';
import { standbyAnnotation } from '../rules/krmsyncer.ts';
import { type Assignment, run } from '../run/run.ts';
import { knownAs } from '../state/known-clusters.ts';
import type { TaskStatus } from '../state/state.ts';
import type { Task } from '../task/task.ts';
import type { Clients } from './access/clients.ts';
import { kubeconfigText } from './access/kubeconfig.ts';
import type { RightsPolicy } from './access/rights.ts';
import type { WatchedSecrets } from './access/secrets.ts';
import type { SharedControls } from './controls.ts';
import type { Standing, Work } from './resource/conditions.ts';
import { deletionPolicyAnnotation, deletionStepOf, setFinalizer } from './resource/deletion.ts';
import { Refusal } from './resource/refusal.ts';
import { SyncerReporter } from './resource/report.ts';
import type { SyncerObject } from './resource/resource.ts';
import { standingAfter } from './resource/standing-after.ts';
import { type TaskNaming, taskOf } from './resource/task-names.ts';
import { type Wanted, wantedOf } from './wanted.ts';
import { isThrough, workOf } from './work.ts';
import type { ControllerWork } from './work-now.ts';

/** What all resources of a controller share. */
export interface SyncerContext {
  /** With the controller's own rights, and fenced: it keeps the tasks' state and the resources' status. */
  readonly own: KubeClient;
  /** Who the controller's own cluster is. */
  readonly ownId: string;
  readonly clients: Clients;
  readonly secrets: WatchedSecrets;
  readonly controls: SharedControls;
  readonly informers: Informers;
  readonly work: ControllerWork;
  readonly metersOf: (task: string) => Meters | undefined;
  /** As of `ControllerOptions`. */
  readonly taskEnded: (task: string) => void;
  readonly policy: RightsPolicy;
  /** As `TaskOptions.mostObjects`. */
  readonly mostObjects: number;
  readonly clock: Clock;
  /** As `Fence.fence`. */
  readonly fence: Fence['fence'];
  /** Aborted once another process may write. */
  readonly lost: AbortSignal;
  /** The task by whose Lease this process is the leader. */
  readonly guardedBy: string;
  readonly isEldest: TaskNaming['isEldest'];
  /** As of `Leadership`: nothing is done before about what another controller carries out, not even said. */
  readonly admit: (namespace: string, signal: AbortSignal) => Promise<void>;
  readonly info: (text: string) => void;
  readonly warn: (text: string) => void;
}

/** How often it is looked how a task stands. */
const LOOK_MS = 1000;
const pause = { firstMs: 1000, mostMs: 30_000 };

export class Syncer {
  readonly #context: SyncerContext;
  readonly #signal: AbortSignal;
  readonly #reporter: SyncerReporter;
  #object: SyncerObject;
  /** Aborted when what the task was begun with does not hold any more. */
  #round = new AbortController();
  readonly #pauses: GrowingPauses;
  /** What the engine's state was last written with. */
  #recorded = 0;
  #wanted: Wanted | undefined;
  #isTakenUp = false;
  #task: string | undefined;

  constructor(object: SyncerObject, context: SyncerContext, signal: AbortSignal) {
    this.#object = object;
    this.#context = context;
    this.#signal = signal;
    this.#pauses = new GrowingPauses(pause, context.clock);
    const { own: kube, clock, warn } = context;
    this.#reporter = new SyncerReporter({ kube, clock, warn }, object.status);
  }

  /** Takes a newer version of the resource; what is only its status changes nothing. */
  update(object: SyncerObject): void {
    const isSame = isDeepStrictEqual(saidBy(object), saidBy(this.#object));
    this.#object = object;
    if (isSame) return;
    this.#pauses.reset();
    this.#round.abort(new Changed('the resource was changed'));
  }

  /** Goes on until the signal aborts. */
  async run(): Promise<void> {
    const forget = onAbort(this.#signal, () => this.#round.abort(this.#signal.reason));
    try {
      while (!this.#signal.aborted) {
        this.#round = new AbortController();
        await this.#oneRound(this.#round.signal);
        this.#round.abort();
      }
    } finally {
      forget();
      if (this.#task !== undefined) this.#context.taskEnded(this.#task);
    }
  }

  async #oneRound(signal: AbortSignal): Promise<void> {
    try {
      await this.#work(signal);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof X8sError)) this.#context.warn(defectText(error));
      this.#context.warn(messageOf(error));
      await this.#tell(standingAfter(error, this.#isLeaving)).catch((why: unknown) =>
        this.#context.warn(defectText(why)),
      );
      // A change of what it depends on ends this wait.
      await this.#pauses.wait(signal).catch(() => undefined);
    }
  }

  async #work(signal: AbortSignal): Promise<void> {
    await this.#takeUp(signal);
    this.#task ??= await taskOf(this.#object, this.#context, signal);
    this.#wanted = undefined;
    const leaving = await this.#settleDeletion(signal);
    const wanted = wantedOf(this.#object, this.#context.policy, this.#task);
    this.#wanted = wanted;
    if (wanted.suspended) {
      await this.#tell({ is: 'suspended' });
      await aborted(signal);
      return;
    }
    await this.#tell({ is: 'starting' });
    const { spec, ...sides } = await this.#assign(wanted, signal);
    await this.#replicate({ ...sides, spec: { ...spec, leaving } }, signal);
  }

  /** Takes the finalizer or gives it back, as the resource wants it now. True: its copies are to be deleted first. */
  async #settleDeletion(signal: AbortSignal): Promise<boolean> {
    const step = deletionStepOf(this.#object);
    if (step === 'hold' || step === 'release')
      await setFinalizer(this.#context.own, this.#object, step === 'hold', signal);
    return step === 'delete-copies';
  }

  /** Its copies go first, and it waits for that. */
  get #isLeaving(): boolean {
    try {
      return deletionStepOf(this.#object) === 'delete-copies';
    } catch {
      return false;
    }
  }

  async #takeUp(signal: AbortSignal): Promise<void> {
    const { admit, info } = this.#context;
    await admit(this.#object.metadata.namespace ?? '', signal);
    if (!this.#isTakenUp) info('taken up');
    this.#isTakenUp = true;
  }

  async #assign({ spec, secret, identity, mode }: Wanted, signal: AbortSignal): Promise<Assignment> {
    const { clients, secrets, own, ownId } = this.#context;
    const { namespace = '' } = this.#object.metadata;
    const changed = () => this.#round.abort(new Changed(`Secret ${secret} was changed`));
    const found = await secrets.follow({ namespace, name: secret }, changed, signal);
    if (!found) throw new Refusal('SecretNotFound', `there is no Secret ${secret} in namespace ${namespace}`);
    const known = (kube: KubeClient) => () =>
      knownAs(kube, { task: spec.name, state: own, call: { signal } });
    const [kube, remote] = await Promise.all([
      clients.local(identity, signal),
      clients
        .remote(kubeconfigText(found), signal)
        .then((there) => identify('remote', there, { known: known(there), signal })),
    ]);
    const here = await knownBefore({ name: 'local', kube, id: ownId }, known(own));
    try {
      checkDistinct(here, [remote]);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      throw new Refusal('SameCluster', 'the kubeconfig leads to this very cluster');
    }
    return mode === 'push'
      ? { spec, primary: here, replicas: [remote] }
      : { spec, primary: remote, replicas: [here] };
  }

  async #replicate(assignment: Assignment, signal: AbortSignal): Promise<void> {
    const { own, informers, work, metersOf, controls, clock, fence, lost, guardedBy, mostObjects } =
      this.#context;
    const { info, warn } = this.#context;
    const watching = new AbortController();
    const stop = onAbort(signal, () => watching.abort());
    // Where it can't be told how the work stands, the work ends, and is begun anew.
    const untold = new AbortController();
    let compared = false;
    const begun = (task: Task, status: () => TaskStatus) => {
      onAbort(watching.signal, work.begin({ ...assignment, working: () => ({ task, status }) }));
      const { leaving = false } = assignment.spec;
      this.#follow(() => workOf(status(), task.kinds, { compared, leaving }), watching.signal).catch(
        (error: unknown) => untold.abort(error),
      );
    };
    try {
      await run(assignment, {
        state: own,
        informers,
        watchControl: controls.watch,
        meters: metersOf(assignment.spec.name),
        clock,
        signal: AbortSignal.any([signal, untold.signal]),
        watch: true,
        mostObjects,
        fence,
        lost,
        guardedBy,
        info,
        warn,
        begun,
        recorded: this.#recorded,
        written: (sequence) => {
          this.#recorded = sequence;
        },
        startOver: (because) => {
          info(`${messageOf(because)}: comparing anew`);
          this.#round.abort(because);
        },
        compared: () => {
          compared = true;
          this.#pauses.reset();
        },
      });
    } finally {
      stop();
      watching.abort();
    }
  }

  /** Tells how the work stands for as long as it goes on. */
  async #follow(work: () => ReturnType<typeof workOf>, signal: AbortSignal): Promise<void> {
    const { clock } = this.#context;
    const look = async () => {
      const now = work();
      await this.#tell({ is: 'working', work: now });
      if (now.leaving && isThrough(now)) await this.#letGo(now);
    };
    await repeat(look, { periodMs: LOOK_MS, clock, signal });
  }

  /** Its copies are gone: nothing holds the resource any more. What could not be done is tried at the next look. */
  async #letGo({ left }: Work): Promise<void> {
    const { own, info, warn } = this.#context;
    const stay = Object.entries(left).map(([why, count]) => `${count} stay (${why})`);
    info(`its copies are deleted${stay.length > 0 ? `, but ${stay.join(', ')}` : ''}`);
    await setFinalizer(own, this.#object, false).catch((error: unknown) => warn(messageOf(error)));
  }

  #tell(standing: Standing): Promise<void> {
    const { mode, notes = [] } = this.#wanted ?? {};
    return this.#reporter.tell(this.#object, { standing, task: this.#task, mode, notes });
  }
}

/** What is said of an error that only a defect of this program can be. */
export const defectText = (error: unknown): string =>
  `a defect: ${(error instanceof Error && error.stack) || String(error)}`;

/** Why a round ended: nothing is wrong. */
class Changed extends X8sError {}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else onAbort(signal, resolve);
  });

/** What of a resource decides on its work. */
const saidBy = ({ spec, metadata: { annotations = {}, deletionTimestamp } }: SyncerObject) => ({
  spec,
  standby: annotations[standbyAnnotation],
  deletion: annotations[deletionPolicyAnnotation],
  isGoing: deletionTimestamp !== undefined,
});
