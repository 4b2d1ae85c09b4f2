/** A source that is mounted in the mover's own pod: nothing is in between. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { QueryFailed } from '../access/connection.ts';
import { MoverExit } from '../access/exit.ts';
import type { SourceAccess } from '../access/source-access.ts';
import { deviceProblem } from '../device/device.ts';
import type { CopyOptions } from '../protocol/options.ts';
import { queries } from '../protocol/queries.ts';
import type { Runtime } from '../protocol/runtime.ts';
import { answer } from '../source/query-handler.ts';
import { saveSizes } from '../source/sizes.ts';
import type { Ran } from '../system/programs.ts';
import { accessProblem } from '../volume/access.ts';

export class MountedSource implements SourceAccess {
  readonly address = '';
  readonly openedInMs = 0;
  readonly sshConfig = undefined;
  readonly #options: Pick<CopyOptions, 'selection' | 'isDevice'>;
  readonly #runtime: Runtime;
  #sized: Promise<void> | undefined;

  constructor(options: Pick<CopyOptions, 'selection' | 'isDevice'>, runtime: Runtime) {
    this.#options = options;
    this.#runtime = runtime;
  }

  get rsyncSource(): string {
    return `${this.#runtime.paths.source}/`;
  }

  /** @throws MoverExit where the volume can't be read by the pod's user. */
  async open(): Promise<void> {
    const { paths, uid } = this.#runtime;
    const { isDevice } = this.#options;
    const what = 'the source volume';
    const problem = isDevice
      ? deviceProblem(paths.sourceDevice, 'read', what, uid)
      : accessProblem(paths.source, 'read', what, uid);
    if (problem !== undefined) throw new MoverExit('source-closed', problem);
    if (isDevice) return;
    this.#sized ??= saveSizes(paths);
    await this.#sized;
  }

  /** What one knows of the volume, all know. */
  another(): MountedSource {
    return this;
  }

  async close(): Promise<void> {}

  async reopen(): Promise<void> {}

  persist<Result extends Pick<Ran, 'code'>>(attempt: () => Promise<Result>): Promise<Result> {
    return attempt();
  }

  /** The query, about the part of the volume that is copied. */
  #scoped(query: string): string {
    const { sourcePath } = this.#options.selection;
    return sourcePath === '' ? query : queries.within(sourcePath, query);
  }

  async askOnce(query: string): Promise<Ran> {
    try {
      const stdout = await answer(this.#scoped(query), this.#runtime.paths);
      return stdout === undefined ? failed(`${query} is no query`) : { code: 0, stdout, stderr: '' };
    } catch (error) {
      return failed((error as Error).message);
    }
  }

  async ask(query: string): Promise<string> {
    const { code, stdout, stderr } = await this.askOnce(query);
    if (code !== 0) throw new QueryFailed(stderr);
    return stdout;
  }

  /** Another process, so that both trees are read at once. */
  stream(query: string): ChildProcessByStdio<null, Readable, Readable> {
    const words = this.#runtime.paths.queryHandler.split(' ');
    const args = [`SSH_ORIGINAL_COMMAND=${this.#scoped(query)}`, ...words];
    return spawn('env', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  }
}

const failed = (stderr: string): Ran => ({ code: 1, stdout: '', stderr });
