/** A source that dials its target, with the real sshd, ssh and rsync of this machine. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from '@jest/globals';
import type { Runtime } from '../../../../../../plugins/x8sync/mover/protocol/runtime.ts';
import { tunnelEnv } from '../../../../../../plugins/x8sync/mover/protocol/tunnel-options.ts';
import { listeningSocket } from '../../../../../../plugins/x8sync/mover/system/listening.ts';
import { tunnelProbe } from '../../../../../../plugins/x8sync/mover/tunnel/probe.ts';
import { TunnelServer } from '../../../../../../plugins/x8sync/mover/tunnel/server.ts';
import { eventually } from '../../../../../support/eventually.ts';
import { isThorough } from '../../../../../support/thoroughness.ts';
import { turnHostile } from '../../../../support/hostile-source.ts';
import { freePort, type Pair, pair, withPrograms } from '../../../../support/mover-programs.ts';

let both: Pair;
/** Of the target's sshd, and the one that it forwards. */
let port: number;
let forwardedPort: number;
/** Ends what runs in this process. */
let stop: AbortController;
const children: ChildProcess[] = [];

/** This machine has no ordinary user that sshd lets in; its root is one, once its key bears a command. */
const user = 'root';

beforeEach(async () => {
  both = await pair();
  stop = new AbortController();
  [port, forwardedPort] = await Promise.all([freePort(), freePort()]);
  const { keys } = both.stage.runtime.paths;
  for (const key of ['tunnel_key', 'tunnel_host_key'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(keys, key)]);
  copyFileSync(join(keys, 'tunnel_key.pub'), join(keys, 'tunnel_authorized_keys'));
  const hostKey = readFileSync(join(keys, 'tunnel_host_key.pub'), 'utf8').split(' ').slice(0, 2).join(' ');
  writeFileSync(join(keys, 'tunnel_known_hosts'), `x8s-target ${hostKey}\n`);
});
afterEach(() => {
  stop.abort();
  for (const child of children.splice(0)) child.kill('SIGKILL');
  both[Symbol.dispose]();
});

function startTarget(env: Readonly<Record<string, string>> = {}) {
  const tunnel = tunnelEnv({ user, port, forwardedPort });
  const started = both.start({ X8S_ADDRESSES: `127.0.0.1:${forwardedPort}`, ...tunnel, ...env });
  children.push(started.child);
  started.ended.catch(() => {});
  return started;
}

const serve = () => both.serve(tunnelEnv({ user, forwardedPort, addresses: [`127.0.0.1:${port}`] }));

const kill: Runtime['kill'] = (pid, signal) => void process.kill(pid, signal);

/** Whether somebody listens there now. */
const listens = (there: number, host = '127.0.0.1') =>
  new Promise<boolean>((resolve) => {
    const socket = connect(there, host, () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

const until = (isSo: () => Promise<boolean>): Promise<void> =>
  eventually(async () => expect(await isSo()).toBe(true), 60_000);

withPrograms(
  'a copy goes through a tunnel that the source keeps, and a new one where it broke',
  async () => {
    execFileSync('sh', ['-c', `head -c 6M /dev/urandom >${join(both.source, 'big')}`]);
    const { ended } = startTarget({ X8S_BWLIMIT: '2M' });
    await serve();
    const temporary = join(both.target, '.x8sync/tmp');
    const hasArrived = () =>
      existsSync(temporary) &&
      readdirSync(temporary).some((name) => statSync(join(temporary, name)).size > 1 << 20);
    await until(async () => hasArrived());
    execFileSync('pkill', ['-KILL', '-f', `^ssh -F ${both.stage.runtime.paths.tunnel}/ssh_config `]);
    expect(await ended).toMatchObject({ code: 0, outcome: 'ok', stats: { transferredFiles: 1 } });
    expect(readFileSync(join(both.target, 'big')).equals(readFileSync(join(both.source, 'big')))).toBe(true);
    // The target's door is shut once the copy has ended.
    expect(await listens(port)).toBe(false);
  },
  60_000,
);

withPrograms(
  "the tunnel's key can have that one port forwarded, on the loopback, and nothing else",
  async () => {
    startTarget();
    await until(() => listens(port));
    const { keys } = both.stage.runtime.paths;
    const options = [
      ...['BatchMode=yes', 'IdentitiesOnly=yes', 'HostKeyAlias=x8s-target', 'LogLevel=ERROR'],
      ...[`UserKnownHostsFile=${keys}/tunnel_known_hosts`, 'ExitOnForwardFailure=yes'],
    ].flatMap((option) => ['-o', option]);
    const start = (...words: readonly string[]) => {
      const args = ['-F', 'none', '-p', String(port), '-i', `${keys}/tunnel_key`, ...options, ...words];
      const child = spawn('ssh', args, { stdio: ['ignore', 'pipe', 'pipe'] });
      children.push(child);
      let said = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk: Buffer) => {
          said += String(chunk);
        });
      const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
      return { child, ended, said: () => said };
    };
    const there = `${user}@127.0.0.1`;
    const [other, taken] = await Promise.all([freePort(), freePort()]);
    const back = `127.0.0.1:${both.port}`;
    const refused: readonly (readonly string[])[] = [
      [there, 'id'],
      [there],
      ['-tt', there],
      ['-s', there, 'sftp'],
      ['-o', 'SendEnv=HOME', '-o', 'RequestTTY=force', there, '/bin/sh'],
      ['-A', there, 'id'],
      ['-X', there, 'id'],
      ['-N', '-R', `127.0.0.1:${other}:${back}`, there],
      ['-N', '-R', `127.0.0.1:0:${back}`, there],
      ['-N', '-R', `0.0.0.0:${forwardedPort}:${back}`, there],
      ['-N', '-R', `*:${forwardedPort}:${back}`, there],
      ['-N', '-R', `[::1]:${forwardedPort}:${back}`, there],
      ['-N', '-R', `${both.stage.root}/socket:${back}`, there],
      ['-W', `127.0.0.1:${port}`, there],
      ['-N', '-w', 'any', there],
    ];
    const ends = refused.map(async (words) => {
      const { ended, said } = start(...words);
      return { words, code: await ended, said: said() };
    });
    expect((await Promise.all(ends)).filter(({ code, said }) => code === 0 || /uid=/.test(said))).toEqual([]);
    expect(await answerOf(port, '')).toMatch(/^SSH-2/);
    // These listen here, and connect there: nothing comes of it.
    for (const words of [
      ['-N', '-L', `${taken}:127.0.0.1:${port}`, there],
      ['-N', '-D', String(taken), there],
    ]) {
      const { child, ended } = start(...words);
      await until(() => listens(taken));
      expect(await answerOf(taken, words.includes('-D') ? socksGreeting(port) : '')).not.toMatch(/SSH-2/);
      child.kill();
      await ended;
    }
    const { child, ended } = start('-N', '-R', `127.0.0.1:${forwardedPort}:127.0.0.1:${port}`, there);
    await until(() => listens(forwardedPort));
    child.kill();
    await ended;
  },
  60_000,
);

withPrograms(
  'what a source that means harm sends through its tunnel stays in the target',
  async () => {
    const { root, runtime } = both.stage;
    writeFileSync(join(both.source, 'AA_evil'), 'evil');
    const { pid } = await serve();
    turnHostile(runtime.paths, pid, [['AA_evil', '../evil']]);
    const { ended } = startTarget();
    expect(await ended).toMatchObject({
      code: 1,
      outcome: 'source-failed',
      message: expect.stringContaining('unsafe pathname from sender: ../evil'),
    });
    expect(readdirSync(root)).not.toContain('evil');
  },
  60_000,
);

/** A request of SOCKS 4 to connect to a port of 127.0.0.1. */
const socksGreeting = (to: number) => Buffer.from([4, 1, to >> 8, to & 255, 127, 0, 0, 1, 0]);

/** What comes back on a connection first; empty where it ends before. */
function answerOf(there: number, greeting: string | Buffer): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(there, '127.0.0.1', () => socket.write(greeting));
    socket.once('data', (chunk: Buffer) => {
      resolve(String(chunk));
      socket.destroy();
    });
    socket.once('error', () => {}).once('close', () => resolve(''));
  });
}

if (isThorough)
  withPrograms(
    'a source that can’t reach its target says why, and one that meets another host does not go there',
    async () => {
      const { keys } = both.stage.runtime.paths;
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(keys, 'other')]);
      const other = readFileSync(join(keys, 'other.pub'), 'utf8').split(' ').slice(0, 2).join(' ');
      writeFileSync(join(keys, 'tunnel_known_hosts'), `x8s-target ${other}\n`);
      const { ended } = startTarget({ X8S_CONNECT_SECONDS: '8' });
      await until(() => listens(port));
      await serve();
      expect(await ended).toMatchObject({
        code: 4,
        message: expect.stringContaining(`127.0.0.1:${forwardedPort}: connection refused`),
      });
      expect(both.served().join('\n')).toMatch(
        /the tunnel to 127.0.0.1:\d+ ended: Host key verification failed/,
      );
    },
    60_000,
  );

/** A line on which what is connected falls silent when that is wished, without a word to either end. */
async function silenceableLine(to: number) {
  const open = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(to, '127.0.0.1');
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(one);
      one.on('error', () => {}).on('close', () => other.destroy());
      one.pipe(other);
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    silence() {
      for (const socket of open) socket.removeAllListeners('close').unpipe().pause();
    },
    close() {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

if (isThorough)
  withPrograms(
    'a tunnel that falls silent holds its port only until a knock at it gets no answer',
    async () => {
      const { runtime, said } = both.stage;
      const tunnel = new TunnelServer(
        { user, port, forwardedPort },
        { ...runtime, kill, signal: stop.signal },
      );
      void tunnel.serve();
      await until(async () => listeningSocket(port) !== undefined);
      const line = await silenceableLine(port);
      stop.signal.addEventListener('abort', line.close);
      await both.serve(tunnelEnv({ user, forwardedPort, addresses: [`127.0.0.1:${line.port}`] }));
      const listening = async () => listeningSocket(forwardedPort) !== undefined;
      await until(listening);
      const address = { host: '127.0.0.1', port: forwardedPort };
      expect(await tunnelProbe(tunnel, runtime.messages)(address, stop.signal)).toBeUndefined();

      const first = listeningSocket(forwardedPort);
      line.silence();
      // The source gives its end up too, as it does after half a minute, and finds the port taken.
      execFileSync('pkill', ['-KILL', '-f', `^ssh -F ${runtime.paths.tunnel}/ssh_config `]);
      await until(async () => /still holds the port of the tunnel before it/.test(both.served().join('')));
      expect(listeningSocket(forwardedPort)).toBe(first);

      // For a silence that is one; what answers may take its time.
      const knock = tunnelProbe(tunnel, runtime.messages, 500);
      const knocks = [knock(address, stop.signal), knock(address, stop.signal)];
      expect(await Promise.race(knocks)).toBe('the tunnel of the source is silent');
      expect(await knocks[0]).toBe('no answer');
      expect(said.join('\n')).toMatch(/nothing comes through the tunnel any more/);
      // One look: between two of them the first one may have gone, and no other one be there.
      await until(async () => ![undefined, first].includes(listeningSocket(forwardedPort)));
      expect(await tunnelProbe(tunnel, runtime.messages)(address, stop.signal)).toBeUndefined();
    },
    150_000,
  );
