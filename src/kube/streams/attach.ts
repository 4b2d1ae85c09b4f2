/** Stands at the streams of a container's own process. */
import type { KubeClient } from '../api/client.ts';
import { type ContainerStreams, openRemoteCommand, type RemoteCommand } from './remote-command.ts';

/**
 * Attaches to the main process of a container. `exit` is the end of the connection: the process's own exit code is
 * in the pod's status.
 * Rejects with an ApiError (refused: no such pod, no right), an UnreachableError or the signal's reason.
 */
export function attach(kube: KubeClient, options: ContainerStreams): Promise<RemoteCommand> {
  return openRemoteCommand(kube, 'attach', options);
}
