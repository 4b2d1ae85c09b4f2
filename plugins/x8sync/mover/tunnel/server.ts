/** The target's end of a tunnel: an sshd that the source dials, as an ordinary user who may not write to the volume. */
import { spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Runtime } from '../protocol/runtime.ts';
import type { TunnelServerOptions } from '../protocol/tunnel-options.ts';
import { LineSplitter } from '../system/lines.ts';
import { descendantsOf } from '../system/processes.ts';
import { endOf, pause } from '../system/programs.ts';
import { tunnelKeys, tunnelSshdConfig } from './sshd-config.ts';

/** User and group of an account. */
interface Account {
  readonly uid: number;
  readonly gid: number;
}

export class TunnelServer {
  readonly #options: TunnelServerOptions;
  readonly #runtime: Runtime;
  /** Process id of the sshd that runs, and whose it is; undefined where none does. */
  #running: { readonly pid: number; readonly account: Account } | undefined;

  constructor(options: TunnelServerOptions, runtime: Runtime) {
    this.#options = options;
    this.#runtime = runtime;
  }

  /** The one port that leads to the source. */
  get forwardedPort(): number {
    return this.#options.forwardedPort;
  }

  /** Runs sshd, and again where it ends, until the signal is aborted. Never rejects: what goes wrong is logged. */
  async serve(): Promise<void> {
    const { messages, signal } = this.#runtime;
    while (!signal.aborted) {
      try {
        const account = accountOf(this.#options.user);
        const config = install(this.#options, account, this.#runtime);
        const code = await this.#runSshd(config, account);
        if (!signal.aborted) messages.log('warning', `the tunnel's sshd ended with exit code ${code}`);
      } catch (error) {
        messages.log('error', `the tunnel's sshd can't be started: ${(error as Error).message}`);
      }
      await pause(1000, signal).catch(() => {});
    }
  }

  /**
   * Ends every connection that sshd holds, and with it the port that is forwarded over it; sshd itself goes on, so that
   * the source can dial anew. Never rejects.
   */
  async endConnections(): Promise<void> {
    if (!this.#running) return;
    const { pid, account } = this.#running;
    const pids = descendantsOf(pid).map(String);
    if (pids.length === 0) return;
    // Root of a container may not end what is another's, so it is ended by its own account.
    const args = ['-c', 'kill "$@"', 'kill', ...pids];
    await endOf(spawn('/bin/sh', args, { stdio: 'ignore', ...this.#as(account) }));
  }

  /** Only root may become somebody else, and nobody else needs to. */
  #as({ uid, gid }: Account): Partial<Account> {
    return this.#runtime.uid === 0 ? { uid, gid } : {};
  }

  /** What it says goes through this process: its connections may outlive it, and would hold this one's stderr open. */
  async #runSshd(config: string, account: Account): Promise<number> {
    const { kill, messages, signal } = this.#runtime;
    const sshd = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', config], {
      stdio: ['ignore', 'ignore', 'pipe'],
      ...this.#as(account),
    });
    const lines = new LineSplitter((line) => {
      // Once it is over the mover has said its last line.
      if (!signal.aborted) messages.log('info', `sshd: ${line.trimEnd()}`);
    });
    sshd.stderr.on('data', (chunk: Buffer) => lines.push(chunk));
    const over = endOf(sshd);
    const { pid } = sshd;
    if (pid === undefined) return over;
    this.#running = { pid, account };
    const stop = () => kill(pid, 'SIGTERM');
    signal.addEventListener('abort', stop, { once: true });
    const code = await over;
    this.#running = undefined;
    signal.removeEventListener('abort', stop);
    return code;
  }
}

/** Writes what sshd reads, for its account alone; resolves with the path of its configuration. */
function install(
  options: TunnelServerOptions,
  { uid, gid }: Account,
  { paths, ...runtime }: Runtime,
): string {
  const at = (name: string) => `${paths.tunnel}/${name}`;
  const keys = tunnelKeys(readFileSync(`${paths.keys}/tunnel_authorized_keys`, 'utf8'), options);
  if (keys === '') throw new Error('tunnel_authorized_keys holds no ed25519 public key');
  const files = { hostKey: at('host_key'), authorizedKeys: at('authorized_keys') };
  const contents = [
    [files.hostKey, readFileSync(`${paths.keys}/tunnel_host_key`)],
    [files.authorizedKeys, keys],
    [at('sshd_config'), tunnelSshdConfig(options, files)],
  ] as const;
  rmSync(paths.tunnel, { recursive: true, force: true });
  mkdirSync(paths.tunnel, { recursive: true });
  chmodSync(paths.tunnel, 0o700);
  for (const [path, content] of contents) writeFileSync(path, content, { mode: 0o600 });
  if (runtime.uid === 0)
    for (const path of [...contents.map(([path]) => path), paths.tunnel]) chownSync(path, uid, gid);
  return at('sshd_config');
}

/** @throws Error where the pod's list of users has no such account. */
function accountOf(name: string): Account {
  const rows = readFileSync('/etc/passwd', 'utf8').split('\n');
  const [, , uid, gid] = rows.map((row) => row.split(':')).find(([login]) => login === name) ?? [];
  if (uid === undefined || gid === undefined)
    throw new Error(`the image's /etc/passwd has no account ${name}`);
  return { uid: Number(uid), gid: Number(gid) };
}
