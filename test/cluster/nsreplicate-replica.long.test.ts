/** More of what befalls replicas, rights and instances; two of them last a minute, and others happen meanwhile. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { KubeClient } from '../../src/kube/api/client.ts';
import { configMaps, namespaces, type Resource } from '../../src/kube/api/resources.ts';
import { connect } from '../../src/kube/connect/connect.ts';
import { eventually, eventuallySees } from '../support/eventually.ts';
import { contextA, contextB } from './support/contexts.ts';
import { kubeconfigOf, Person } from './support/limited.ts';
import { Pair, type PairOptions } from './support/nsreplicate.ts';
import { configMap, numbered, secret } from './support/objects.ts';
import type { Running } from './support/process.ts';
import { watch } from './support/replication.ts';
import { describeWithServers } from './support/servers.ts';

const folder = mkdtempSync(join(tmpdir(), 'x8s-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

const serviceAccounts: Resource = {
  group: '',
  version: 'v1',
  plural: 'serviceaccounts',
  kind: 'ServiceAccount',
  namespaced: true,
};
const MINUTE_MS = 60_000;
describeWithServers('a replica', ['q'], (servers) => {
  const server = () => servers().named('q');
  const toServer = (purpose: string, more: PairOptions = {}) =>
    Pair.open(purpose, { ...more, primary: contextA, replica: server().kubeconfig });
  const following = async (purpose: string, work: (pair: Pair) => Promise<void>, more: PairOptions = {}) => {
    const pair = await toServer(purpose, more);
    try {
      await work(pair);
    } finally {
      server().thaw();
      await pair.close();
    }
  };

  let down: Pair;
  let stopped: Pair;
  let one: Running;
  let two: Running;
  let since: number;
  beforeAll(async () => {
    [down, stopped] = await Promise.all([toServer('down'), Pair.open('stopped')]);
  });
  afterAll(() => Promise.all([down?.close(), stopped?.close()]));
  const theRestOfTheMinute = () => sleep(Math.max(0, since + MINUTE_MS - performance.now()));

  test('goes down; the task says so, also a new instance of it, which waits', async () => {
    await down.put(down.from, ...numbered(20, '1'), secret('s', { a: '1' }));
    const first = await down.watch('--request-timeout', '3s');
    await down.equal();
    await server().kill('kube-apiserver');
    await down.put(down.from, ...numbered(10, '2'), configMap('new', { a: '1' }));
    await down.delete(down.from, 'configmaps', 'o-19');
    await eventually(async () => expect((await down.ask('status')).stdout).toContain('does not answer'));
    first.child.kill('SIGTERM');
    await first.ended;
    down.start('--request-timeout', '3s');
    // Nothing is known of the replica, so it is not said to be up to date.
    await eventually(async () =>
      expect((await down.ask('status')).stdout).toMatch(/: \d+ objects not compared yet\n.*does not answer/),
    );
  });

  test('an instance is stopped; the one that stands by takes over', async () => {
    await stopped.put(stopped.from, ...numbered(5, '1'));
    one = await stopped.watch();
    two = stopped.start();
    await two.saw('standing by');
    one.child.kill('SIGSTOP');
    since = performance.now();
    await stopped.put(stopped.from, ...numbered(5, '2'));
    await two.saw('compared: ');
    await stopped.equal();
  });

  test('meanwhile one is killed with -9 in the middle of 1,000 changes: the next goes on from what is there', async () => {
    const pair = await Pair.open('killed');
    try {
      const running = await pair.watch();
      const changes = pair.put(pair.from, ...numbered(1000, 'x'));
      await eventually(() => pair.copyOf('configmaps', 'o-200'));
      running.child.kill('SIGKILL');
      await running.ended;
      await changes;
      const copied = Object.keys(await pair.content(pair.to)).length;
      expect(copied).toBeLessThan(1000);
      await pair.delete(pair.from, 'configmaps', 'o-5');
      const next = pair.start();
      await pair.equal();
      expect(Object.keys(await pair.content(pair.to))).toHaveLength(999);
      next.child.kill('SIGTERM');
      expect((await next.ended).code).toBe(143);
    } finally {
      await pair.close();
    }
  });

  test('meanwhile a token is taken away, and another one given to the running task: it goes on', async () => {
    const pair = await Pair.open('token');
    const { namespace } = pair;
    await pair.to.create(namespaces, { metadata: { name: namespace } });
    const person = new Person(`system:serviceaccount:${namespace}:copier`);
    const account = { namespace, name: 'copier' };
    const clients: KubeClient[] = [];
    /** A client with a token that ends with the account. */
    const withToken = async (): Promise<KubeClient> => {
      await pair.to.create(serviceAccounts, { metadata: account });
      const { status } = await pair.to.request<{ status: { token: string } }>({
        method: 'POST',
        path: `/api/v1/namespaces/${namespace}/serviceaccounts/copier/token`,
        body: { spec: { expirationSeconds: 600 } },
      });
      const file = join(folder, `${clients.length}.yaml`);
      const user = {
        token: status.token,
        'client-certificate-data': undefined,
        'client-key-data': undefined,
      };
      const client = await connect({
        kubeconfig: kubeconfigOf(contextB, file, 'copier', user),
        requestTimeoutMs: 10_000,
      });
      clients.push(client);
      return client;
    };
    try {
      await person.may(pair.to, [
        {
          apiGroups: [''],
          resources: ['namespaces', 'configmaps', 'secrets'],
          verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'],
        },
      ]);
      await pair.put(pair.from, ...numbered(5, '1'), secret('s', { a: '1' }));
      const { primary, replica } = await pair.sides();
      const first = await withToken();
      const watching = await watch({ primary, replicas: [{ ...replica, kube: first }] }, pair.spec());
      try {
        await pair.equal();
        const copies = () => Object.keys(watching.task().replicas[0]?.results.totals ?? {});
        await pair.to.delete(serviceAccounts, account);
        // A server remembers for ten seconds that a token was good.
        await eventuallySees(
          () => first.list(configMaps, { namespace }).catch((error: { code?: number }) => error.code),
          (answer) => answer === 401,
        );
        await pair.put(pair.from, ...numbered(3, '2'), configMap('new', { a: '1' }));
        await pair.delete(pair.from, 'configmaps', 'o-4');
        const failures = () =>
          [...(watching.task().replicas[0]?.failures.values() ?? [])].map(({ failure }) => failure);
        await eventuallySees(failures, (all) => all.length >= 5);
        expect(new Set(failures().map(({ reason }) => reason))).toEqual(new Set(['forbidden']));
        expect(Object.keys(await pair.content(pair.to))).toContain('ConfigMap o-4');
        watching.session.replace({ replicas: [{ ...replica, kube: await withToken() }] });
        await pair.equal();
        expect([failures(), copies()]).toEqual([
          [],
          expect.arrayContaining(['updated', 'created', 'pruned']),
        ]);
      } finally {
        await watching.stop();
      }
    } finally {
      for (const client of clients) await client.close();
      await person.forget();
      await pair.close();
    }
  });

  test('is back after a minute: what changed and what went meanwhile is made good', async () => {
    await theRestOfTheMinute();
    await server().start();
    await down.equal();
    await eventually(async () => expect((await down.ask('status')).stdout).toMatch(/: up to date/));
  });

  test('the stopped instance goes on after that minute: it stands by, and writes nothing', async () => {
    await theRestOfTheMinute();
    await stopped.put(stopped.from, ...numbered(3, '3'));
    await stopped.equal();
    const before = await stopped.versions();
    one.child.kill('SIGCONT');
    await one.saw(/Lost the lock/);
    await one.saw('standing by');
    expect(await stopped.versions()).toEqual(before);
    await stopped.put(stopped.from, configMap('later', { a: '1' }));
    await stopped.delete(stopped.from, 'configmaps', 'o-4');
    await stopped.equal();
    expect((await stopped.to.get(configMaps, { namespace: stopped.namespace, name: 'later' })).data).toEqual({
      a: '1',
    });
    two.child.kill('SIGTERM');
    await two.ended;
    await stopped.put(stopped.from, configMap('later', { a: '2' }));
    await stopped.equal();
  });

  test('takes our rights away and gives them back', () =>
    following('rights', async (pair) => {
      const [admin, person] = [await server().client(), new Person()];
      await pair.put(pair.from, ...numbered(20, '1'));
      const allow = () => person.may(admin, [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }]);
      await allow();
      const kube = await server().client(person.name);
      const { primary, replica } = await pair.sides();
      const watching = await watch({ primary, replicas: [{ ...replica, kube }] }, pair.spec());
      try {
        await pair.equal();
        await person.forget();
        // A server hears of it a moment later.
        await eventuallySees(
          () => kube.list(configMaps, { namespace: pair.namespace }).catch((error) => error.code),
          (answer) => answer === 403,
        );
        await pair.put(pair.from, ...numbered(10, '2'));
        const reasons = () =>
          [...(watching.task().replicas[0]?.failures.values() ?? [])].map(({ failure }) => failure.reason);
        await eventuallySees(reasons, (all) => all.includes('forbidden'));
        await allow();
        await pair.equal();
      } finally {
        await watching.stop();
        await kube.close();
      }
    }));

  test('is busy and says when to come again (429 with Retry-After)', () =>
    following('busy', async (pair) => {
      await server().restartWith(
        '--enable-priority-and-fairness=false',
        '--max-mutating-requests-inflight=1',
      );
      const [admin, person] = [await server().client(), new Person()];
      // Limits are not for administrators.
      await person.may(admin, [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }]);
      const kube = await server().client(person.name);
      const { primary, replica } = await pair.sides();
      await pair.put(pair.from, ...numbered(150, '1'));
      const watching = await watch({ primary, replicas: [{ ...replica, kube }] }, pair.spec({ workers: 16 }));
      try {
        await pair.equal();
        expect(await refused(admin)).toBeGreaterThan(0);
      } finally {
        await watching.stop();
        await kube.close();
        await server().restartWith();
      }
    }));

  test('is put back from a backup: what it lost is made good', () =>
    following('older', async (pair) => {
      await pair.put(pair.from, ...numbered(20, '1'));
      await pair.follow();
      server().snapshot();
      await pair.put(pair.from, ...numbered(15, '2'), configMap('new', { a: '1' }));
      await pair.delete(pair.from, 'configmaps', 'o-19');
      await pair.equal();
      await server().restore();
      await pair.equal();
    }));

  test('comes back empty, and is filled again', () =>
    following('empty', async (pair) => {
      await pair.put(pair.from, ...numbered(30, '1'));
      await pair.follow();
      await server().empty();
      await pair.equal();
    }));
});

/** Requests that a server turned away with 429, by its own count. */
async function refused(kube: Awaited<ReturnType<typeof connect>>): Promise<number> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of await kube.stream({ method: 'GET', path: '/metrics' })) chunks.push(chunk);
  const lines = Buffer.concat(chunks).toString().split('\n');
  const counts = lines.filter((line) => /^apiserver_request_total\{.*code="429"/.test(line));
  return counts.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}
