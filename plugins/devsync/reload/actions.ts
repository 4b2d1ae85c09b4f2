/** What a reload does: a command or a signal in the container, a restart of it, or a rollout of its workload. */
import type { Readable } from 'node:stream';
import type { Clock } from '../../../src/clock.ts';
import { X8sError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { Pod } from '../../../src/kube/api/objects.ts';
import { pods } from '../../../src/kube/api/resources.ts';
import { exec } from '../../../src/kube/streams/exec.ts';
import { waitFor } from '../../../src/kube/watch/wait.ts';
import type { AgentConnection } from '../launch/agent-connection.ts';
import { containerStatus } from '../launch/containers.ts';
import type { Target } from '../launch/launcher.ts';
import type { ReloadAction } from '../spec/reload-spec.ts';
import { ChannelClosed } from '../wire/channel.ts';
import { asObject, asText } from '../wire/check.ts';
import { rollOut } from './rollout.ts';

export interface ActionContext {
  readonly kube: KubeClient;
  readonly target: Target;
  readonly connection: AgentConnection;
  /** What was synced is still there after the container was started again. */
  readonly survivesRestart: boolean;
  readonly restartAnyway: boolean;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Told each line of output. */
  readonly onOutput: (line: string) => void;
}

/** How an action ended. */
export interface ActionResult {
  /** For a person: `ended with 0`, `SIGHUP sent to process 1`. */
  readonly message: string;
  /** Of a command. */
  readonly exitCode?: number;
}

/** Lines of a command that are logged, and characters of each; more lines are counted. */
const [maxLines, longestLine] = [500, 1000];
/** How long a container may take to end and to start again, in milliseconds. */
const restartLimit = 60_000;

/** Rejects with an X8sError where the action failed; a command's exit code is in the result, whatever it is. */
export function runAction(action: ReloadAction, context: ActionContext): Promise<ActionResult> {
  switch (action.kind) {
    case 'exec':
      return runCommand(action.command, context);
    case 'signal':
      return sendSignal(action.signal, context);
    case 'restart':
      return restart(context);
    case 'rollout':
      return rollOut(context);
  }
}

async function runCommand(command: string, context: ActionContext): Promise<ActionResult> {
  const { kube, target, signal, onOutput } = context;
  const { namespace, container } = target;
  const session = await exec(kube, {
    namespace,
    pod: target.pod.metadata.name,
    container,
    command: ['sh', '-c', command],
    stdin: false,
    signal,
  });
  let lines = 0;
  const onLine = (line: string) => {
    if (lines++ < maxLines) onOutput(line);
  };
  const [{ code, reason, error }] = await Promise.all([
    session.exit,
    eachLine(session.stdout, onLine),
    eachLine(session.stderr, onLine),
  ]);
  if (error !== undefined) throw error;
  if (lines > maxLines) onOutput(`… and ${lines - maxLines} more lines`);
  if (code === undefined) throw new X8sError(`it did not start: ${reason}`);
  return { message: `ended with ${code}`, exitCode: code };
}

/** Resolves when the stream has ended, however: how the command ended is told by its exit. */
async function eachLine(stream: Readable, onLine: (line: string) => void): Promise<void> {
  let rest = '';
  try {
    for await (const data of stream.setEncoding('utf8')) {
      const lines = `${rest}${data}`.split(/\r?\n/);
      rest = (lines.pop() ?? '').slice(-longestLine);
      for (const line of lines) onLine(line.slice(0, longestLine));
    }
  } catch {
    // The connection was lost.
  }
  if (rest !== '') onLine(rest);
}

async function sendSignal(signal: string | undefined, context: ActionContext): Promise<ActionResult> {
  const { connection, target } = context;
  const { containerId } = target;
  const sent = asObject(await connection.call(0, 'signal', { containerId, signal }), 'an answer');
  return { message: `SIG${asText(sent.signal, 'a signal')} sent to process ${Number(sent.pid)}` };
}

async function restart(context: ActionContext): Promise<ActionResult> {
  const { target, survivesRestart, restartAnyway } = context;
  if (target.pod.spec.restartPolicy === 'Never')
    throw new X8sError(`pod ${target.pod.metadata.name} is never restarted (restartPolicy: Never)`);
  if (!survivesRestart && !restartAnyway)
    throw new X8sError(
      "what was synced is in the container's own layer and would be lost: the program would start without it",
      { hint: 'Mount a volume at REMOTE; or create the sync with --restart-anyway, which syncs it again.' },
    );
  try {
    await sendSignal(undefined, context);
  } catch (error) {
    // The container may end before it answers.
    if (!(error instanceof ChannelClosed)) throw error;
  }
  return await awaitRestart(context);
}

async function awaitRestart({ kube, target, clock, signal }: ActionContext): Promise<ActionResult> {
  const { namespace, pod, container, containerId } = target;
  const isNew = (now: Pod | undefined) => {
    if (now === undefined || now.metadata.uid !== pod.metadata.uid)
      throw new X8sError(`pod ${pod.metadata.name} has gone`);
    const status = containerStatus(now, container);
    const isOther = status?.containerID !== undefined && status.containerID !== containerId;
    return isOther && status.state?.running !== undefined ? true : undefined;
  };
  await waitFor(kube, pods, { namespace, name: pod.metadata.name }, isNew, {
    timeoutMs: restartLimit,
    signal,
    clock,
    what: `container ${container} of pod ${pod.metadata.name} to end and to start again`,
  });
  return { message: `container ${container} was started again` };
}
