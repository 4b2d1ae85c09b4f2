/** Why a pod is not ready to be synced with, as far as the cluster says. */
import { conditionOf } from '../../../../src/kube/api/conditions.ts';
import type { Pod } from '../../../../src/kube/api/objects.ts';
import { containerStatus } from '../../launch/containers.ts';

/** In a few words, after its name; undefined where nothing is known but that it is not ready. */
export function whyNotReady(pod: Pod, container: string): string | undefined {
  const { metadata, status } = pod;
  if (metadata.deletionTimestamp !== undefined) return 'is on its way out';
  const scheduled = conditionOf(pod, 'PodScheduled');
  if (scheduled?.status === 'False') return `has no node yet: ${words(scheduled)}`;
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return `has ended: ${status.phase}`;
  const { waiting, terminated } = containerStatus(pod, container)?.state ?? {};
  if (waiting) return `waits: ${words(waiting)}`;
  if (terminated) return `has ended its container ${container}: ${words(terminated)}`;
  const ready = conditionOf(pod, 'Ready');
  return ready?.message === undefined ? undefined : `is not ready: ${ready.message}`;
}

const words = ({ reason, message }: { reason?: string; message?: string }): string =>
  [reason, message].filter((one) => one !== undefined && one !== '').join(', ') || 'no reason is given';
