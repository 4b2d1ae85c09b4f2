/** A container's main process ends, and the kubelet starts the container again; the sync follows. */
import type { Clock } from '../../../src/clock.ts';
import { messageOf, X8sError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { Pod } from '../../../src/kube/api/objects.ts';
import { pods } from '../../../src/kube/api/resources.ts';
import { waitFor } from '../../../src/kube/watch/wait.ts';
import { containerStatus } from '../launch/containers.ts';
import type { Launched, Target } from '../launch/launcher.ts';
import { openStartupGate, StartupGate, tooLate } from '../launch/startup-gate.ts';
import { ChannelClosed } from '../wire/channel.ts';

export interface RestartContext {
  readonly kube: KubeClient;
  readonly target: Target;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** What was synced is still there after the container was started again. */
  readonly survivesRestart: boolean;
  readonly restartAnyway: boolean;
  /** How the agent in the container was started. */
  readonly launcher: Launched['launcher'];
  /** Resolves when what can be synced with this container is, with what cannot, in words; empty: nothing. */
  readonly untilInSync: (containerId: string) => Promise<string>;
  /** Told what holds programs back from now on; undefined: nothing does any more. */
  readonly onGate: (gate: StartupGate | undefined) => void;
  readonly openGate?: typeof openStartupGate;
  /** Makes the main process end. */
  readonly end: () => Promise<unknown>;
}

/** How long a container may take to end and to start again, in milliseconds. */
const restartLimit = 60_000;
/** How much later than that a container runs it may be told that its program is held, in milliseconds. */
const newsLimit = 2_000;

/** Rejects with an X8sError where the container is not to be restarted, or does not start again. */
export async function restart(context: RestartContext): Promise<{ message: string }> {
  const { target, survivesRestart } = context;
  requireRestartable(context);
  const gate = survivesRestart ? undefined : await gateFor(context);
  try {
    await endContainer(context);
    const containerId = await awaitRestart(context, gate);
    if (gate instanceof StartupGate) gate.holdOnly(containerId);
    const message = `container ${target.container} was started again`;
    if (gate === undefined) return { message };
    return { message: `${message}; its program ${await untilSynced(context, gate, containerId)}` };
  } finally {
    if (gate instanceof StartupGate) {
      gate.close();
      context.onGate(undefined);
    }
  }
}

function requireRestartable({ target, survivesRestart, restartAnyway }: RestartContext): void {
  if (target.pod.spec.restartPolicy === 'Never')
    throw new X8sError(`pod ${target.pod.metadata.name} is never restarted (restartPolicy: Never)`);
  if (!survivesRestart && !restartAnyway)
    throw new X8sError(
      "what was synced is in the container's own layer and would be lost: the program would start without it",
      { hint: 'Mount a volume at REMOTE; or create the sync with --restart-anyway, which syncs it again.' },
    );
}

/** What holds the program back, or why nothing does. */
type Gate = StartupGate | string;

async function gateFor(context: RestartContext): Promise<Gate> {
  const { launcher, signal, onGate, openGate = openStartupGate } = context;
  if (launcher !== 'node-agent')
    return `the agent that was started by ${launcher} ends with the container; only one of the node is there before the program`;
  try {
    const gate = await openGate(context);
    onGate(gate);
    return gate;
  } catch (error) {
    signal.throwIfAborted();
    return messageOf(error);
  }
}

async function endContainer({ end }: RestartContext): Promise<void> {
  try {
    await end();
  } catch (error) {
    // The container may end before it answers.
    if (!(error instanceof ChannelClosed)) throw error;
  }
}

/** Resolves with the id of the one that runs by then. */
async function awaitRestart(context: RestartContext, gate: Gate | undefined): Promise<string> {
  const { kube, target, clock, signal } = context;
  const { namespace, pod, container, containerId } = target;
  const idOfNew = (now: Pod | undefined) => {
    if (now === undefined || now.metadata.uid !== pod.metadata.uid)
      throw new X8sError(`pod ${pod.metadata.name} has gone`);
    if (gate instanceof StartupGate) letOthersGo(gate, now, container);
    const status = containerStatus(now, container);
    const isOther = status?.containerID !== containerId && status?.state?.running !== undefined;
    return isOther ? status.containerID : undefined;
  };
  return await waitFor(kube, pods, { namespace, name: pod.metadata.name }, idOfNew, {
    timeoutMs: restartLimit,
    signal,
    clock,
    what: `container ${container} of pod ${pod.metadata.name} to end and to start again`,
  });
}

/** Another container of the pod may begin in that time, too: which one it is, only the cluster knows. */
function letOthersGo(gate: StartupGate, { status }: Pod, container: string): void {
  const all = [
    ...(status?.containerStatuses ?? []),
    ...(status?.initContainerStatuses ?? []),
    ...(status?.ephemeralContainerStatuses ?? []),
  ];
  for (const { name, containerID } of all)
    if (name !== container && containerID !== undefined) gate.letGo(containerID);
}

/** What has become of the program, which goes on now. */
async function untilSynced(context: RestartContext, gate: Gate, containerId: string): Promise<string> {
  const before = 'before what was synced was there again';
  if (!(gate instanceof StartupGate)) return `began ${before}: ${gate}`;
  const { clock, untilInSync } = context;
  const none = await orAfter(newsLimit, tooLate, gate.untilHeld(containerId), clock);
  if (none !== undefined) return `began ${before}: ${none}`;
  const held = 'was held back until what was synced was there again';
  const synced = untilInSync(containerId).then((undone) =>
    undone === '' ? held : `${held}, but for ${undone}`,
  );
  const tooEarly = (why: string) => `was held back, and went on ${before}: ${why}`;
  const ended = Promise.race([synced, gate.ended.then(tooEarly)]);
  return await orAfter(gate.seconds * 1000, tooEarly(`its ${gate.seconds} s were over`), ended, clock);
}

/** What is resolved with, or this after so many milliseconds. */
async function orAfter<T>(ms: number, late: T, work: Promise<T>, clock: Clock): Promise<T> {
  const over = new AbortController();
  const limit = clock.sleep(ms, over.signal).then(() => late);
  try {
    return await Promise.race([work, limit]);
  } finally {
    over.abort();
  }
}
