import {
  chmod,
  chown,
  lstat,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { accessPoint } from '../../../../../src/kube/login/access-point.ts';
import { credentialSource } from '../../../../../src/kube/login/credentials.ts';
import { loadKubeconfigFile } from '../../../../../src/kube/login/kubeconfig.ts';
import { eventually } from '../../../../support/eventually.ts';
import { type FakeClock, fakeClock } from '../../../support/fake-clock.ts';
import {
  type FakeIdentityProvider,
  fakeIdentityProvider,
  idToken,
  type TokenAnswer,
} from '../../../support/fake-identity-provider.ts';
import { certificate } from '../../../support/tls-fixture.ts';

let folder = '';
let file = '';
let idp: FakeIdentityProvider;
let clock: FakeClock;
let said: string[] = [];

const hour = 3_600_000;
const inMs = (ms: number) => new Date(clock.now().getTime() + ms);
const ca = { 'idp-certificate-authority-data': Buffer.from(certificate).toString('base64') };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oidc-'));
  file = join(folder, 'config');
  idp = await fakeIdentityProvider();
  clock = fakeClock();
  said = [];
});

afterEach(async () => {
  await idp.close();
  await rm(folder, { recursive: true });
});

type Config = Readonly<Record<string, string>>;

const configText = (config: Config) => `# made by hand
apiVersion: v1
kind: Config
current-context: ctx
contexts: [{ name: ctx, context: { cluster: c, user: ann } }]
clusters:
    - name: c
      cluster: {server: 'https://127.0.0.1:1'}   # nobody there
users:
- name: ann   # that's me
  user:
    auth-provider:
      name: oidc
      config:
${Object.entries(config)
  .map(([key, value]) => `        ${key}: ${value}  # the ${key}\n`)
  .join('')}
# the end
`;

/** Writes a kubeconfig whose ID token has expired. */
async function kubeconfig(config: Config = {}, path = file): Promise<Config> {
  const whole = {
    'idp-issuer-url': idp.issuer,
    'client-id': 'kubectl',
    'id-token': idToken(inMs(-hour)),
    'refresh-token': 'refresh-1',
    ...ca,
    ...config,
  };
  await writeFile(path, configText(whole));
  return whole;
}

/** Credentials from the kubeconfig as it is now, with empty caches. */
async function open(path = file) {
  const point = accessPoint(await loadKubeconfigFile(path), {}, {});
  return credentialSource(point, { say: (line) => void said.push(line), clock });
}

/** What the Authorization header says. */
const bearer = async (source?: Awaited<ReturnType<typeof open>>) =>
  (await (source ?? (await open()))()).headers.Authorization;

/** Each refresh token works once, and gives the next one. */
function rotating(): void {
  let serial = 1;
  idp.answer = ({ form }): TokenAnswer => {
    if (form.refresh_token !== `refresh-${serial}`) return { status: 400, body: { error: 'invalid_grant' } };
    serial++;
    return { body: { ...tokens(serial), refresh_token: `refresh-${serial}` } };
  };
}

const fresh = (serial: number) => idToken(inMs(hour), { serial });
const tokens = (serial: number) => ({
  access_token: 'access',
  token_type: 'Bearer',
  id_token: fresh(serial),
});

/** The serial number of the token in an Authorization header. */
const serialIn = (header: string | string[] | undefined): number =>
  JSON.parse(Buffer.from(String(header).split('.')[1] ?? '', 'base64url').toString()).serial;

/** Moves the clock on until the work has ended, however it ended. */
async function ended<T>(work: Promise<T>): Promise<T> {
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  work.then(over, over);
  await eventually(async () => {
    await clock.advance(1_000);
    if (!isOver) throw new Error('it has not ended');
  });
  return work;
}

describe('an ID token', () => {
  test('that is valid is used, and nobody is asked', async () => {
    const valid = idToken(inMs(11_000));
    const { length } = configText(await kubeconfig({ 'id-token': valid }));
    expect(await bearer()).toBe(`Bearer ${valid}`);
    expect(idp.asked).toBe(0);
    expect((await stat(file)).size).toBe(length);
  });

  test.each([
    ['expires within ten seconds', () => idToken(inMs(9_000))],
    ['does not say when it expires', () => idToken(undefined)],
    ['is not there', () => '""'],
  ])('that %s is replaced, and the new one is used until it expires', async (_, token) => {
    rotating();
    await kubeconfig({ 'id-token': token() });
    const source = await open();
    const second = fresh(2);
    expect(await bearer(source)).toBe(`Bearer ${second}`);
    expect(await bearer(source)).toBe(`Bearer ${second}`);
    expect(idp.requests).toHaveLength(1);
    await clock.advance(hour);
    expect(await bearer(source)).toBe(`Bearer ${fresh(3)}`);
    expect(idp.requests.map(({ form }) => form.refresh_token)).toEqual(['refresh-1', 'refresh-2']);
    expect(said).toEqual([]);
  });

  test('that is garbled is said, and not quoted', async () => {
    await kubeconfig({ 'id-token': 's3cret' });
    const error = await bearer().catch((caught) => caught);
    expect(error).toMatchObject({ exitCode: 2, message: 'ctx: no credentials: its id-token is no JWT' });
    expect(inspect(error)).not.toContain('s3cret');
  });

  test('that has expired, without a refresh token', async () => {
    await kubeconfig({ 'refresh-token': '""' });
    await expect(bearer()).rejects.toMatchObject({
      exitCode: 4,
      message: 'ctx: no credentials: its ID token has expired, and it has no refresh-token',
      hint: expect.stringContaining('log in'),
    });
  });

  test.each(['idp-issuer-url', 'client-id'])('without %s in the kubeconfig', async (key) => {
    await kubeconfig({ [key]: '""' });
    await expect(bearer()).rejects.toMatchObject({
      exitCode: 2,
      message: `ctx: no credentials: its auth-provider oidc has no ${key}`,
    });
  });
});

describe('new tokens', () => {
  test('are written into the kubeconfig, and nothing else in it changes', async () => {
    rotating();
    const before = await kubeconfig();
    await chmod(file, 0o640);
    await bearer();
    const quoted = (text: string) => JSON.stringify(text);
    const after = { ...before, 'id-token': quoted(fresh(2)), 'refresh-token': quoted('refresh-2') };
    expect(await readFile(file, 'utf8')).toBe(configText(after));
    expect((await stat(file)).mode & 0o777).toBe(0o640);
    expect(await readdir(folder)).toEqual(['config']);
  });

  test('leave the refresh token where the provider does not rotate it', async () => {
    idp.answer = () => ({ body: tokens(2) });
    const before = await kubeconfig();
    await bearer();
    const after = { ...before, 'id-token': JSON.stringify(fresh(2)) };
    expect(await readFile(file, 'utf8')).toBe(configText(after));
    await clock.advance(2 * hour);
    await bearer();
    expect(idp.requests.map(({ form }) => form.refresh_token)).toEqual(['refresh-1', 'refresh-1']);
  });

  test('go to where a symbolic link leads', async () => {
    rotating();
    await kubeconfig({}, join(folder, 'real'));
    await symlink('real', file);
    await bearer();
    expect((await lstat(file)).isSymbolicLink()).toBe(true);
    expect(await readFile(join(folder, 'real'), 'utf8')).toContain('refresh-2');
  });

  test('are asked for once by all sources of a process, whichever kubeconfig they began with', async () => {
    rotating();
    await kubeconfig();
    const sources = await Promise.all([open(), open()]);
    expect(await Promise.all(sources.map(bearer))).toEqual([`Bearer ${fresh(2)}`, `Bearer ${fresh(2)}`]);
    expect(idp.requests).toHaveLength(1);
    sources.push(await open());
    await clock.advance(2 * hour);
    expect(new Set(await Promise.all(sources.map(bearer))).size).toBe(1);
    expect(idp.requests).toHaveLength(2);
  });

  test('of another process are taken from the file', async () => {
    await kubeconfig();
    const source = await open();
    await kubeconfig({ 'id-token': fresh(7), 'refresh-token': 'refresh-7' });
    expect(await bearer(source)).toBe(`Bearer ${fresh(7)}`);
    expect(idp.asked).toBe(0);
  });

  test('are asked for with the refresh token that is in the file by then', async () => {
    idp.answer = () => ({ body: tokens(8) });
    await kubeconfig();
    const source = await open();
    await kubeconfig({ 'refresh-token': 'refresh-7' });
    await bearer(source);
    expect(idp.requests[0]?.form.refresh_token).toBe('refresh-7');
  });

  test('of another process are taken where it was faster while this one asked', async () => {
    await kubeconfig();
    idp.answer = async () => {
      await kubeconfig({ 'id-token': fresh(7), 'refresh-token': 'refresh-7' });
      return { body: { ...tokens(2), refresh_token: 'refresh-2' } };
    };
    expect(await bearer()).toBe(`Bearer ${fresh(7)}`);
    expect(await readFile(file, 'utf8')).not.toContain('refresh-2');
  });

  test('of another process are waited for where it has used the refresh token', async () => {
    await kubeconfig();
    idp.answer = () => ({ status: 400, body: { error: 'invalid_grant' } });
    const asked = bearer();
    asked.catch(() => {});
    await eventually(() => expect(idp.requests).toHaveLength(1));
    await kubeconfig({ 'id-token': fresh(7) });
    expect(serialIn(await ended(asked))).toBe(7);
  });

  test.each([
    ['a read-only file', () => chmod(file, 0o444), 'it is read-only'],
    ['a lock that is never let go', () => writeFile(`${file}.lock`, ''), 'config.lock is there'],
    ['a file that is gone', () => rm(file), 'no such file'],
  ])('that can not be written are used all the same, and that is said once: %s', async (_, spoil, why) => {
    rotating();
    await kubeconfig();
    const sources = [await open(), await open()];
    await spoil();
    expect(serialIn(await ended(bearer(sources[0])))).toBe(2);
    expect(said).toEqual([expect.stringContaining(why)]);
    expect(said[0]).toContain('kubectl needs a new login');
    await clock.advance(2 * hour);
    expect(serialIn(await ended(bearer(sources[1])))).toBe(3);
    expect(idp.requests.map(({ form }) => form.refresh_token)).toEqual(['refresh-1', 'refresh-2']);
    expect(said).toHaveLength(1);
  });

  test('are written later where that can be done again', async () => {
    rotating();
    await kubeconfig();
    await chmod(file, 0o444);
    const source = await open();
    await bearer(source);
    await chmod(file, 0o644);
    await clock.advance(2 * hour);
    await bearer(source);
    expect(await readFile(file, 'utf8')).toContain('refresh-3');
  });
});

test('a refresh token that is no longer taken', async () => {
  idp.answer = () => ({ status: 400, body: { error: 'invalid_grant' } });
  await kubeconfig();
  const asked = bearer();
  asked.catch(() => {});
  await eventually(() => expect(idp.requests).toHaveLength(1));
  const error = await ended(asked).catch((caught) => caught);
  expect(error).toMatchObject({
    name: 'UnreachableError',
    message: `ctx: no credentials: the identity provider ${idp.issuer} no longer takes the refresh token: invalid_grant`,
    hint: expect.stringContaining('log in'),
  });
  expect(inspect(error)).not.toContain('refresh-1');
  expect(await readFile(file, 'utf8')).toContain('refresh-1');
});

test('certificates of the provider in a file beside the kubeconfig', async () => {
  rotating();
  await writeFile(join(folder, 'idp.pem'), certificate);
  await kubeconfig({ 'idp-certificate-authority-data': '""', 'idp-certificate-authority': 'idp.pem' });
  expect(serialIn(await bearer())).toBe(2);
});

(process.getuid?.() === 0 ? test : test.skip)('a kubeconfig of another owner stays theirs', async () => {
  rotating();
  await kubeconfig();
  await chown(file, 1234, 1234);
  await bearer();
  const { uid, gid } = await stat(file);
  expect([uid, gid]).toEqual([1234, 1234]);
  expect(await readFile(file, 'utf8')).toContain('refresh-2');
});
