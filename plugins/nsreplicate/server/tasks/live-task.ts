/** A task that this process was started for: its clusters, and its work while this instance is the one at work. */
import type { Site } from '../../clusters/cluster.ts';
import type { TaskSpec } from '../../decide/spec.ts';
import type { TaskView } from '../../state/state.ts';
import type { Task } from '../../task/task.ts';

/** What this process is doing for the task; undefined while another instance is at work. */
export interface Working {
  readonly task: Task;
  readonly view: () => TaskView;
}

export interface LiveTask {
  readonly spec: TaskSpec;
  readonly primary: Site;
  readonly replicas: readonly Site[];
  readonly working: () => Working | undefined;
}
