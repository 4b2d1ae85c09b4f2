/**
 * All tasks whose state is in one cluster, as that was last written: by this process or by any other. What the service
 * answers comes from here, so that it answers the same whichever instance is at work.
 */
import type { ConfigMap } from '../../../../src/kube/api/objects.ts';
import { configMaps } from '../../../../src/kube/api/resources.ts';
import { Label, managerOf } from '../../../../src/tasks/names.ts';
import { type JobRecord, type JobState, newestFirst, shardNames } from '../../jobs/records.ts';
import { type Control, controlOf } from '../../state/control.ts';
import { jobsOf, type NewerTask, newerIn, statusIn, type TaskStatus } from '../../state/state.ts';
import { tool } from '../../state/task-objects.ts';
import { isAtWork } from '../../state/task-phase.ts';
import { AtWork } from './at-work.ts';
import { jobId } from './job-id.ts';
import { KeptObjects, type KeptOptions } from './kept-objects.ts';

export interface BoardTask {
  readonly name: string;
  readonly status: TaskStatus;
  readonly control: Control;
  /** Whether an instance is at work on it; else its status is what was last written. */
  readonly atWork: boolean;
}

/** A job under its id. */
export interface BoardJob extends JobRecord {
  readonly id: string;
  readonly task: string;
}

export type BoardOptions = Omit<KeptOptions<ConfigMap>, 'resource' | 'labelSelector' | 'changed'>;

const jobRoles = [...shardNames, 'active'].map((name) => `jobs-${name}`);
const labelSelector = [
  `${Label.managedBy}=${managerOf(tool)}`,
  `${Label.role} in (${['state', 'control', ...jobRoles].join(',')})`,
].join(',');

export class Board {
  readonly #kept: KeptObjects<ConfigMap>;
  readonly #atWork: AtWork;
  /** Objects by task and role. */
  readonly #tasks = new Map<string, Map<string, ConfigMap>>();
  /** How often something of a task was written: its jobs' records, or all else. */
  readonly #versions = new Map<string, { jobs: number; status: number }>();
  readonly #places = new Map<string, { readonly task: string; readonly role: string }>();
  /** What was read of an object's text, until it is another one. */
  readonly #statuses = new WeakMap<ConfigMap, TaskStatus | undefined>();

  constructor(options: BoardOptions) {
    this.#atWork = new AtWork(options);
    this.#kept = new KeptObjects({
      ...options,
      resource: configMaps,
      labelSelector,
      changed: (name, object) => this.#take(name, object),
    });
  }

  async run(): Promise<void> {
    await Promise.all([this.#kept.run(), this.#atWork.run()]);
  }

  get listed(): Promise<void> {
    return this.#kept.listed;
  }

  get problem(): string | undefined {
    return this.#kept.problem;
  }

  tasks(): BoardTask[] {
    return [...this.#tasks.keys()].sort().flatMap((name) => this.task(name) ?? []);
  }

  /** Tasks of which nothing is told, since a newer version of this plugin wrote their state. */
  get newer(): NewerTask[] {
    return [...this.#tasks.keys()].sort().flatMap((name) => this.newerTask(name) ?? []);
  }

  newerTask(name: string): NewerTask | undefined {
    const state = this.#tasks.get(name)?.get('state');
    return state && newerIn(state);
  }

  task(name: string): BoardTask | undefined {
    const roles = this.#tasks.get(name);
    const status = roles && this.#statusOf(roles.get('state'));
    const control = controlOf(roles?.get('control'));
    return status && { name, status, atWork: this.#isWorkedOn(name, status), control };
  }

  /** A controller holds its Lease for all its tasks, also for those that it has ended. */
  #isWorkedOn(name: string, status: TaskStatus): boolean {
    const { guardedBy } = status;
    return guardedBy === undefined ? this.#atWork.has(name) : isAtWork(status) && this.#atWork.has(guardedBy);
  }

  /** The machine or pod whose instance is at work on a task; undefined where none is known to be. */
  workerOf(name: string): string | undefined {
    const task = this.task(name);
    return task?.atWork ? this.#atWork.holderOf(task.status.guardedBy ?? name) : undefined;
  }

  /** Another number whenever the records of the task's jobs, or its status and what was asked of it, were written anew. */
  versions(task: string): { readonly jobs: number; readonly status: string } {
    const { jobs, status } = this.#writes(task);
    return { jobs, status: `${status} ${this.task(task)?.atWork}` };
  }

  #writes(task: string): { readonly jobs: number; readonly status: number } {
    return this.#versions.get(task) ?? { jobs: 0, status: 0 };
  }

  /** In the order of `jobs`: what fails, what is at work, what was done last. */
  jobs(task: string): BoardJob[] {
    const roles = this.#tasks.get(task);
    if (!roles || this.newerTask(task)) return [];
    const text = (role: string): string => roles.get(role)?.data?.records ?? '';
    const shards = new Map(shardNames.map((name) => [name, text(`jobs-${name}`)]));
    return jobsOf(shards, text('jobs-active')).map((job) => ({ ...job, task, id: jobId(task, job) }));
  }

  /** Those of all tasks, in the same order, whichever task they are of. */
  jobsOfAll(): BoardJob[] {
    return byStanding([...this.#tasks.keys()].sort().flatMap((task) => this.jobs(task)));
  }

  #statusOf(state: ConfigMap | undefined): TaskStatus | undefined {
    if (!state || newerIn(state)) return undefined;
    if (!this.#statuses.has(state)) this.#statuses.set(state, statusIn(state));
    return this.#statuses.get(state);
  }

  #take(name: string, object: ConfigMap | undefined): void {
    const { [Label.task]: task, [Label.role]: role } = object?.metadata.labels ?? {};
    const place = task !== undefined && role !== undefined ? { task, role } : this.#places.get(name);
    if (!place) return;
    const roles = this.#tasks.get(place.task) ?? new Map<string, ConfigMap>();
    if (object) roles.set(place.role, object);
    else roles.delete(place.role);
    if (roles.size > 0) this.#tasks.set(place.task, roles);
    else this.#tasks.delete(place.task);
    this.#places.set(name, place);
    const { jobs, status } = this.#writes(place.task);
    const isOfJobs = place.role.startsWith('jobs-');
    this.#versions.set(place.task, isOfJobs ? { jobs: jobs + 1, status } : { jobs, status: status + 1 });
  }
}

/** What fails, what is at work, what was done; of the first and the last the newest first. */
function byStanding(jobs: readonly BoardJob[]): BoardJob[] {
  const of = (...states: JobState[]) => jobs.filter(({ state }) => states.includes(state));
  return [...of('failed').sort(newestFirst), ...of('running', 'pending'), ...of('done').sort(newestFirst)];
}
