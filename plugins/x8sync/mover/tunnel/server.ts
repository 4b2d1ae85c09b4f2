/** The target's end of a tunnel: an sshd that the source dials, as an ordinary user who may not write to the volume. */
import { spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { LineSplitter } from '../lines.ts';
import { endOf, pause } from '../programs.ts';
import type { Runtime } from '../runtime.ts';
import type { TunnelServerOptions } from './options.ts';
import { tunnelKeys, tunnelSshdConfig } from './sshd-config.ts';

/** User and group of an account. */
interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** Runs sshd, and again where it ends, until the signal is aborted. Never rejects: what goes wrong is logged. */
export async function serveTunnel(options: TunnelServerOptions, runtime: Runtime): Promise<void> {
  const { messages, signal } = runtime;
  while (!signal.aborted) {
    try {
      const account = accountOf(options.user);
      const config = install(options, account, runtime);
      const code = await runSshd(config, account, runtime);
      if (!signal.aborted) messages.log('warning', `the tunnel's sshd ended with exit code ${code}`);
    } catch (error) {
      messages.log('error', `the tunnel's sshd can't be started: ${(error as Error).message}`);
    }
    await pause(1000, signal).catch(() => {});
  }
}

/** What it says goes through this process: its connections may outlive it, and would hold this one's stderr open. */
async function runSshd(config: string, { uid, gid }: Account, runtime: Runtime): Promise<number> {
  const { kill, messages, signal } = runtime;
  // Only root may become somebody else, and nobody else needs to.
  const user = runtime.uid === 0 ? { uid, gid } : {};
  const sshd = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', config], {
    stdio: ['ignore', 'ignore', 'pipe'],
    ...user,
  });
  const lines = new LineSplitter((line) => {
    // Once it is over the mover has said its last line.
    if (!signal.aborted) messages.log('info', `sshd: ${line.trimEnd()}`);
  });
  sshd.stderr.on('data', (chunk: Buffer) => lines.push(chunk));
  const over = endOf(sshd);
  const { pid } = sshd;
  if (pid === undefined) return over;
  const stop = () => kill(pid, 'SIGTERM');
  signal.addEventListener('abort', stop, { once: true });
  const code = await over;
  signal.removeEventListener('abort', stop);
  return code;
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
