/** TLS with real files: taken up when they change, and not when they can't be used. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createApp } from '../../../../../plugins/nsreplicate/server/http/app.ts';
import { route } from '../../../../../plugins/nsreplicate/server/http/route.ts';
import { filesSource, followPair, readPair } from '../../../../../plugins/nsreplicate/server/http/tls.ts';
import { UsageError } from '../../../../../src/errors.ts';
import { eventually } from '../../../../support/eventually.ts';
import { fakeClock } from '../../../support/fake-clock.ts';

const folder = mkdtempSync(join(tmpdir(), 'x8s-tls-'));
const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
afterAll(() => rmSync(folder, { recursive: true }));

function make(name: string, { cert, key } = files): void {
  const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1'];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
  const args = ['req', '-x509', ...curve, '-nodes', '-days', '2', ...subject, '-keyout', key, '-out', cert];
  execFileSync('openssl', args, { stdio: 'ignore' });
}
beforeAll(() => make('first'));

/** The name in the certificate that a client is shown. */
const shown = (port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
    socket.on('error', reject);
  });

test('a pair that does not belong together is refused, and one that is not there', async () => {
  const other = { cert: join(folder, 'other.pem'), key: join(folder, 'other-key.pem') };
  make('other', other);
  await expect(readPair({ cert: files.cert, key: other.key })).rejects.toThrow(UsageError);
  await expect(readPair({ cert: files.cert, key: join(folder, 'none') })).rejects.toThrow('--tls-key');
  // As it is for a moment while it is written: TLS would begin without a certificate.
  const empty = join(folder, 'empty');
  writeFileSync(empty, '');
  await expect(readPair({ cert: empty, key: files.key })).rejects.toThrow('is empty');
  await expect(readPair({ cert: files.cert, key: empty })).rejects.toThrow('is empty');
});

test('what is wrong with a new one is said when it is still so at the next look, once, as a sentence', async () => {
  const ended = new AbortController();
  const { signal } = ended;
  const clock = fakeClock();
  const said: string[] = [];
  const looks = ['It is empty.', 'It is no certificate.', 'It is no certificate.', 'It is no certificate.'];
  let look = 0;
  const read = () => Promise.reject(new UsageError(looks[look++] ?? ''));
  const changed = () => undefined;
  const warn = (text: string) => said.push(text);
  const following = followPair(
    { read, periodMs: 1 },
    { cert: '', key: '' },
    { clock, signal, changed, warn },
  );
  await clock.advance(1);
  await clock.advance(1);
  expect(said).toEqual([]);
  await clock.advance(1);
  await clock.advance(1);
  ended.abort();
  await following;
  expect(said).toEqual(['It is no certificate; the certificate from before stays in use']);
});

test('a new certificate is used without a restart, and a broken one is said and left', async () => {
  const ended = new AbortController();
  const { signal } = ended;
  const pair = await readPair(files);
  const handle = () => ({ body: {} });
  const app = createApp({
    routes: [route({ method: 'GET', path: '/', summary: '', needs: 'nobody', answers: {}, handle })],
    tls: pair,
    authenticate: async () => undefined,
    hint: () => undefined,
    answered: () => undefined,
    defect: () => undefined,
    signal,
  });
  const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }));
  const said: string[] = [];
  const clock = fakeClock();
  const source = filesSource(files);
  const readAgain = () => clock.advance(source.periodMs);
  const server = app.server as unknown as { setSecureContext(pair: object): void };
  const following = followPair(source, pair, {
    clock,
    signal,
    changed: (next) => server.setSecureContext(next),
    warn: (text) => said.push(text),
  });
  try {
    expect(await shown(Number(port))).toBe('first');
    make('second');
    await eventually(async () => {
      await readAgain();
      expect(await shown(Number(port))).toBe('second');
    });
    said.length = 0;
    writeFileSync(files.key, 'no key');
    await eventually(async () => {
      await readAgain();
      expect(said).toHaveLength(1);
    });
    expect(said[0]).toMatch(/can't be used.*stays in use/);
    expect(await shown(Number(port))).toBe('second');
  } finally {
    ended.abort();
    await app.close();
    await following;
  }
});
