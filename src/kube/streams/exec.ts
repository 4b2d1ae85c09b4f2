/** Runs a command in a container; its standard streams are streams here. */
import { Buffer } from 'node:buffer';
import type { Readable } from 'node:stream';
import { X8sError } from '../../errors.ts';
import type { KubeClient } from '../api/client.ts';
import { objectName, pods } from '../api/resources.ts';
import { type ContainerStreams, openRemoteCommand, type RemoteCommand } from './remote-command.ts';

export type { ExitStatus, RemoteCommand as ExecSession } from './remote-command.ts';

export interface ExecOptions extends ContainerStreams {
  /** Program and arguments; no shell is in between. */
  readonly command: readonly string[];
}

/**
 * Starts a command, with a stdin unless told otherwise. Resolves when the connection stands, which is before it is
 * known whether the program exists: that is in `exit`.
 * Rejects with an ApiError (refused: no such pod, no right), an UnreachableError or the signal's reason.
 */
export function exec(
  kube: KubeClient,
  { command, stdin = true, ...options }: ExecOptions,
): Promise<RemoteCommand> {
  return openRemoteCommand(kube, 'exec', { ...options, stdin }, command);
}

export interface ExecOutputOptions extends Omit<ExecOptions, 'stdin' | 'tty'> {
  /** The most bytes that are taken of stdout; 1 MiB where absent. */
  readonly limit?: number;
}

/** A command ended otherwise than with 0, or did not start. */
export class ExecError extends X8sError {
  override readonly name = 'ExecError';
  /** Undefined where it did not start. */
  readonly code: number | undefined;

  constructor(message: string, code: number | undefined, details: readonly string[]) {
    super(message, { details });
    this.code = code;
  }
}

/**
 * The whole stdout of a command that says little.
 * Rejects as `exec` does, and with an ExecError where the command fails or says more than the limit.
 */
export async function execOutput(kube: KubeClient, options: ExecOutputOptions): Promise<string> {
  const { limit = 1024 * 1024, command, namespace, pod } = options;
  const session = await exec(kube, { ...options, stdin: false });
  const [stdout, stderr, { code, reason, error }] = await Promise.all([
    collect(session.stdout, limit + 1),
    collect(session.stderr, 64 * 1024),
    session.exit,
  ]);
  if (error !== undefined) throw error;
  const what = `${command[0]} in ${objectName(pods, { name: pod, namespace })}`;
  const words = stderr.toString().trim();
  if (code !== 0) {
    const why = words.split('\n').at(-1) || reason || `exit code ${code}`;
    throw new ExecError(
      `${kube.cluster.context}: ${what}: ${why}`,
      code,
      words === '' ? [] : words.split('\n'),
    );
  }
  if (stdout.length > limit) throw new ExecError(`${what} says more than ${limit} bytes`, code, []);
  return stdout.toString();
}

/** The first bytes of a stream; the rest is read and dropped. Its failure is told by `exit`. */
async function collect(stream: Readable, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of stream) {
      if (length < limit) chunks.push(chunk);
      length += chunk.length;
    }
  } catch {
    return Buffer.alloc(0);
  }
  return Buffer.concat(chunks).subarray(0, limit);
}
