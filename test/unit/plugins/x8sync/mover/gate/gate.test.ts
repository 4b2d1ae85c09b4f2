/** What a schedule's pod asks before its mover begins. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { type ListPods, startGate } from '../../../../../../plugins/x8sync/mover/gate/gate.ts';
import { podLister } from '../../../../../../plugins/x8sync/mover/gate/list-pods.ts';
import { gateEnv } from '../../../../../../plugins/x8sync/mover/gate/options.ts';
import { type ListedPod, usersOf } from '../../../../../../plugins/x8sync/mover/gate/users.ts';
import { parseMoverLine } from '../../../../../../plugins/x8sync/mover/protocol/mover-lines.ts';
import { hastyClock } from '../../../../support/fake-clock.ts';
import { stage } from '../../../../support/mover-stage.ts';
import { certificate, privateKey } from '../../../../support/tls-fixture.ts';

const pod = (name: string, claim: string, phase = 'Running'): ListedPod => ({
  metadata: { name },
  spec: { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: claim } }] },
  status: { phase },
});
const asked = { claim: 'data', pod: 'me' };

describe('usersOf', () => {
  test('passes over the pod that asks, pods of other claims, and pods that have ended', () => {
    const pods = [
      pod('me', 'data'),
      pod('a', 'other'),
      pod('b', 'data', 'Succeeded'),
      pod('c', 'data', 'Failed'),
      {},
    ];
    expect(usersOf(pods, asked)).toEqual([]);
  });

  test('names every other pod that has it, also one that is only about to run', () => {
    const ephemeral: ListedPod = {
      metadata: { name: 'x' },
      spec: { volumes: [{ name: 'y', ephemeral: {} }] },
    };
    expect(usersOf([pod('db-0', 'data'), pod('mover', 'data', 'Pending')], asked)).toEqual(['db-0', 'mover']);
    expect(usersOf([ephemeral], { ...asked, claim: 'x-y' })).toEqual(['x']);
  });
});

const options = { nonce: 'n', task: 'fresh', mode: 'merge', namespace: 'shop', claim: 'data' };
const env = { ...gateEnv(options), X8S_POD: 'me' };

/** Runs a gate; resolves with its exit code and what it left for the pod's status. */
async function gate(listPods: ListPods, variables: Record<string, string> = env) {
  using place = stage();
  const { terminationLog } = place.runtime.paths;
  mkdirSync(dirname(terminationLog), { recursive: true });
  writeFileSync(terminationLog, '');
  const code = await startGate(variables, listPods, { ...place.runtime, clock: hastyClock() });
  const [line = ''] = readFileSync(terminationLog, 'utf8').split('\n');
  return { code, line: parseMoverLine(line) };
}

describe('a gate', () => {
  test('lets the mover begin where nobody has the claim', async () => {
    expect((await gate(async () => [pod('me', 'data')])).code).toBe(0);
  });

  test('refuses where somebody has, in the words of a mover that ended', async () => {
    const { code, line } = await gate(async () => [pod('db-0', 'data')]);
    expect(code).toBe(3);
    expect(line).toMatchObject({
      kind: 'end',
      end: {
        nonce: 'n',
        outcome: 'refused',
        message: 'target claim data is in use by pod db-0: nothing was copied',
      },
    });
  });

  test('asks again where nobody answers, and lets nothing begin that nobody could tell about', async () => {
    let attempts = 0;
    const failing = async () => {
      attempts += 1;
      throw new Error('connect ECONNREFUSED');
    };
    const { code, line } = await gate(failing);
    expect(attempts).toBeGreaterThan(3);
    expect(code).toBe(1);
    expect(line).toMatchObject({
      end: { outcome: 'failed', message: expect.stringContaining('ECONNREFUSED') },
    });
    const recovering: ListPods = async () => {
      attempts -= 1;
      if (attempts > 4) throw new Error('not yet');
      return [];
    };
    expect((await gate(recovering)).code).toBe(0);
  });

  test('lets nothing begin that it was told too little about', async () => {
    expect((await gate(async () => [], { X8S_NONCE: 'n' })).code).toBe(1);
  });
});

/** A stand-in for the API server: answers every request with this, and notes what it was asked. */
async function fakeApiServer(status: number, answer: object) {
  const requests: { url: string | undefined; authorization: string | undefined }[] = [];
  const server = createServer({ key: privateKey, cert: certificate }, ({ url, headers }, response) => {
    requests.push({ url, authorization: headers.authorization });
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const folder = mkdtempSync(join(tmpdir(), 'x8sync-account-'));
  writeFileSync(join(folder, 'token'), 'secret-token\n');
  writeFileSync(join(folder, 'ca.crt'), certificate);
  const { port } = server.address() as AddressInfo;
  const list = podLister(
    { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: `${port}` },
    folder,
  );
  const close = async () => {
    rmSync(folder, { recursive: true });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { list, requests, [Symbol.asyncDispose]: close };
}

const { signal } = new AbortController();

describe('podLister', () => {
  test("asks the API server for the namespace's pods with the pod's own token", async () => {
    await using api = await fakeApiServer(200, { items: [pod('db-0', 'data')] });
    expect(await api.list('shop', signal)).toEqual([pod('db-0', 'data')]);
    expect(api.requests).toEqual([
      {
        url: '/api/v1/namespaces/shop/pods?fieldSelector=status.phase!%3DSucceeded%2Cstatus.phase!%3DFailed',
        authorization: 'Bearer secret-token',
      },
    ]);
  });

  test('says what the API server said, and not the token', async () => {
    await using api = await fakeApiServer(403, { kind: 'Status', message: 'pods is forbidden' });
    const refused = await api.list('shop', signal).catch((error: unknown) => String(error));
    expect(refused).toBe('Error: the API server answered 403: pods is forbidden');
  });
});
