/** Everything that the service answers. */
import type { Clock } from '../../../../src/clock.ts';
import type { KubeClient } from '../../../../src/kube/api/client.ts';
import type { LiveTask } from '../../run/live-task.ts';
import type { Directory } from '../accounts/directory.ts';
import type { Hashing } from '../accounts/hashing.ts';
import type { SignIn } from '../accounts/sign-in.ts';
import type { Route } from '../http/route.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Board } from '../tasks/board.ts';
import type { EventStreams } from '../tasks/event-stream.ts';
import type { LagHistory } from '../tasks/lag-history.ts';
import { ReachableClusters } from '../tasks/reachable.ts';
import { withDocument } from './document.ts';
import { eventsRoute } from './events.ts';
import { healthRoutes } from './health.ts';
import { jobsRoutes } from './jobs.ts';
import { metricsRoute } from './metrics.ts';
import { overviewRoutes } from './overview.ts';
import { pageRoutes } from './page.ts';
import { plansRoutes } from './plans.ts';
import { signInRoute } from './sign-in.ts';
import { tasksRoutes } from './tasks.ts';
import { usersRoute } from './users.ts';

export interface RoutesOptions {
  /** The cluster that keeps the tasks' state. */
  readonly state: KubeClient;
  readonly tasks: () => readonly LiveTask[];
  readonly clock: Clock;
  readonly version: string;
  /** Metrics are for anybody. */
  readonly openMetrics: boolean;
  readonly board: Board;
  readonly metrics: Metrics;
  readonly directory: Directory;
  readonly hashing: Hashing;
  readonly signIn: SignIn;
  readonly history: LagHistory;
  readonly streams: EventStreams;
}

export function allRoutes(options: RoutesOptions): Route[] {
  const { board, directory, metrics, openMetrics, signIn, streams, clock, version } = options;
  const routes = [
    ...healthRoutes(() => board.problem ?? directory.problem),
    metricsRoute(metrics, openMetrics),
    signInRoute(signIn),
    usersRoute(options),
    ...overviewRoutes({ ...options, reachable: new ReachableClusters(clock) }),
    ...tasksRoutes(options),
    ...plansRoutes(options),
    ...jobsRoutes(options),
    eventsRoute(streams),
    ...pageRoutes(),
  ];
  return withDocument(routes, version);
}
