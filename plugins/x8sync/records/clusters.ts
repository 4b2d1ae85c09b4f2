/** The clusters of a task by name, where these are two: claims of one name in both would not be told apart. */
import { X8sError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { Role } from '../objects/sides.ts';
import { decisiveRecord, type TaskEntry } from './inventory.ts';
import type { TaskContext } from './task-sides.ts';

export type Clusters = Readonly<Record<Role, string>>;

/**
 * Names of contexts, and of the server where this workstation has none of it. Undefined where both sides are in one
 * cluster, and where the record does not say where the other one is. Asks no cluster.
 *
 * @param kube of the cluster that the task was seen in
 */
export async function clustersOf(
  entry: TaskEntry,
  kube: KubeClient,
  { connectTo, signal }: Pick<TaskContext, 'connectTo' | 'signal'>,
): Promise<Clusters | undefined> {
  const record = decisiveRecord(entry);
  const server = record?.peer?.server;
  if (!record || server === undefined || server === kube.cluster.server) return undefined;
  // A cutover's own record is beside the target's.
  const here: Role = record.role === 'source' ? 'source' : 'target';
  const there: Role = here === 'source' ? 'target' : 'source';
  if (entry.records[there]) return undefined;
  const names: Record<Role, string> = { source: '', target: '' };
  names[here] = kube.cluster.context;
  names[there] = await nameOf(server, connectTo, signal);
  return names;
}

async function nameOf(
  server: string,
  connectTo: TaskContext['connectTo'],
  signal: AbortSignal,
): Promise<string> {
  try {
    return (await connectTo(server)).cluster.context;
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof X8sError)) throw error;
    return new URL(server).host;
  }
}
