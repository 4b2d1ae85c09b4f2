/** What Prometheus gets to see of this process. Gauges are read when they are asked for; counters count as things happen. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { onAnswers } from '../../../../src/kube/connect/request-counter.ts';
import type { Meters } from '../../jobs/meters.ts';
import { placeOf } from '../../objects/keys.ts';
import type { LiveTask } from '../../run/live-task.ts';
import type { ReplicaStatus, TaskStatus } from '../../state/state.ts';

export interface MetricsOptions {
  readonly version: string;
  readonly commit: string;
  readonly tasks: () => readonly LiveTask[];
  /** How often watches began again, by cluster. */
  readonly watchRestarts: () => ReadonlyMap<string, number>;
  /**
   * What an API server is called, by its `https://host:port`; the same where absent. Each name is kept for as long as the
   * process runs, so those that anybody may write into a kubeconfig share one.
   */
  readonly serverName?: ((origin: string) => string) | undefined;
}

/** Seconds: from a quick change to one that waited for an outage. */
const lagBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800];
const workBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
const quiet = new Set(['unchanged', 'left', 'gone']);

/** What counters and histograms have in common, whatever their labels. */
interface Series {
  get(): Promise<{ values: { labels: Partial<Record<string, string | number>> }[] }>;
  remove(labels: Partial<Record<string, string | number>>): void;
}

export class Metrics {
  readonly #options: MetricsOptions;
  readonly #registry = new Registry();
  readonly #registers = [this.#registry];
  /** Of the tasks that this process works on, when the metrics were last asked for. */
  #statuses: readonly TaskStatus[] = [];
  readonly #changes: Counter<'task' | 'replica' | 'kind' | 'result'>;
  readonly #failures: Counter<'task' | 'replica' | 'kind' | 'reason'>;
  readonly #lag: Histogram<'task' | 'replica'>;
  readonly #work: Histogram<'task' | 'replica'>;
  readonly #answers: Counter<'server' | 'method' | 'code'>;
  readonly #served: Counter<'method' | 'path' | 'code'>;
  readonly #logins: Counter<'result'>;

  constructor(options: MetricsOptions) {
    this.#options = options;
    const registers = this.#registers;
    this.#changes = new Counter({
      name: 'nsreplicate_changes_total',
      help: 'Objects that were changed on a replica, by what was done.',
      labelNames: ['task', 'replica', 'kind', 'result'],
      registers,
    });
    this.#failures = new Counter({
      name: 'nsreplicate_failures_total',
      help: 'Attempts that failed, by reason.',
      labelNames: ['task', 'replica', 'kind', 'reason'],
      registers,
    });
    this.#lag = new Histogram({
      name: 'nsreplicate_lag_seconds',
      help: 'From seeing a change on the primary to its being written to a replica.',
      labelNames: ['task', 'replica'],
      buckets: lagBuckets,
      registers,
    });
    this.#work = new Histogram({
      name: 'nsreplicate_apply_duration_seconds',
      help: 'How long the work on one changed object took.',
      labelNames: ['task', 'replica'],
      buckets: workBuckets,
      registers,
    });
    this.#answers = new Counter({
      name: 'nsreplicate_api_requests_total',
      help: 'Answers of API servers, by status code.',
      labelNames: ['server', 'method', 'code'],
      registers,
    });
    this.#served = new Counter({
      name: 'nsreplicate_http_requests_total',
      help: 'Requests that this service answered, by status code.',
      labelNames: ['method', 'path', 'code'],
      registers,
    });
    this.#logins = new Counter({
      name: 'nsreplicate_logins_total',
      help: 'Attempts to sign in, by result.',
      labelNames: ['result'],
      registers,
    });
    this.#watchRestarts();
    this.#process();
    this.#gauges();
  }

  get type(): string {
    return this.#registry.contentType;
  }

  async text(): Promise<string> {
    // Made once for all gauges: it looks at every replica.
    this.#statuses = this.#options.tasks().flatMap(({ working }) => working()?.status() ?? []);
    return this.#registry.metrics();
  }

  /** Counts answers of API servers until the returned function is called. */
  countAnswers(): () => void {
    const { serverName = (origin: string) => origin } = this.#options;
    return onAnswers((origin, method, code) =>
      this.#answers.inc({ server: serverName(origin), method, code }),
    );
  }

  /** For a task's run. */
  metersOf(task: string): Meters {
    return {
      done: (replica, key, did, started, lagMs) => {
        if (quiet.has(did)) return;
        const { kind } = placeOf(key);
        this.#changes.inc({ task, replica, kind, result: did });
        this.#work.observe({ task, replica }, Math.max(0, Date.now() - started.getTime()) / 1000);
        if (lagMs !== undefined) this.#lag.observe({ task, replica }, lagMs / 1000);
      },
      failed: (replica, key, reason) => {
        this.#failures.inc({ task, replica, kind: placeOf(key).kind, reason });
      },
    };
  }

  /** A task is over: what was counted of it goes, or every task that there ever was would be told for ever. */
  async forget(task: string): Promise<void> {
    const counted: readonly Series[] = [this.#changes, this.#failures, this.#lag, this.#work];
    for (const metric of counted) {
      const { values } = await metric.get();
      for (const { labels } of values.filter((value) => value.labels.task === task)) {
        // A bucket's limit is no label of the histogram itself.
        const { le, ...own } = labels;
        metric.remove(own);
      }
    }
  }

  /** A request to this service was answered. @param path the route's, not the client's */
  served(method: string, path: string, code: number): void {
    this.#served.inc({ method, path, code });
  }

  login(result: 'accepted' | 'refused' | 'slowed'): void {
    this.#logins.inc({ result });
  }

  #watchRestarts(): void {
    const { watchRestarts } = this.#options;
    new Counter({
      name: 'nsreplicate_watch_restarts_total',
      help: 'Watches that broke off and began again.',
      labelNames: ['cluster'],
      registers: this.#registers,
      collect() {
        this.reset();
        for (const [cluster, count] of watchRestarts()) this.inc({ cluster }, count);
      },
    });
  }

  #process(): void {
    const { version, commit } = this.#options;
    const build = new Gauge({
      name: 'nsreplicate_build_info',
      help: 'Always 1; the labels say which build this is.',
      labelNames: ['version', 'commit'],
      registers: this.#registers,
    });
    build.set({ version, commit }, 1);
    this.#gauge(
      'nsreplicate_leader',
      'Whether this instance is the one at work on the task.',
      ['task'],
      (set) => {
        for (const { spec, working } of this.#options.tasks()) set({ task: spec.name }, working() ? 1 : 0);
      },
    );
    this.#gauge('nsreplicate_queue_depth', 'Work that is due or under way.', ['task', 'replica'], (set) => {
      for (const { spec, working } of this.#options.tasks())
        for (const { name: replica, busy } of working()?.task.replicas ?? [])
          set({ task: spec.name, replica }, busy);
    });
  }

  #gauges(): void {
    this.#ofTasks('nsreplicate_objects', 'Objects that are kept the same.', ({ objects }) => objects);
    this.#ofTasks('nsreplicate_paused', 'Whether nothing is written until somebody resumes.', ({ phase }) =>
      truth(phase === 'Paused'),
    );
    this.#ofTasks('nsreplicate_primary_up', 'Whether the primary answers.', ({ primary }) =>
      truth(primary.problem === undefined),
    );
    this.#ofReplicas('nsreplicate_replica_up', 'Whether the replica answers.', ({ away }) =>
      truth(away === undefined),
    );
    this.#ofReplicas(
      'nsreplicate_deletions_stopped',
      'Whether deletions wait for an approval.',
      ({ deletionsStopped }) => truth(deletionsStopped !== undefined),
    );
    this.#ofReplicas(
      'nsreplicate_oldest_pending_seconds',
      'How long the oldest change has waited for the replica.',
      ({ behind }) => behind.oldestMs / 1000,
    );
    this.#ofReplicas(
      'nsreplicate_uncompared_objects',
      'Objects of which it is not known what the replica has.',
      ({ uncompared = 0 }) => uncompared,
    );
    this.#gauge(
      'nsreplicate_jobs',
      'Objects that differ, by how their job stands.',
      ['task', 'replica', 'state'],
      (set) => {
        for (const status of this.#statuses)
          for (const replica of status.replicas)
            for (const [state, count] of Object.entries(jobsByState(replica)))
              set({ task: status.task, replica: replica.name, state }, count);
      },
    );
  }

  #ofTasks(name: string, help: string, value: (status: TaskStatus) => number): void {
    this.#gauge(name, help, ['task'], (set) => {
      for (const status of this.#statuses) set({ task: status.task }, value(status));
    });
  }

  #ofReplicas(name: string, help: string, value: (replica: ReplicaStatus) => number): void {
    this.#gauge(name, help, ['task', 'replica'], (set) => {
      for (const { task, replicas } of this.#statuses)
        for (const replica of replicas) set({ task, replica: replica.name }, value(replica));
    });
  }

  #gauge<L extends string>(
    name: string,
    help: string,
    labelNames: L[],
    collect: (set: (labels: Record<L, string>, value: number) => void) => void,
  ): void {
    new Gauge({
      name,
      help,
      labelNames,
      registers: this.#registers,
      collect() {
        this.reset();
        collect((labels, value) => this.set(labels, value));
      },
    });
  }
}

const truth = (value: boolean): number => (value ? 1 : 0);

/** Each object that differs is in one of these states. */
export function jobsByState({ behind, running, retrying, failed, parked }: ReplicaStatus) {
  const waiting = behind.pending - running - retrying;
  return { pending: Math.max(0, waiting), running, failed: Math.max(0, failed - parked), parked };
}
