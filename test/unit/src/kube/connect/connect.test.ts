import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import {
  type AddressInfo,
  connect as connectTo,
  createServer as createTcpServer,
  type Socket,
} from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { KubeClient } from '../../../../../src/kube/api/client.ts';
import { type ConnectOptions, connect } from '../../../../../src/kube/connect/connect.ts';
import { eventually } from '../../../../support/eventually.ts';
import { fakeClock, hastyClock } from '../../../support/fake-clock.ts';
import { certificate, privateKey } from '../../../support/tls-fixture.ts';

interface Seen {
  readonly authorization: string | undefined;
  readonly rawHeaders: readonly string[];
  readonly url: string | undefined;
}

let folder = '';
let api: Server;
let port = 0;
let seen: Seen[] = [];
/** Tokens that the API server rejects. */
let rejected = new Set<string>();
let clients: KubeClient[] = [];
let proxies: { close(): void }[] = [];

const encode = (text: string) => Buffer.from(text).toString('base64');
const ca = { 'certificate-authority-data': encode(certificate) };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'connect-'));
  [seen, rejected, clients, proxies] = [[], new Set(), [], []];
  api = createServer({
    cert: certificate,
    key: privateKey,
    requestCert: true,
    ca: certificate,
    rejectUnauthorized: false,
  });
  api.on('request', (request, response) => {
    const { authorization } = request.headers;
    seen.push({ authorization, rawHeaders: request.rawHeaders, url: request.url });
    const denied = rejected.has(authorization?.replace('Bearer ', '') ?? '');
    response.writeHead(denied ? 401 : 200, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify({ certified: Boolean((request.socket as never as { authorized: boolean }).authorized) }),
    );
  });
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
  ({ port } = api.address() as AddressInfo);
});

afterEach(async () => {
  await Promise.all(clients.map((client) => client.close()));
  for (const proxy of proxies) proxy.close();
  api.closeAllConnections();
  await new Promise((resolve) => api.close(resolve));
  await rm(folder, { recursive: true });
});

async function kubeconfig(user: object, cluster: object = {}): Promise<string> {
  const path = join(folder, 'config');
  const server = `https://127.0.0.1:${port}`;
  const config = {
    'current-context': 'ctx',
    contexts: [{ name: 'ctx', context: { cluster: 'c', user: 'u' } }],
    clusters: [{ name: 'c', cluster: { server, ...ca, ...cluster } }],
    users: [{ name: 'u', user }],
  };
  await writeFile(path, JSON.stringify(config));
  return path;
}

async function client(user: object, cluster: object = {}, options: Partial<ConnectOptions> = {}) {
  const path = await kubeconfig(user, cluster);
  const kube = await connect({ kubeconfig: path, requestTimeoutMs: 15_000, ...options });
  clients.push(kube);
  return kube;
}

const version = (kube: KubeClient) =>
  kube.request<{ certified: boolean }>({ method: 'GET', path: '/version' });

/** An exec plugin that gives one token after the other and notes what it was told. */
async function plugin(...tokens: string[]): Promise<{ exec: object; runs: () => Promise<unknown[]> }> {
  const [path, log] = [join(folder, 'plugin.cjs'), join(folder, 'runs')];
  const script = `
const fs = require('node:fs');
fs.appendFileSync(${JSON.stringify(log)}, process.env.KUBERNETES_EXEC_INFO + '\\n');
const run = fs.readFileSync(${JSON.stringify(log)}, 'utf8').trim().split('\\n').length - 1;
const token = ${JSON.stringify(tokens)}[run];
if (token === undefined) { console.error('session expired\\nplease log in'); process.exit(1); }
console.log(JSON.stringify({ kind: 'ExecCredential', status: { token } }));
`;
  await writeFile(path, script);
  await writeFile(log, '');
  const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: process.execPath, args: [path] };
  const runs = async () =>
    (await readFile(log, 'utf8'))
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  return { exec, runs };
}

describe('credentials', () => {
  test('token', async () => {
    await version(await client({ token: 'abc' }));
    expect(seen[0]?.authorization).toBe('Bearer abc');
  });

  test('token file, with the line feed that it ends in', async () => {
    await writeFile(join(folder, 'token'), 'from-file\n');
    await version(await client({ tokenFile: 'token' }));
    expect(seen[0]?.authorization).toBe('Bearer from-file');
  });

  test('token file that is replaced, after the old token was rejected', async () => {
    await writeFile(join(folder, 'token'), 'old');
    const kube = await client({ tokenFile: 'token' });
    await version(kube);
    rejected.add('old');
    await writeFile(join(folder, 'token'), 'new');
    await version(kube);
    expect(seen.map(({ authorization }) => authorization)).toEqual([
      'Bearer old',
      'Bearer old',
      'Bearer new',
    ]);
  });

  test('token that a login has put into the kubeconfig meanwhile', async () => {
    const kube = await client({ token: 'old' });
    rejected.add('old');
    await kubeconfig({ token: 'new' });
    await version(kube);
    expect(seen.at(-1)?.authorization).toBe('Bearer new');
  });

  test('name and password', async () => {
    await version(await client({ username: 'ann', password: 'pw' }));
    expect(seen[0]?.authorization).toBe(`Basic ${encode('ann:pw')}`);
  });

  test('client certificate', async () => {
    const user = {
      'client-certificate-data': encode(certificate),
      'client-key-data': encode(privateKey),
    };
    expect(await version(await client(user))).toEqual({ certified: true });
    expect(await version(await client({}))).toEqual({ certified: false });
  });

  test('impersonation: the user, each group in a header of its own, uid and extras', async () => {
    const user = {
      token: 't',
      as: 'carl',
      'as-groups': ['x', 'y'],
      'as-uid': '7',
      'as-user-extra': { 'a/b': ['c'] },
    };
    await version(await client(user));
    const headers = seen[0]?.rawHeaders ?? [];
    const pairs = headers.flatMap((name, at) =>
      at % 2 === 0 ? [`${name.toLowerCase()}=${headers[at + 1]}`] : [],
    );
    expect(pairs.filter((pair) => pair.startsWith('impersonate-')).sort()).toEqual([
      'impersonate-extra-a%2fb=c',
      'impersonate-group=x',
      'impersonate-group=y',
      'impersonate-uid=7',
      'impersonate-user=carl',
    ]);
  });

  test('exec plugin: runs once for many requests, again when its token is rejected', async () => {
    const { exec, runs } = await plugin('one', 'two');
    const kube = await client({ exec });
    await Promise.all([version(kube), version(kube), version(kube)]);
    rejected.add('one');
    await Promise.all([version(kube), version(kube)]);
    expect(seen.at(-1)?.authorization).toBe('Bearer two');
    expect(await runs()).toHaveLength(2);
    await version(kube);
    expect(await runs()).toHaveLength(2);
  });

  test('exec plugin: is told its API version and, if it wants to know, the cluster', async () => {
    const { exec, runs } = await plugin('one');
    await version(await client({ exec: { ...exec, provideClusterInfo: true } }));
    const spec = { interactive: false, cluster: { server: `https://127.0.0.1:${port}`, ...ca } };
    expect(await runs()).toEqual([
      { apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', spec },
    ]);
  });

  test('exec plugin: its last words are told when it fails, and it is asked again the next time', async () => {
    const { exec } = await plugin();
    const kube = await client({ exec });
    await expect(version(kube)).rejects.toMatchObject({
      exitCode: 4,
      message: `ctx: the credential plugin ${process.execPath} gave no credentials`,
      details: ['session expired', 'please log in'],
    });
    expect(seen).toEqual([]);
  });

  test('exec plugin: one that is missing is said with how to install it', async () => {
    const exec = { command: 'no-such-plugin', installHint: 'brew install it' };
    await expect(version(await client({ exec }))).rejects.toMatchObject({
      exitCode: 2,
      message: 'ctx: the credential plugin no-such-plugin is not installed',
      hint: 'brew install it',
    });
  });

  test('exec plugin that waits for a person does not hold up an interrupt', async () => {
    const path = join(folder, 'slow');
    const started = join(folder, 'started');
    await writeFile(
      path,
      `#!/bin/sh\necho $$ >${started}.new; mv ${started}.new ${started}; exec sleep 60\n`,
    );
    await chmod(path, 0o755);
    const kube = await client({ exec: { command: path } });
    const control = new AbortController();
    const asked = kube.request({ method: 'GET', path: '/', signal: control.signal });
    asked.catch(() => {});
    const pid = Number(await eventually(() => readFile(started, 'utf8')));
    control.abort(new Error('Ctrl-C'));
    await expect(asked).rejects.toThrow('Ctrl-C');
    process.kill(pid);
  });
});

test('exec plugin that prints garbage is not quoted: it may be a token', async () => {
  const path = join(folder, 'garbled');
  await writeFile(path, '#!/bin/sh\necho s3cret-token\n');
  await chmod(path, 0o755);
  const error = await version(await client({ exec: { command: path } })).catch((caught) => caught);
  expect(error.details).toEqual(['its output is not JSON']);
  expect(inspect(error)).not.toContain('s3cret');
});

test('exec plugin is heard where it takes longer than two seconds: it may wait for a person', async () => {
  const path = join(folder, 'device-login');
  const credential = JSON.stringify({ kind: 'ExecCredential', status: { token: 'entered' } });
  await writeFile(path, `#!/bin/sh\necho 'enter the code 1234' >&2\necho '${credential}'\n`);
  await chmod(path, 0o755);
  const told: string[] = [];
  const onWarning = (text: string) => void told.push(text);
  await version(await client({ exec: { command: path } }, {}, { onWarning, clock: fakeClock() }));
  expect(told).toEqual([]);
  await version(await client({ exec: { command: path } }, {}, { onWarning, clock: hastyClock() }));
  expect(told).toEqual(['enter the code 1234']);
  expect(seen[0]?.authorization).toBe('Bearer entered');
});

describe('TLS', () => {
  test.each([
    ['an unknown issuer', { 'certificate-authority-data': '' }, 'its certificate is not trusted'],
    ['another name', { 'tls-server-name': 'other.test' }, 'its certificate is for another name'],
    ['another address', { 'tls-server-name': '192.0.2.1' }, 'its certificate is for another name'],
  ])('of %s is refused, and said so', async (_, cluster, why) => {
    const kube = await client({ token: 'secret' }, cluster);
    await expect(version(kube)).rejects.toMatchObject({ exitCode: 4, message: expect.stringContaining(why) });
    expect(seen).toEqual([]);
  });

  test('takes the name that the kubeconfig gives, or none if told so', async () => {
    await version(await client({}, { 'tls-server-name': 'api.fake.test' }));
    await version(await client({}, { 'certificate-authority-data': '', 'insecure-skip-tls-verify': true }));
    await version(await client({}, { 'tls-server-name': '127.0.0.1' }));
    expect(seen).toHaveLength(3);
  });

  test('against a server without it', async () => {
    const plain = createTcpServer((socket) =>
      socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'),
    );
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
    proxies.push(plain);
    const server = `https://127.0.0.1:${(plain.address() as AddressInfo).port}`;
    await expect(version(await client({}, { server }))).rejects.toThrow('it does not speak TLS');
  });
});

/** Passes bytes on between two sockets. */
function join2(a: Socket, b: Socket): void {
  a.pipe(b).pipe(a);
  for (const socket of [a, b]) socket.on('error', () => [a, b].map((each) => each.destroy()));
}

async function listening(accept: (socket: Socket) => void): Promise<number> {
  const server = createTcpServer(accept);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  proxies.push(server);
  return (server.address() as AddressInfo).port;
}

describe('proxies', () => {
  test('HTTP: a tunnel by CONNECT', async () => {
    const connects: string[] = [];
    const proxyPort = await listening((socket) => {
      socket.once('data', (head) => {
        connects.push(head.toString().split('\r\n')[0] ?? '');
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        join2(socket, connectTo(port, '127.0.0.1'));
      });
    });
    const kube = await client({ token: 't' }, { 'proxy-url': `http://127.0.0.1:${proxyPort}` });
    await version(kube);
    expect(connects).toEqual([`CONNECT 127.0.0.1:${port} HTTP/1.1`]);
    const { agent } = await kube.transport.webSocket();
    expect(agent).toBeDefined();
  });

  test('SOCKS 5', async () => {
    const hosts: string[] = [];
    const proxyPort = await listening((socket) => {
      socket.once('data', () => {
        socket.write(Buffer.from([5, 0]));
        socket.once('data', (request: Buffer) => {
          hosts.push(`${request.subarray(4, 8).join('.')}:${request.readUInt16BE(8)}`);
          socket.write(Buffer.from([5, 0, 0, 1, 127, 0, 0, 1, 0, 0]));
          join2(socket, connectTo(port, '127.0.0.1'));
        });
      });
    });
    await version(await client({ token: 't' }, { 'proxy-url': `socks5://127.0.0.1:${proxyPort}` }));
    expect(hosts).toEqual([`127.0.0.1:${port}`]);
    expect(seen[0]?.authorization).toBe('Bearer t');
  });

  test('one that never answers is given no more than the time of a request, and is left when nobody waits', async () => {
    const proxyPort = await listening(() => {});
    const kube = await client({}, { 'proxy-url': `http://127.0.0.1:${proxyPort}` });
    const limited = kube.request({ method: 'GET', path: '/version', timeoutMs: 300 });
    await expect(limited).rejects.toMatchObject({
      exitCode: 4,
      message: expect.stringContaining('within 0.3 s'),
    });
    const stop = new AbortController();
    const unlimited = kube.request({ method: 'GET', path: '/version', timeoutMs: 0, signal: stop.signal });
    stop.abort(new Error('enough'));
    await expect(unlimited).rejects.toThrow('enough');
  });

  test('one that is not there is said', async () => {
    const kube = await client({}, { 'proxy-url': 'http://127.0.0.1:1' });
    await expect(version(kube)).rejects.toMatchObject({
      exitCode: 4,
      message: expect.stringContaining('refused'),
    });
  });
});

describe('webSocket', () => {
  test('gives what it takes to open one', async () => {
    const kube = await client({ token: 't', as: 'carl' }, { server: `https://127.0.0.1:${port}/k8s/c-1/` });
    const { url, headers, tls, agent } = await kube.transport.webSocket();
    expect(url).toBe(`wss://127.0.0.1:${port}/k8s/c-1`);
    expect(headers).toEqual({ Authorization: 'Bearer t', 'Impersonate-User': 'carl' });
    expect(tls.ca?.toString()).toBe(certificate);
    expect(agent).toBeUndefined();
    await version(kube);
    expect(seen[0]?.url).toBe('/k8s/c-1/version');
  });
});

test('plain HTTP works, as of kubectl proxy', async () => {
  const plain = await listening((socket) => {
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}'));
  });
  const kube = await client({}, { server: `http://127.0.0.1:${plain}` });
  expect(await version(kube)).toEqual({});
  expect((await kube.transport.webSocket()).url).toBe(`ws://127.0.0.1:${plain}`);
});
