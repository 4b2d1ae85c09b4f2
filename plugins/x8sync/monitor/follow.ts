/**
 * Follows the pods of one workload (the source's sshd, the target's mover) until a line of theirs settles it.
 * The mover's own last line is the end of a run; the Job's condition comes seconds later and tells less.
 */
import type { Clock } from '../../../src/clock.ts';
import { X8sError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { ContainerState, Pod } from '../../../src/kube/api/objects.ts';
import { pods } from '../../../src/kube/api/resources.ts';
import { eventsOf } from '../../../src/kube/cluster/events.ts';
import { followLogs } from '../../../src/kube/streams/logs.ts';
import { listWatch } from '../../../src/kube/watch/watch.ts';
import { type MoverLine, parseMoverLine } from '../mover/protocol/mover-lines.ts';
import { PodDiagnosis, type Trouble } from './pod-diagnosis.ts';
import { PodWaits } from './pod-waits.ts';

/** Lines of a program that died, in the error about it. */
const lastWords = 3;

export interface FollowedPods {
  readonly clock: Clock;
  readonly kube: KubeClient;
  readonly namespace: string;
  /** Label selector of the pods. */
  readonly selector: string;
  readonly container: string;
  /** What it is, for messages: `the mover`. */
  readonly what: string;
  /** What may help where it ends again and again; how to look closer where absent. */
  readonly hint?: string | undefined;
}

export interface PodHandlers {
  /** A line of a pod's log, in order; the same line twice only where a new pod says it again. */
  line(line: MoverLine, pod: Pod): void;
  /** The kernel has killed its container for the memory that it took. */
  killed(text: string): void;
  /** What holds it up right now; empty where nothing does. */
  waiting(text: string, pod: Pod): void;
  /** The container of a pod of it has begun to run. */
  started(pod: Pod): void;
  /** A pod of it is there, whatever its state; called again with every change. */
  seen?(pod: Pod): void;
  /** So many pods of it are there that have not ended. */
  present(count: number): void;
}

/** A pod as far as this module follows it. */
interface Watched {
  readonly diagnosis: PodDiagnosis;
  readingLog: boolean;
  /** It has worked: that it fails later may pass, and the mover, which tries again, knows when to give up. */
  served: boolean;
  /** Something held it up when it was last looked at. */
  troubled: boolean;
  /** The last lines that are not of the protocol: what a program says before it dies. */
  readonly words: string[];
  /** When it was last seen to be killed for memory. */
  killedAt: string;
}

/**
 * Follows every pod of the selector, now and later, until the signal ends it. Rejects where a pod can't come
 * up and waiting would not help.
 */
export async function followPods(
  target: FollowedPods,
  handlers: PodHandlers,
  signal: AbortSignal,
): Promise<void> {
  const { kube, namespace, selector } = target;
  const stop = new AbortController();
  const ended = AbortSignal.any([signal, stop.signal]);
  const known = new Map<string, Watched>();
  const present = new Set<string>();
  const waits = new PodWaits();
  const waiting = (text: string, pod: Pod) => {
    waits.note(pod.metadata.name, text);
    handlers.waiting(waits.text, pod);
  };
  const started = (pod: Pod) => {
    waits.clear();
    handlers.waiting('', pod);
    handlers.started(pod);
  };
  const own = { ...handlers, waiting, started };
  const look = (pod: Pod) => {
    handlers.seen?.(pod);
    if (hasEnded(pod)) present.delete(pod.metadata.name);
    else present.add(pod.metadata.name);
    handlers.present(present.size);
    lookAt(target, pod, known, own, ended).catch((error: unknown) => stop.abort(error));
  };
  const handler = {
    replaced: (items: readonly Pod[]) => {
      present.clear();
      handlers.present(0);
      items.forEach(look);
    },
    event: (type: string, pod: Pod) => {
      if (type !== 'DELETED') return look(pod);
      present.delete(pod.metadata.name);
      handlers.present(present.size);
      // Its successor may be there already, and speaks for itself.
      const isAlone = present.size === 0;
      waiting(isAlone ? `pod ${pod.metadata.name} was deleted; waiting for the next one` : '', pod);
    },
  };
  await listWatch(kube, pods, { namespace, labelSelector: selector }, handler, ended);
  ended.throwIfAborted();
}

const hasEnded = ({ status }: Pod) => status?.phase === 'Succeeded' || status?.phase === 'Failed';

async function lookAt(
  target: FollowedPods,
  pod: Pod,
  known: Map<string, Watched>,
  handlers: PodHandlers,
  signal: AbortSignal,
): Promise<void> {
  const uid = pod.metadata.uid ?? '';
  const watched = known.get(uid) ?? {
    diagnosis: new PodDiagnosis(),
    readingLog: false,
    served: false,
    troubled: false,
    words: [],
    killedAt: '',
  };
  known.set(uid, watched);
  const state = stateOf(pod, target.container);
  const said = state?.terminated?.message;
  // The termination message outlives a log that was rotated away or whose stream broke.
  if (said) for (const text of said.split('\n')) if (text !== '') handlers.line(parseMoverLine(text), pod);
  tellKilled(target, pod, watched, handlers);
  if (!watched.readingLog && (state?.running ?? state?.terminated)) {
    watched.readingLog = true;
    handlers.started(pod);
    await readLog(target, pod, watched, handlers, signal);
    return;
  }
  const trouble = watched.diagnosis.diagnose(pod, watched.readingLog);
  if (trouble?.fatal && !watched.served) throw await failureOf(target, pod, trouble, watched.words, signal);
  if (trouble ?? watched.troubled) handlers.waiting(trouble?.text ?? '', pod);
  watched.troubled = trouble !== undefined;
}

/** The kernel leaves a program that takes too much memory no time to say so; the kubelet knows. */
function tellKilled(
  { container }: FollowedPods,
  pod: Pod,
  watched: Watched,
  handlers: Pick<PodHandlers, 'killed'>,
): void {
  const status = pod.status?.containerStatuses?.find(({ name }) => name === container);
  const killed = [status?.state, status?.lastState].find(
    (state) => state?.terminated?.reason === 'OOMKilled',
  )?.terminated;
  const { finishedAt = 'at an unknown time' } = killed ?? {};
  if (!killed || finishedAt === watched.killedAt) return;
  watched.killedAt = finishedAt;
  handlers.killed(`pod ${pod.metadata.name} was killed for memory (OOMKilled, ${finishedAt})`);
}

/** Reads a container's log to its end, however long the API server is away meanwhile. */
async function readLog(
  target: FollowedPods,
  pod: Pod,
  watched: Watched,
  handlers: PodHandlers,
  signal: AbortSignal,
): Promise<void> {
  const { kube, namespace, container, clock } = target;
  const { name } = pod.metadata;
  const patienceMs = Number.POSITIVE_INFINITY;
  const log = followLogs(kube, { namespace, pod: name, container, follow: true, patienceMs, clock, signal });
  try {
    for await (const text of log) {
      const line = parseMoverLine(text);
      if (line.kind === 'log') note(watched.words, line.text);
      if (line.kind === 'serving') watched.served = true;
      handlers.line(line, pod);
    }
  } catch (error) {
    signal.throwIfAborted();
    // A pod that is gone takes its log along; its successor is followed in its place.
    if (!(error instanceof X8sError)) throw error;
    handlers.waiting(`its log can't be read: ${error.message}`, pod);
  }
}

function note(words: string[], text: string): void {
  words.push(text);
  if (words.length > lastWords) words.shift();
}

export function stateOf(pod: Pod, container: string): ContainerState | undefined {
  const { initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {};
  return [...containerStatuses, ...initContainerStatuses].find(({ name }) => name === container)?.state;
}

async function failureOf(
  target: FollowedPods,
  pod: Pod,
  { text, crashed, hint: help }: Trouble,
  words: readonly string[],
  signal: AbortSignal,
): Promise<X8sError> {
  const { kube, namespace, what, hint } = target;
  const { name, uid } = pod.metadata;
  // What a program said before it ended is why.
  const [why, more] = crashed ? [words.at(-1) ?? text, hint] : [text, undefined];
  const where = `pod ${namespace}/${name} in ${kube.cluster.context}`;
  return new X8sError(`${what} can't start: ${why}`, {
    details: [where, ...words, ...(await recentEvents(kube, pod, signal))],
    hint:
      more ??
      help ??
      `kubectl --context ${kube.cluster.context} -n ${namespace} describe pod ${name} shows more`,
    cause: uid,
  });
}

/** The last events of a pod, for an error; none where they can't be had. */
export async function recentEvents(
  kube: KubeClient,
  { metadata }: Pod,
  signal: AbortSignal,
): Promise<string[]> {
  try {
    return await eventsOf(kube, { namespace: metadata.namespace ?? '', uid: metadata.uid ?? '' }, 3, {
      signal,
    });
  } catch {
    return [];
  }
}
