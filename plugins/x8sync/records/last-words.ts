/** The last lines of movers, for who looks at a task and does not follow it. */
import { X8sError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { Pod } from '../../../src/kube/api/objects.ts';
import { followLogs } from '../../../src/kube/streams/logs.ts';
import { stateOf } from '../monitor/follow.ts';
import { type MoverLine, parseMoverLine } from '../mover/protocol/mover-lines.ts';

/**
 * A dry run or a comparison writes many lines between two that say how far it is, and so does a tunnel that is dialled
 * again and again.
 */
const tailLines = 200;

/** The last lines of the movers: how far they are, or an end line that was too long for the pod's status. */
export async function wordsOf(
  kube: KubeClient,
  items: readonly Pod[],
  withProgress: boolean,
  signal: AbortSignal,
): Promise<MoverLine[]> {
  const read = items.filter((pod) => {
    const { running, terminated } = stateOf(pod, 'target') ?? {};
    return terminated ? !terminated.message : running !== undefined && withProgress;
  });
  return (await Promise.all(read.map((pod) => lastLines(kube, pod, signal)))).flat();
}

async function lastLines(kube: KubeClient, { metadata }: Pod, signal: AbortSignal): Promise<MoverLine[]> {
  const { namespace = '', name: pod } = metadata;
  const lines: MoverLine[] = [];
  try {
    for await (const text of followLogs(kube, { namespace, pod, container: 'target', tailLines, signal }))
      lines.push(parseMoverLine(text));
  } catch (error) {
    signal.throwIfAborted();
    // What it says is one of two things that are looked at: its pod tells the other.
    if (!(error instanceof X8sError)) throw error;
  }
  return lines;
}
