/** The engine of nsreplicate in this process, as tests and benchmarks run it. */
import { Informers } from '../../../plugins/nsreplicate/cache/informers.ts';
import type { Cluster } from '../../../plugins/nsreplicate/clusters/cluster.ts';
import type { TaskSpec } from '../../../plugins/nsreplicate/decide/spec.ts';
import { Session } from '../../../plugins/nsreplicate/run/session.ts';
import type { TaskStatus } from '../../../plugins/nsreplicate/state/state.ts';
import type { Task } from '../../../plugins/nsreplicate/task/task.ts';
import { type Clock, systemClock } from '../../../src/clock.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import { namespaces } from '../../../src/kube/api/resources.ts';

export { specOf } from '../../support/task-spec.ts';

export interface Sides {
  readonly primary: Cluster;
  readonly replicas: readonly Cluster[];
  readonly state?: KubeClient;
  /** Another one's, so that watches are shared. */
  readonly informers?: Informers;
  readonly clock?: Clock;
}

function sessionFor(
  { primary, replicas, state, clock = systemClock, informers = new Informers(clock) }: Sides,
  spec: TaskSpec,
  signal: AbortSignal,
  hooks: { begun?: (task: Task) => void; compared?: () => void; said?: string[] },
) {
  const say = (text: string) => hooks.said?.push(text);
  return new Session(
    { spec, primary, replicas },
    {
      state: state ?? primary.kube,
      informers,
      clock,
      signal,
      info: say,
      warn: say,
      begun: (task) => hooks.begun?.(task),
      compared: () => hooks.compared?.(),
      standingBy: () => say('standing by'),
    },
  );
}

/** One comparison, worked off. */
export async function once(
  sides: Sides,
  spec: TaskSpec,
): Promise<TaskStatus & { readonly said: readonly string[] }> {
  const said: string[] = [];
  const { status } = await sessionFor(sides, spec, new AbortController().signal, { said }).once();
  return { ...status, said };
}

export interface Watching {
  readonly session: Session;
  /** What it told. */
  readonly said: string[];
  task(): Task;
  stop(): Promise<void>;
}

/** A watch in this process; resolves when its first comparison is through. */
export async function watch(sides: Sides, spec: TaskSpec): Promise<Watching> {
  const ended = new AbortController();
  const compared = Promise.withResolvers<void>();
  const said: string[] = [];
  let task: Task | undefined;
  const session = sessionFor(sides, spec, ended.signal, {
    said,
    begun: (begun) => {
      task = begun;
    },
    compared: compared.resolve,
  });
  const over = session.watch().catch((error: unknown) => {
    compared.reject(error);
    if (!ended.signal.aborted) said.push(`FAILED ${String(error)}`);
  });
  await compared.promise;
  return {
    session,
    said,
    task: () => {
      if (!task) throw new Error('it has not begun');
      return task;
    },
    stop: async () => {
      ended.abort(new Error('the test is over'));
      await over;
    },
  };
}

export async function makeNamespace(
  { kube }: Cluster,
  name: string,
  labels: Record<string, string> = {},
): Promise<void> {
  await kube.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
}

/** Runs work on many items, some at once. */
export async function each<T>(
  items: readonly T[],
  parallel: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < items.length) await work(items[next++] as T);
  };
  await Promise.all(Array.from({ length: parallel }, worker));
}
