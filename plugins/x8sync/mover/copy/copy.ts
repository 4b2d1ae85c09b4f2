/** Copies the source pod's volume to the target, and says on its last line how that ended. */
import { mkdir, rm } from 'node:fs/promises';
import { Connection } from '../access/connection.ts';
import { exitOf, isAsKnown, type MoverExit } from '../access/exit.ts';
import { openSource } from '../access/open-source.ts';
import { decline, type MoverRun, noteTermination } from '../access/report.ts';
import { Source } from '../access/source.ts';
import type { SourceAccess } from '../access/source-access.ts';
import { SourceRsync } from '../access/source-rsync.ts';
import { StagingFolder } from '../access/staging.ts';
import { DeviceRun } from '../device/run.ts';
import { type CopyOptions, type Env, foreignPlugin, isDryRun, readCopyOptions } from '../protocol/options.ts';
import { exitCodeOf, type Messages, type Verification } from '../protocol/protocol.ts';
import type { Runtime } from '../protocol/runtime.ts';
import { pause } from '../system/programs.ts';
import { withTargetFolder } from '../target/target-folder.ts';
import { tunnelProbe } from '../tunnel/probe.ts';
import { TunnelServer } from '../tunnel/server.ts';
import { differing, verifyTrees } from '../verify/verify.ts';
import { MountedSource } from './mounted-source.ts';
import { requireSeparateLocations } from './nesting.ts';
import { RoomCheck, requireContent, requireFreeName } from './preconditions.ts';
import { Transfer } from './transfer.ts';

/** Runs what the environment asks for; resolves with the process's exit code once the end line is out. */
export async function startCopy(env: Env, runtime: Runtime): Promise<number> {
  const foreign = foreignPlugin(env);
  const { X8S_NONCE: nonce = '', X8S_TASK: task = '', X8S_MODE: mode = '' } = env;
  const run = { nonce, task, mode };
  if (foreign !== undefined) return decline(run, 'refused', foreign, runtime);
  try {
    return await copy(readCopyOptions(env), runtime);
  } catch (error) {
    return decline(run, 'failed', (error as Error).message, runtime);
  }
}

/** Runs the copy to its end; resolves with the process's exit code once the end line is out. */
export async function copy(options: CopyOptions, runtime: Runtime): Promise<number> {
  const began = performance.now();
  const { work } = runtime.paths;
  await rm(work, { recursive: true, force: true });
  await mkdir(work, { recursive: true, mode: 0o700 });
  const over = new AbortController();
  const signal = AbortSignal.any([runtime.signal, over.signal]);
  const tunnel = options.tunnel && new TunnelServer(options.tunnel, { ...runtime, signal });
  void tunnel?.serve();
  const run = runOf(options, runtime, tunnel);
  const ending = await run.ended();
  await run.leave();
  over.abort();
  const end = { ...run.endOf(ending), seconds: Math.round(performance.now() - began) / 1000 };
  noteTermination(runtime.paths.terminationLog, end);
  runtime.messages.write('end', end);
  await linger(ending, options, runtime.signal);
  return isAsKnown(end, options.knownLosses) ? 0 : end.code;
}

function runOf(options: CopyOptions, runtime: Runtime, tunnel: TunnelServer | undefined): MoverRun {
  const { isSourceMounted, isDevice } = options;
  const parts = tunnel && { knocking: () => tunnelProbe(tunnel, runtime.messages) };
  const connection = isSourceMounted
    ? new MountedSource(options, runtime)
    : new Connection(options, runtime, parts);
  return isDevice ? new DeviceRun(options, runtime, connection) : new CopyRun(options, runtime, connection);
}

/**
 * Waits a little to be deleted. The plugin deletes the pod as soon as it reads the end line, and a pod that still runs
 * is gone a second or two sooner: the kubelet sees that a container ended by itself, and each step after that, only
 * when it looks round, once a second. A run that failed may be tried again at once, and must not be found alive.
 */
async function linger(
  { outcome }: MoverExit,
  { lingerSeconds }: CopyOptions,
  signal: AbortSignal,
): Promise<void> {
  if (outcome !== 'ok' && outcome !== 'partial') return;
  await pause(lingerSeconds * 1000, signal).catch(() => {});
}

class CopyRun implements MoverRun {
  readonly #options: CopyOptions;
  #runtime: Runtime;
  readonly #connection: SourceAccess;
  /** Undefined until the source is reached. */
  #staging: StagingFolder | undefined;
  /** Undefined until the source is reached. */
  #transfer: Transfer | undefined;
  #verification: Verification | undefined;

  constructor(options: CopyOptions, runtime: Runtime, connection: SourceAccess) {
    this.#options = options;
    this.#runtime = runtime;
    this.#connection = connection;
  }

  /** Never rejects. */
  ended(): Promise<MoverExit> {
    return exitOf(() => this.#copy(), this.#runtime.messages);
  }

  async #copy(): Promise<MoverExit> {
    const { mode, verify, task } = this.#options;
    const source = await this.#reachSource();
    if (mode !== 'verify') await requireContent(this.#options, source, this.#rsync(source));
    this.#runtime = await withTargetFolder(this.#options, this.#runtime);
    requireFreeName(source, this.#options, this.#runtime);
    const relation = requireSeparateLocations(source, this.#runtime);
    if (mode === 'verify') return this.#verify(source);
    const rsync = this.#rsync(source);
    await rsync.lookAtTimes();
    await new RoomCheck(this.#options, this.#runtime, source, rsync).require();
    const parts = { options: this.#options, runtime: this.#runtime, connection: this.#connection };
    const staging = new StagingFolder(this.#runtime.paths, task);
    this.#staging = staging;
    this.#transfer = new Transfer({ ...parts, staging, source, rsync, relation });
    if (isDryRun(mode)) return this.#transfer.dryRun();
    const copied = await this.#transfer.run();
    if (!verify || (copied.outcome !== 'ok' && copied.outcome !== 'partial')) return copied;
    const verified = await this.#verify(source);
    return copied.outcome === 'ok' ? verified : copied;
  }

  #rsync(source: Source): SourceRsync {
    return new SourceRsync(this.#options, this.#runtime, this.#connection, source);
  }

  async #verify(source: Source): Promise<MoverExit> {
    const { mayHaveMore, owner, selection, allowEmpty } = this.#options;
    const sides = { runtime: this.#runtime, connection: this.#connection, source };
    const expectation = { mayHaveMore, owner };
    const parts = { ...sides, filters: selection.filters, expectation, allowEmpty };
    const { differences: _, ...verification } = await verifyTrees(parts);
    this.#verification = verification;
    return differing(verification);
  }

  async #reachSource(): Promise<Source> {
    await openSource(this.#connection, this.#options, this.#runtime);
    return Source.look(this.#connection, this.#runtime.messages, this.#options.selection);
  }

  /** Leaves nothing behind that nobody will go on with, or sees what it takes up. */
  async leave(): Promise<void> {
    await this.#connection.close();
    if (this.#staging?.opened && !this.#options.keepPartial) await this.#staging.close();
  }

  endOf({ outcome, message, room, isLossOnly }: MoverExit): Omit<Messages['end'], 'seconds'> {
    const { nonce, task, mode } = this.#options;
    const { stats = {}, failures = [], lost = [], losses = [], attempts = 0 } = this.#transfer ?? {};
    const streams = this.#transfer?.streams;
    const said = { nonce, task, mode, code: exitCodeOf(outcome), outcome, message, stats };
    const compared = this.#transfer?.byContent ? ({ compared: 'content' } as const) : {};
    const verified = this.#verification ? { verification: this.#verification } : {};
    const parallel = streams ? { streams } : {};
    const only = isLossOnly ? { lossOnly: true } : {};
    const more = { ...only, ...compared, ...verified, ...parallel, ...(room ? { room } : {}) };
    return { ...said, failures, lost, losses, ...more, attempts };
  }
}
