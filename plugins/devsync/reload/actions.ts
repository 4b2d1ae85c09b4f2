/** What a reload does: a command or a signal in the container, a restart of it, or a rollout of its workload. */
import type { Readable } from 'node:stream';
import { X8sError } from '../../../src/errors.ts';
import { exec } from '../../../src/kube/streams/exec.ts';
import type { AgentConnection } from '../launch/agent-connection.ts';
import type { ReloadAction } from '../spec/reload-spec.ts';
import { asObject, asText } from '../wire/check.ts';
import { type RestartContext, restart } from './restart.ts';
import { rollOut } from './rollout.ts';

export interface ActionContext extends Omit<RestartContext, 'end'> {
  readonly connection: AgentConnection;
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

/** Rejects with an X8sError where the action failed; a command's exit code is in the result, whatever it is. */
export function runAction(action: ReloadAction, context: ActionContext): Promise<ActionResult> {
  switch (action.kind) {
    case 'exec':
      return runCommand(action.command, context);
    case 'signal':
      return sendSignal(action.signal, context);
    case 'restart':
      return restart({ ...context, end: () => sendSignal(undefined, context) });
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
