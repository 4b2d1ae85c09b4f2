/** The clusters of a task that has run, as far as they answer. */
import type { KubeCommandContext } from '../../../../src/cli/kube-command.ts';
import { messageOf, RefusedError, UnreachableError, UsageError, X8sError } from '../../../../src/errors.ts';
import type { KubeClient } from '../../../../src/kube/api/client.ts';
import type { Cluster } from '../../clusters/cluster.ts';
import type { Behind } from '../../jobs/lag.ts';
import type { TaskStatus } from '../../state/state.ts';

/** A cluster as the task's state names it. */
export interface Member {
  /** What the workstation that ran the task calls it. */
  readonly name: string;
  /** The address by which that workstation reaches it. */
  readonly server: string;
  /** As `Cluster.id`; undefined where the state does not tell. */
  readonly id: string | undefined;
}

export interface Participants {
  /** What keeps the task's state; undefined: it does not answer. */
  readonly state: KubeClient | undefined;
  /** How the task stood when it last wrote its state. */
  readonly status: TaskStatus | undefined;
  /** The primary and the replicas of the status, in that order; undefined: no state that answers has a task of that name. */
  readonly members: readonly [Member, ...Member[]] | undefined;
  /** Those members that answer. */
  readonly clusters: readonly Cluster[];
  /** Each cluster that does not answer, or only with errors. */
  readonly silent: readonly Silent[];
}

/** A cluster that does not answer, or only with errors; `server` and `id` as those of a member, where it is one. */
export interface Silent extends Partial<Member> {
  readonly name: string;
  readonly why: string;
}

/** `prod: why` */
export const silenceOf = ({ name, why }: Silent): string => `${name}: ${why}`;

/** Whether a member is a cluster: an address may be another one on each workstation, and an id may not be known. */
export const isMember = ({ id, server }: Omit<Member, 'name'>, cluster: Cluster): boolean =>
  id === cluster.id || server === cluster.kube.cluster.server;

/** How the task last stood with a replica; undefined where the state does not tell. */
export function standingOf({ members, status }: Known, cluster: Cluster): ReplicaStanding | undefined {
  const index = members?.findIndex((member) => isMember(member, cluster)) ?? 0;
  const replica = status?.replicas[index - 1];
  return status && replica && { ...replica, isCompared: status.phase !== 'Comparing' };
}

type Known = Partial<Pick<Participants, 'members' | 'status'>>;

/** How far a replica is. */
export interface Standing {
  readonly behind: Behind;
  readonly uncompared?: number | undefined;
  readonly failed: number;
  readonly away?: string | undefined;
  /** Nobody looks at it any more. */
  readonly isOver?: boolean;
}

export interface ReplicaStanding extends Standing {
  /** False: the task had not seen yet all that there is. */
  readonly isCompared: boolean;
}

/**
 * Finds the clusters of a task by its status. One that answers with an error is as one that does not answer: a server
 * without its store, or what stands before it.
 * @param stateName what the cluster that keeps the state is called before it is reached
 * @throws {UsageError | RefusedError} no such context; a newer version of this plugin wrote the state
 */
export async function participants(
  context: KubeCommandContext,
  task: string,
  openState: () => Promise<KubeClient>,
  stateName = "what keeps the task's state",
): Promise<Participants> {
  const { signal } = context;
  const silent: Silent[] = [];
  const ifAnswering = async <T>(who: Omit<Silent, 'why'>, ask: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await ask();
    } catch (error) {
      signal.throwIfAborted();
      if (!isFailing(error)) throw error;
      silent.push({ ...who, why: messageOf(error) });
      return undefined;
    }
  };
  const found = await ifAnswering({ name: stateName }, async () => {
    const state = await openState();
    return { state, ...(await lookUp(state, task, signal)) };
  });
  const { state, status, members }: Partial<Participants> = found ?? {};
  const reached = await Promise.all(
    (members ?? []).map((member) => ifAnswering(member, () => reach(member, context))),
  );
  const clusters = reached.filter((cluster) => cluster !== undefined);
  return { state, status, members, clusters, silent };
}

/** Whether it is the cluster that fails: neither what the person asked for, nor what this version makes of an answer. */
const isFailing = (error: unknown): error is X8sError =>
  error instanceof X8sError && !(error instanceof UsageError) && !(error instanceof RefusedError);

async function lookUp(state: KubeClient, task: string, signal: AbortSignal): Promise<Known> {
  const { readStatus, readSavedState } = await import('../../state/state.ts');
  const status = await readStatus(state, task, { signal });
  if (!status) return {};
  const saved = await readSavedState(state, task, { signal });
  const { primary, replicas } = status;
  const members: Participants['members'] = [
    { name: primary.name, server: primary.server, id: saved.primary },
    ...replicas.map(({ name, server }) => ({ name, server, id: saved.clusters[name] })),
  ];
  return { status, members };
}

/**
 * Finds a member in the kubeconfig: by its address, else by its name, where it is the cluster that the task knows.
 * @throws {UnreachableError} it does not answer, or no context leads to it
 */
async function reach({ name, server, id }: Member, context: KubeCommandContext): Promise<Cluster> {
  const { identify } = await import('../../clusters/cluster.ts');
  const call = { signal: context.signal };
  try {
    return await identify(name, await context.kubeByServer(server), { ...call, known: async () => id });
  } catch (error) {
    if (!(error instanceof UnreachableError)) throw error;
    const named = await context.kube(name).catch(() => undefined);
    if (id === undefined || !named || named.cluster.server === server) throw error;
    const cluster = await identify(name, named, call);
    if (cluster.id !== id) throw error;
    return cluster;
  }
}
