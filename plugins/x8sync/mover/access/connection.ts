/** One connection to the source, for all that is asked and copied; made anew where it broke. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { retry } from '../../../../src/async/retry.ts';
import type { CopyOptions } from '../protocol/options.ts';
import { queries } from '../protocol/queries.ts';
import { relayAddress } from '../protocol/relay.ts';
import type { Runtime } from '../protocol/runtime.ts';
import { isNetworkCode } from '../rsync/codes.ts';
import { deliveredAddresses, type Probe, parseAddress, probe } from '../ssh/addresses.ts';
import { findAddress } from '../ssh/finder.ts';
import { keyTrouble, type SshFiles, sourceHost, sshConfig, sshFiles } from '../ssh/ssh-config.ts';
import { lastLine, pause, type Ran, run } from '../system/programs.ts';
import { Unreachable, WrongKey } from './exit.ts';
import { LineState } from './line-state.ts';
import type { SourceAccess } from './source-access.ts';

/** A node port may lead to a predecessor for a moment, and a busy sshd may refuse what it takes a moment later. */
const mostRefusals = 4;

/** A question that the source did not answer; the message is what ssh said. */
export class QueryFailed extends Error {}

/** Between attempts over connections that break. */
const pauseBetween = { firstMs: 1000, mostMs: 1000 };

/** What ran over a connection ended with a code of the network. */
class ConnectionBroke extends Error {
  readonly code: number;

  constructor(code: number) {
    super(`the connection broke (code ${code})`);
    this.code = code;
  }
}

export interface ConnectionParts {
  /** 0 for the one by which questions are asked; others copy beside it. */
  readonly stream?: number;
  /** Makes what finds out whether the source answers at an address; each connection has one of its own. */
  readonly knocking?: () => Probe;
  /** Of all connections of this mover. */
  readonly line?: LineState;
}

export class Connection implements SourceAccess {
  readonly rsyncSource = `${sourceHost}::source/`;
  /** The source's address that answered. */
  address = '';
  openedInMs = 0;
  readonly #options: CopyOptions;
  readonly #runtime: Runtime;
  readonly #stream: number;
  readonly #knocking: () => Probe;
  readonly #knock: Probe;
  readonly #line: LineState;

  constructor(
    options: CopyOptions,
    runtime: Runtime,
    {
      stream = 0,
      knocking = () => probe,
      line = new LineState(runtime.messages, runtime.clock),
    }: ConnectionParts = {},
  ) {
    this.#options = options;
    this.#runtime = runtime;
    this.#stream = stream;
    this.#knocking = knocking;
    this.#knock = knocking();
    this.#line = line;
  }

  another(number: number, options: CopyOptions, runtime: Runtime): Connection {
    return new Connection(options, runtime, { stream: number, knocking: this.#knocking, line: this.#line });
  }

  get #files(): SshFiles {
    return sshFiles(this.#runtime.paths, this.#stream);
  }

  /** ssh's configuration file. */
  get sshConfig(): string {
    return this.#files.config;
  }

  /**
   * Opens it, trying again until the options' time is over.
   *
   * @throws Unreachable, WrongKey
   */
  async open(): Promise<void> {
    const { messages, signal } = this.#runtime;
    const deadline = performance.now() + this.#options.connectSeconds * 1000;
    for (let refusals = 0; ; ) {
      await this.#find(deadline);
      const said = await this.#dial();
      if (said === undefined) return this.#line.opened(this.#stream, this.address);
      const trouble = keyTrouble(said, this.address);
      if (trouble !== undefined) refusals += 1;
      if (trouble !== undefined && refusals >= mostRefusals) throw new WrongKey(trouble);
      messages.log('warning', `${this.address} answered, but ssh failed: ${trouble ?? lastLine(said)}`);
      await pause(500, signal);
    }
  }

  async #find(deadline: number): Promise<void> {
    const { paths, openRelay, signal } = this.#runtime;
    const candidates = () => {
      const known = [...this.#options.addresses, ...deliveredAddresses(paths.addresses)];
      // One that can't be listened on does not answer, and is explained as such.
      if (known.includes(relayAddress)) void openRelay().catch(() => {});
      return known;
    };
    const leftMs = deadline - performance.now();
    const { address, silence } = await findAddress(candidates, leftMs, signal, this.#knock);
    if (address === undefined) throw new Unreachable(silence);
    this.address = address;
  }

  /** Resolves with undefined, or with what ssh said where it could not connect. */
  async #dial(): Promise<string | undefined> {
    const { paths, signal } = this.#runtime;
    const { config, key, log } = this.#files;
    const address = parseAddress(this.address);
    if (!address) throw new Unreachable(`${this.address} is no address`);
    // ssh insists on a private file of its own user.
    await writeFile(key, await readFile(`${paths.keys}/client_key`), { mode: 0o600 });
    await writeFile(config, sshConfig(address, this.#options, paths, this.#stream));
    await writeFile(log, '');
    const args = ['-F', config, '-M', '-N', '-f', '-E', log, sourceHost];
    const began = performance.now();
    const { code } = await run('ssh', args, { silent: true, signal });
    this.openedInMs = performance.now() - began;
    return code === 0 ? undefined : readFileSync(log, 'utf8');
  }

  async close(): Promise<void> {
    this.#line.closed(this.#stream);
    await this.#hangUp();
  }

  async #hangUp(): Promise<void> {
    const { config, control } = this.#files;
    if (existsSync(control)) await run('ssh', ['-F', config, '-O', 'exit', sourceHost]);
  }

  async reopen(afterMs = 0): Promise<void> {
    this.#line.lost(this.#stream);
    if (afterMs > 0) await pause(afterMs, this.#runtime.signal);
    await this.#hangUp();
    await this.open();
  }

  /** Runs what needs the connection, and again over a new one where it broke. */
  async persist<Result extends Pick<Ran, 'code'>>(attempt: () => Promise<Result>): Promise<Result> {
    const { messages, clock, signal } = this.#runtime;
    const attemptAnew = async (failures: number): Promise<Result> => {
      if (failures > 0) await this.reopen();
      const result = await attempt();
      if (isNetworkCode(result.code) && failures + 1 < this.#options.retries)
        throw new ConnectionBroke(result.code);
      return result;
    };
    const failed = (error: unknown): void => {
      if (!(error instanceof ConnectionBroke)) throw error;
      messages.log('warning', `the connection to the source broke (code ${error.code}): trying again`);
    };
    return retry(attemptAnew, { pause: pauseBetween, clock, signal, failed });
  }

  /** The query, about the part of the source's volume that is copied. */
  #scoped(query: string): string {
    const { sourcePath } = this.#options.selection;
    return sourcePath === '' ? query : queries.within(sourcePath, query);
  }

  /** Asks what is answered at length; whoever reads the answer ends the process. */
  stream(query: string): ChildProcessByStdio<null, Readable, Readable> {
    return spawn('ssh', ['-F', this.sshConfig, sourceHost, this.#scoped(query)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  /** Asks once, by whatever connection is open. */
  askOnce(query: string): Promise<Ran> {
    return run('ssh', ['-F', this.sshConfig, sourceHost, this.#scoped(query)], {
      signal: this.#runtime.signal,
    });
  }

  /** @throws QueryFailed, and what `open` throws. */
  async ask(query: string): Promise<string> {
    const { code, stdout, stderr } = await this.persist(() => this.askOnce(query));
    if (code !== 0) throw new QueryFailed(lastLine(stderr));
    return stdout;
  }
}
