/**
 * The fence, by the audit log of the replica's API server: no write of an older epoch is made after the first of the
 * newer one, though the run that sent it was stopped or killed in the middle, and the server held its write back. Nor is
 * one of a run that was ended in order, or killed, after another instance has taken over.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from '@jest/globals';
import type { ConfigMap, KubeObject } from '../../src/kube/api/objects.ts';
import { leases } from '../../src/kube/api/resources.ts';
import { eventually } from '../support/eventually.ts';
import { contextA } from './support/contexts.ts';
import { startDeafProxy } from './support/deaf-proxy.ts';
import { nightly, told } from './support/fence.ts';
import { kubectl, plugin, startPlugin } from './support/kubectl.ts';
import { Pair, stateNamespace } from './support/nsreplicate.ts';
import { configMap } from './support/objects.ts';
import type { Running } from './support/process.ts';
import { describeWithServers } from './support/servers.ts';
import { judgeConfigMaps } from './support/webhook.ts';

const folder = mkdtempSync(join(tmpdir(), 'x8s-fence-'));
afterAll(() => rmSync(folder, { recursive: true }));

const writes = ['create', 'update', 'patch', 'delete'];
const auditRules = [{ level: 'Metadata', verbs: writes }, { level: 'None' }];

const some = (value: string) => Array.from({ length: 30 }, (_, index) => configMap(`o-${index}`, { value }));

/** Kubeconfigs of both clusters, by which the old primary can't be reached though it is there for all others. */
async function cutOff(replica: string): Promise<string> {
  const config = JSON.parse(await kubectl(contextA, ['config', 'view', '--raw', '-o', 'json']));
  const { context } = config.contexts.find(({ name }: { name: string }) => name === contextA);
  config.clusters.find(({ name }: { name: string }) => name === context.cluster).cluster.server =
    'https://127.0.0.1:9';
  const path = join(folder, `cut-off-${Math.random()}.json`);
  writeFileSync(path, JSON.stringify(config));
  return `${path}:${replica}`;
}

describeWithServers(
  'a write that is held back',
  ['standby'],
  (servers) => {
    /** A run whose write of `late` the replica holds back until it is released, and goes on with though the run is gone. */
    async function heldBack() {
      const { kubeconfig, url } = servers().named('standby');
      const pair = await Pair.open('fence', { replica: kubeconfig });
      const proxy = await startDeafProxy(url);
      const through = join(mkdtempSync(join(folder, 'through-')), basename(kubeconfig));
      writeFileSync(through, readFileSync(kubeconfig, 'utf8').replace(url, proxy.url));
      const [held, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      await pair.put(pair.from, nightly, configMap('late', { value: '1' }), ...some('1'));
      const flags = pair.flags.map((flag) => (flag === kubeconfig ? through : flag));
      const running = startPlugin('nsreplicate', [...flags, '--standby', '--kinds', 'cm,cronjobs']);
      await running.saw('compared: ');
      const hold = async ({ metadata: { name } }: KubeObject) => {
        if (name !== 'late') return {};
        held.resolve();
        await released.promise;
        return {};
      };
      const webhook = await judgeConfigMaps(pair.to, pair.namespace, hold, 30);
      const close = async () => {
        released.resolve();
        running.child.kill('SIGKILL');
        await running.ended;
        await webhook.close();
        await pair.close();
        proxy.close();
      };
      try {
        // The server takes a moment to know of a webhook.
        await eventually(async () => {
          await pair.put(pair.from, configMap('late', { value: String(performance.now()) }), ...some('2'));
          await Promise.race([held.promise, Promise.reject(new Error('nothing is held back yet'))]);
        });
      } catch (error) {
        await close();
        throw error;
      }
      return { pair, running, release: () => released.resolve(), close };
    }

    /** Stops or kills a run while the replica holds a write of it back, promotes, and lets the write go on. */
    async function promoteMeanwhile(
      end: (running: Running) => Promise<void>,
      after: (pair: Pair) => Promise<void>,
    ) {
      const server = servers().named('standby');
      const { pair, running, release, close } = await heldBack();
      const { namespace, task } = pair;
      try {
        await end(running);
        const before = await pair.copyOf('configmaps', 'late');
        const promoted = await plugin(
          'nsreplicate',
          ['promote', server.context, '--primary', contextA, '--name', task, '-y', '--primary-lost'],
          { KUBECONFIG: await cutOff(server.kubeconfig) },
        );
        expect([promoted.code, promoted.stderr]).toEqual([0, expect.stringContaining('woken: CronJob')]);
        release();
        await after(pair);
        expect((await pair.copyOf('configmaps', 'late')).metadata.resourceVersion).toBe(
          before.metadata.resourceVersion,
        );
        const { woken, copied } = told(server.audited(), namespace);
        expect(woken.map(({ objectRef }) => objectRef?.name)).toEqual(['nightly']);
        expect(copied.length).toBeGreaterThan(30);
        const first = woken[0]?.requestReceivedTimestamp ?? '';
        expect(copied.filter(({ stageTimestamp }) => stageTimestamp >= first)).toEqual([]);
      } finally {
        await close();
      }
    }

    test('is not made after a promotion, by a run that stands still meanwhile and goes on afterwards', async () => {
      let running: Running | undefined;
      await promoteMeanwhile(
        async (one) => {
          running = one;
          one.child.kill('SIGSTOP');
        },
        async (pair) => {
          await pair.put(pair.from, ...some('3'));
          running?.child.kill('SIGCONT');
          expect((await running?.ended)?.code).toBe(3);
        },
      );
    });

    test('is not made after a promotion, by a run that is killed meanwhile', async () => {
      await promoteMeanwhile(
        async ({ child, ended }) => {
          child.kill('SIGKILL');
          await ended;
        },
        async () => undefined,
      );
    });

    test('is not made after another instance has begun to write, by a run that is killed meanwhile', async () => {
      const { pair, running, release, close } = await heldBack();
      const audited = () => servers().named('standby').audited();
      try {
        running.child.kill('SIGKILL');
        await running.ended;
        const killedAt = new Date().toISOString();
        await pair.put(pair.from, ...some('5'));
        pair.start('--standby', '--kinds', 'cm,cronjobs');
        const made = () => told(audited(), pair.namespace).copied;
        const byNext = () => made().filter((one) => one.requestReceivedTimestamp > killedAt);
        await eventually(() => expect(byNext()).not.toEqual([]));
        release();
        const original = await pair.find<ConfigMap>(pair.from, 'configmaps', 'late');
        await eventually(async () =>
          expect(await pair.copyOf('configmaps', 'late')).toMatchObject({ data: original?.data }),
        );
        // What the server was asked by the run that is gone has come to its end, one way or the other.
        await eventually(() => {
          const late = audited().filter(({ objectRef }) => objectRef?.name === 'late');
          const ofKilled = late.filter((one) => one.requestReceivedTimestamp <= killedAt);
          expect(ofKilled.some(({ stageTimestamp }) => stageTimestamp > killedAt)).toBe(true);
        });
        const begunAt =
          byNext()
            .map((one) => one.requestReceivedTimestamp)
            .sort()[0] ?? '';
        const ofKilled = made().filter((one) => one.requestReceivedTimestamp <= killedAt);
        expect(ofKilled.length).toBeGreaterThan(30);
        expect(ofKilled.filter(({ stageTimestamp }) => stageTimestamp >= begunAt)).toEqual([]);
      } finally {
        await close();
      }
    });

    test('comes to its end before another instance takes over from a run that is ended in order', async () => {
      const { pair, running, release, close } = await heldBack();
      try {
        const before = await pair.copyOf('configmaps', 'late');
        const next = pair.start('--standby', '--kinds', 'cm,cronjobs');
        await next.saw('standing by');
        running.child.kill('SIGTERM');
        await running.saw('waiting until the writes');
        // Who takes over writes within that time, if it takes over too early.
        await pair.put(pair.from, ...some('4'));
        await Promise.race([next.saw('compared: '), sleep(1500)]);
        release();
        expect((await running.ended).code).toBe(143);
        await next.saw('compared: ');
        const copy = await pair.copyOf('configmaps', 'late');
        expect(copy.metadata.resourceVersion).not.toBe(before.metadata.resourceVersion);
        await eventually(async () =>
          expect(await pair.copyOf('configmaps', 'o-29')).toMatchObject({ data: { value: '4' } }),
        );
        const { spec } = await pair.from.get(leases, {
          namespace: stateNamespace,
          name: `nsreplicate-${pair.task}-lease`,
        });
        const takenOverAt = spec?.acquireTime ?? '';
        // The next one may write it too: where the held one took too long, it was given up.
        const ofEnded = told(servers().named('standby').audited(), pair.namespace).copied.filter(
          (one) => one.requestReceivedTimestamp < takenOverAt,
        );
        expect(ofEnded.length).toBeGreaterThan(30);
        expect(ofEnded.filter(({ stageTimestamp }) => stageTimestamp >= takenOverAt)).toEqual([]);
      } finally {
        await close();
      }
    });
  },
  { auditRules },
);
