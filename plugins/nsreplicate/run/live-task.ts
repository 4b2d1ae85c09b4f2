/** A task that this process was started for: its clusters, and its work while this instance is the one at work. */
import type { Cluster } from '../clusters/cluster.ts';
import type { TaskSpec } from '../decide/spec.ts';
import type { TaskStatus } from '../state/state.ts';
import type { Task } from '../task/task.ts';

/** What this process is doing for the task; undefined while another instance is at work. */
export interface Working {
  readonly task: Task;
  readonly status: () => TaskStatus;
}

export interface LiveTask {
  readonly spec: TaskSpec;
  readonly primary: Cluster;
  readonly replicas: readonly Cluster[];
  readonly working: () => Working | undefined;
}
