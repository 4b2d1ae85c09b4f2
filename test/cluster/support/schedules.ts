/** Copies of a schedule, as another workstation sees them, and waiting for them. */
import { jobEnd } from '../../../src/kube/api/conditions.ts';
import type { Job } from '../../../src/kube/api/objects.ts';
import { eventuallySees } from '../../support/eventually.ts';
import { slowness } from '../../support/slowness.ts';
import { get } from './clients.ts';
import { contextA, contextB } from './contexts.ts';
import { otherKubeconfig } from './kubeconfigs.ts';
import { kubectl, plugin } from './kubectl.ts';
import type { Ended } from './process.ts';
import type { Scene } from './scene.ts';
import { documentOf } from './x8sync.ts';

export interface ScheduleStatus {
  readonly phase: string;
  readonly schedule: {
    readonly every: string;
    readonly next?: string;
    readonly lastGood?: { readonly at: string; readonly message?: string };
    readonly lastFailure?: { readonly at: string; readonly message: string };
  };
}

/** A schedule of a minute takes that long to show anything. */
export const scheduleLimitMs = 110_000 * slowness();

/** Schedules whose source is in one scene, seen by a workstation whose contexts are `old` and `new`. */
export class Schedules {
  readonly #scene: Scene;
  readonly #other: Awaited<ReturnType<typeof otherKubeconfig>>;

  private constructor(scene: Scene, other: Awaited<ReturnType<typeof otherKubeconfig>>) {
    this.#scene = scene;
    this.#other = other;
  }

  static async of(scene: Scene): Promise<Schedules> {
    return new Schedules(scene, await otherKubeconfig({ old: contextA, new: contextB }));
  }

  remove(): Promise<void> {
    return this.#other.remove();
  }

  /** A command of the other workstation. */
  elsewhere(...args: string[]): Promise<Ended> {
    return plugin('x8sync', [...args, '-n', this.#scene.namespace], { KUBECONFIG: this.#other.path });
  }

  async status(task: string): Promise<ScheduleStatus> {
    return documentOf<ScheduleStatus>(await this.elsewhere('status', task, '--context', 'old', '-o', 'json'));
  }

  /**
   * The status once it tells that a copy has ended well which began after this moment: one that began before may lack a
   * part.
   *
   * @param target where the target claim is
   */
  async goodCopyAfter(
    context: string,
    task: string,
    since: number,
    target = this.#scene,
  ): Promise<ScheduleStatus> {
    const isOne = (job: Job) =>
      Date.parse(job.metadata.creationTimestamp ?? '') > since && jobEnd(job)?.type === 'Complete';
    const seen = await eventuallySees(
      () => jobsOf(context, target, task),
      (jobs) => jobs.some(isOne),
      scheduleLimitMs,
    );
    const ended = Date.parse(seen.find(isOne)?.status?.completionTime ?? '');
    return eventuallySees(
      () => this.status(task),
      ({ schedule }) => Date.parse(schedule.lastGood?.at ?? '') >= ended,
    );
  }

  /** Resolves once no copy of the schedule is at work, and none begins by itself. */
  async standStill(context: string, task: string): Promise<void> {
    await this.suspend(context, task, true);
    await eventuallySees(
      () => jobsOf(context, this.#scene, task),
      (jobs) => jobs.every((job) => jobEnd(job) !== undefined),
      scheduleLimitMs,
    );
  }

  suspend(context: string, task: string, suspended: boolean): Promise<string> {
    return kubectl(context, [
      ...['-n', this.#scene.namespace, 'patch', 'cronjob', `x8sync-${task}-target`],
      ...['-p', JSON.stringify({ spec: { suspend: suspended } })],
    ]);
  }
}

const jobsOf = (context: string, { namespace }: Scene, task: string) =>
  get<Job>(context, namespace, 'jobs', `x8s.dev/task=${task}`);
