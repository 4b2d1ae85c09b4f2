/** Copies one block device to another: compares all blocks by digest, and brings those that differ. */
import { availableParallelism } from 'node:os';
import { exitOf, MoverExit } from '../access/exit.ts';
import { openSource } from '../access/open-source.ts';
import type { MoverRun } from '../access/report.ts';
import type { SourceAccess } from '../access/source-access.ts';
import { type Choice, chooseStreams } from '../parallel/choice.ts';
import { roundTripOf } from '../parallel/decide.ts';
import { deviceQueries } from '../protocol/device-queries.ts';
import { type CopyOptions, isDryRun, readsOnly } from '../protocol/options.ts';
import {
  type DeviceReport,
  exitCodeOf,
  type Messages,
  type StreamsReport,
  type Verification,
} from '../protocol/protocol.ts';
import type { Runtime } from '../protocol/runtime.ts';
import { busyness } from '../system/busyness.ts';
import { differing } from '../verify/verify.ts';
import { compareDevices, type DeviceComparison, DigestsMissing } from './comparison.ts';
import { type DeviceInfo, deviceInfo, deviceProblem, readDevice } from './device.ts';
import { differencesOf, reportOf, verificationOf } from './differences.ts';
import { LastingAccess } from './lasting-access.ts';
import { DeviceProgress } from './progress.ts';
import { transferBlocks } from './transfer.ts';

export class DeviceRun implements MoverRun {
  readonly #options: CopyOptions;
  readonly #runtime: Runtime;
  readonly #connection: SourceAccess;
  #report: DeviceReport = {
    ...{ sourceBytes: 0, targetBytes: 0, blocks: 0, differing: 0 },
    ...{ sentBytes: 0, zeroedBytes: 0 },
  };
  #verification: Verification | undefined;
  #streams: StreamsReport | undefined;
  /** Blocks were brought, or made zeros. */
  #isCopied = false;

  constructor(options: CopyOptions, runtime: Runtime, connection: SourceAccess) {
    this.#options = options;
    this.#runtime = runtime;
    this.#connection = connection;
  }

  /** Never rejects. */
  ended(): Promise<MoverExit> {
    return exitOf(() => this.#run(), this.#runtime.messages);
  }

  async #run(): Promise<MoverExit> {
    const { mode, verify } = this.#options;
    await openSource(this.#connection, this.#options, this.#runtime);
    this.#requireAccess();
    const { bytes } = await this.#requireFit();
    if (mode === 'verify') return this.#verify(bytes);
    const comparison = await this.#compare(bytes);
    this.#requireContent(comparison);
    if (isDryRun(mode)) return new MoverExit('ok', '');
    this.#requireConsent(comparison);
    await this.#transfer(comparison);
    return verify ? this.#verify(bytes) : new MoverExit('ok', '');
  }

  #requireAccess(): void {
    const { paths, uid } = this.#runtime;
    const to = readsOnly(this.#options.mode) ? 'read' : 'write';
    const problem = deviceProblem(paths.targetDevice, to, 'the target volume', uid);
    if (problem !== undefined) throw new MoverExit('closed', problem);
  }

  /** The source's device. @throws MoverExit where the target is smaller, or is that very device. */
  async #requireFit(): Promise<DeviceInfo> {
    const source = JSON.parse(await this.#connection.ask(deviceQueries.device)) as DeviceInfo;
    const target = deviceInfo(this.#runtime.paths.targetDevice);
    this.#report = { ...this.#report, sourceBytes: source.bytes, targetBytes: target.bytes };
    if (source.identity !== '' && source.identity === target.identity)
      throw new MoverExit('refused', 'source and target are one device');
    const { mode } = this.#options;
    if (target.bytes < source.bytes)
      throw new MoverExit(
        mode === 'verify' ? 'refused' : 'no-room',
        `the source's device has ${source.bytes} bytes, and the target's ${target.bytes}`,
      );
    return source;
  }

  async #compare(bytes: number): Promise<DeviceComparison> {
    const { options, runtime, connection } = this.#parts;
    const digests = new LastingAccess({ options, runtime, connection }).digests(bytes);
    const progress = new DeviceProgress(runtime.messages, bytes, { comparing: true });
    const target = progress.counting(readDevice(runtime.paths.targetDevice, [0, bytes]));
    try {
      const comparison = await compareDevices(digests, target, bytes);
      if (!this.#isCopied) this.#report = reportOf(comparison, this.#report);
      return comparison;
    } catch (error) {
      runtime.signal.throwIfAborted();
      if (error instanceof DigestsMissing)
        throw new MoverExit(
          'source-failed',
          `the source's digests are not those of its device: ${error.message}`,
        );
      const { syscall, message } = error as NodeJS.ErrnoException;
      if (syscall === undefined) throw error;
      throw new MoverExit('io', `the target's device could not be read: ${message}`);
    } finally {
      await digests.return(undefined);
    }
  }

  get #parts(): { options: CopyOptions; runtime: Runtime; connection: SourceAccess } {
    return { options: this.#options, runtime: this.#runtime, connection: this.#connection };
  }

  /** An empty source is a wrong one, and a copy of it would be an empty target. */
  #requireContent({ sourceHolds }: DeviceComparison): void {
    if (sourceHolds > 0 || this.#options.allowEmpty) return;
    throw new MoverExit('source-empty', "the source's device holds nothing but zeros");
  }

  /** A target that holds mostly something else is somebody's data, until a person has said that it may go. */
  #requireConsent({ targetHolds, targetLoses }: DeviceComparison): void {
    if (this.#options.deletes === 'all' || targetLoses * 2 <= targetHolds) return;
    throw new MoverExit(
      'too-many-deletions',
      `${targetLoses} of ${targetHolds} bytes that the device holds would be overwritten`,
    );
  }

  async #transfer({ map }: DeviceComparison): Promise<void> {
    const bytes = map.bytes('fetch');
    const { choice, saw } = await this.#choose(bytes);
    const { parallelism, why } = choice;
    const partitions = Math.ceil(bytes / (32 << 20));
    const pods = { copied: 1, asked: 1, files: 0, why: 'a device is not spread over pods' };
    const none = { compression: 'none', files: 0, again: 0, pods } as const;
    this.#streams = { ...none, parallelism, why, partitions, saw };
    this.#isCopied = true;
    await transferBlocks({ ...this.#parts, map, streams: parallelism });
  }

  async #choose(bytes: number): Promise<{ readonly choice: Choice; readonly saw: StreamsReport['saw'] }> {
    const { parallel, bandwidth } = this.#options;
    const roundTripMs = parallel.parallelism === undefined ? await roundTripOf(this.#parts)() : undefined;
    const saw = { bytes, roundTripMs, processors: availableParallelism(), busyness: busyness() };
    const circumstances = { holdsFiles: false, hasRateLimit: bandwidth !== '' };
    return { choice: chooseStreams(parallel, { ...saw, files: 1 }, circumstances), saw };
  }

  async #verify(bytes: number): Promise<MoverExit> {
    const comparison = await this.#compare(bytes);
    this.#requireContent(comparison);
    for (const difference of differencesOf(comparison))
      this.#runtime.messages.write('difference', difference);
    this.#verification = verificationOf(comparison);
    return differing(this.#verification);
  }

  leave(): Promise<void> {
    return this.#connection.close();
  }

  endOf({ outcome, message }: MoverExit): Omit<Messages['end'], 'seconds'> {
    const { nonce, task, mode } = this.#options;
    const { sourceBytes, differing: changes, sentBytes } = this.#report;
    const isDone = this.#isCopied || isDryRun(mode);
    const stats = isDone ? { totalBytes: sourceBytes, changes, transferredBytes: sentBytes } : {};
    const nothing = { failures: [], lost: [], losses: [], attempts: 1 };
    const said = { nonce, task, mode, code: exitCodeOf(outcome), outcome, message, stats, ...nothing };
    const found = {
      device: this.#report,
      ...(this.#verification && { verification: this.#verification }),
      ...(this.#streams && { streams: this.#streams }),
    };
    return { ...said, ...found };
  }
}
