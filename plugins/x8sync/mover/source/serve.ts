/** Serves the source's volume, read-only, to the holder of one ssh key; ends sshd for good once no one has come. */
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { deviceInfo, deviceProblem } from '../device/device.ts';
import { type Env, foreignPlugin, readServeOptions, type ServeOptions } from '../protocol/options.ts';
import type { Runtime } from '../protocol/runtime.ts';
import { authorizedKeys, rsyncdConfig, sourceFiles, sshdConfig } from '../ssh/sshd-config.ts';
import { listens } from '../system/listening.ts';
import { endOf, endOnAbort, pause, run } from '../system/programs.ts';
import { keepTunnel } from '../tunnel/client.ts';
import { accessProblem } from '../volume/access.ts';
import { diskOf } from '../volume/disk.ts';
import { IdleClock } from './idle.ts';
import { saveSizes } from './sizes.ts';

/** Below so many seconds of idleness the clock is looked at every second. */
const longIdle = 50;
const privilegeFolder = '/run/sshd';

/**
 * Serves as the environment asks for. Resolves with the process's exit code once sshd has ended; with 0 once the
 * signal is aborted.
 *
 * @param login the account that this process runs as; undefined where the image has none for it.
 */
export async function startServe(env: Env, login: string | undefined, runtime: Runtime): Promise<number> {
  const { paths, messages, signal } = runtime;
  try {
    const foreign = foreignPlugin(env);
    if (foreign !== undefined) throw new Error(foreign);
    const options = readServeOptions(env);
    if (existsSync(sourceFiles(paths).closed)) return await stayClosed(options, runtime);
    if (login === undefined) throw new Error(noLogin(runtime.uid));
    const why = problemOf(options, runtime);
    if (why !== undefined) throw new Error(why);
    install(options, login, runtime);
    return await runSshd(options, login, runtime);
  } catch (error) {
    if (signal.aborted) return 0;
    messages.log('error', (error as Error).message);
    return 1;
  }
}

/** Why the source can't be read by the pod's user; undefined where it can. */
function problemOf({ isDevice }: ServeOptions, { paths, uid }: Runtime): string | undefined {
  const what = 'the source volume';
  if (isDevice) return deviceProblem(paths.sourceDevice, 'read', what, uid);
  return accessProblem(paths.source, 'read', what, uid);
}

const noLogin = (uid: number): string =>
  `user id ${uid} has no entry in the image's /etc/passwd, and sshd needs one: run as 0 or 65532`;

/** Secret volumes are neither private nor owned by the pod's user, which sshd demands of a host key. */
function install({ port, tunnel }: ServeOptions, login: string, { paths, uid }: Runtime): void {
  const files = sourceFiles(paths);
  mkdirSync(paths.serve, { recursive: true });
  try {
    chmodSync(paths.serve, 0o700);
  } catch (error) {
    // An ordinary user does not own the emptyDir; there is no other one in this pod, and its files are 0600.
    if (uid === 0) throw error;
  }
  const keys = authorizedKeys(readFileSync(`${paths.keys}/authorized_keys`, 'utf8'), paths);
  if (keys === '') throw new Error('authorized_keys holds no ed25519 public key');
  const contents = [
    [files.hostKey, readFileSync(`${paths.keys}/host_key`)],
    [files.authorizedKeys, keys],
    [files.sshdConfig, sshdConfig(port, login, paths, tunnel !== undefined)],
    [files.rsyncdConfig, rsyncdConfig(uid === 0, paths)],
  ] as const;
  for (const [path, content] of contents) {
    rmSync(path, { force: true });
    writeFileSync(path, content, { mode: 0o600 });
  }
  // Without this folder, and it being root's alone, a root sshd will not drop privileges before login.
  if (uid === 0 && !existsSync(privilegeFolder)) mkdirSync(privilegeFolder, { mode: 0o755 });
}

async function runSshd(options: ServeOptions, login: string, runtime: Runtime): Promise<number> {
  const { paths, signal } = runtime;
  const files = sourceFiles(paths);
  // Its own log goes to stderr.
  const sshd = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', files.sshdConfig], { stdio: 'inherit' });
  using _ = endOnAbort(sshd, signal);
  const over = endOf(sshd);
  if (!(await Promise.race([listens(options.port), over.then(() => false)]))) {
    sshd.kill();
    throw new Error(`sshd does not listen on port ${options.port}`);
  }
  if (!options.isDevice) void saveSizes(paths);
  await tellServing(options, login, runtime);
  const closing = new AbortController();
  if (options.tunnel)
    void keepTunnel(options.tunnel, options.port, {
      ...runtime,
      signal: AbortSignal.any([signal, closing.signal]),
    });
  const code = await Promise.race([
    over,
    untilIdle(options.idleSeconds, new IdleClock(files, login), signal),
  ]);
  if (signal.aborted) return 0;
  closing.abort();
  if (code !== undefined) throw new Error(`sshd ended with exit code ${code}`);
  writeFileSync(files.closed, '');
  sshd.kill();
  await over;
  return stayClosed(options, runtime);
}

async function tellServing(
  { nonce, port, isDevice }: ServeOptions,
  login: string,
  { paths, messages }: Runtime,
): Promise<void> {
  const [key, disk] = await Promise.all([
    run('ssh-keygen', ['-lf', sourceFiles(paths).hostKey]),
    isDevice ? { usedBytes: deviceInfo(paths.sourceDevice).bytes, usedInodes: 0 } : diskOf(paths.source),
  ]);
  const hostKey = key.stdout.split(' ')[1] ?? '';
  const { usedBytes, usedInodes } = disk;
  messages.write('serving', { nonce, port, user: login, hostKey, usedBytes, usedInodes });
}

/** Resolves with undefined when no one was logged in for so many seconds. */
async function untilIdle(seconds: number, clock: IdleClock, signal: AbortSignal): Promise<undefined> {
  const step = seconds < longIdle ? 1000 : 5000;
  while (!signal.aborted && clock.idleSeconds() < seconds) await pause(step, signal).catch(() => {});
}

/** A restart of the container does not open the door again. */
async function stayClosed(
  { nonce, idleSeconds }: ServeOptions,
  { messages, signal }: Runtime,
): Promise<number> {
  messages.log('info', `no client for ${idleSeconds} s: sshd has ended and will not start again in this pod`);
  messages.write('closed', { nonce, idleSeconds });
  while (!signal.aborted) await pause(3_600_000, signal).catch(() => {});
  return 0;
}
