/** A promotion while the old primary, which the promotion cannot reach, has a run at work. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from '@jest/globals';
import { systemClock } from '../../src/clock.ts';
import type { KubeObject } from '../../src/kube/api/objects.ts';
import { configMaps, deployments } from '../../src/kube/api/resources.ts';
import { listWatch } from '../../src/kube/watch/watch.ts';
import { eventually } from '../support/eventually.ts';
import { contextA, contextB } from './support/contexts.ts';
import { kubectl, plugin } from './support/kubectl.ts';
import { Pair } from './support/nsreplicate.ts';
import { configMap } from './support/objects.ts';
import { runningWorkload } from './support/running-workloads.ts';

const folder = mkdtempSync(join(tmpdir(), 'x8s-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A kubeconfig by which the old primary can't be reached, though it is there for all others. */
async function cutOff(): Promise<string> {
  const config = JSON.parse(await kubectl(contextA, ['config', 'view', '--raw', '-o', 'json']));
  const { context } = config.contexts.find(({ name }: { name: string }) => name === contextA);
  const entry = config.clusters.find(({ name }: { name: string }) => name === context.cluster);
  entry.cluster.server = 'https://127.0.0.1:9';
  const path = join(folder, 'cut-off.json');
  writeFileSync(path, JSON.stringify(config));
  return path;
}

test('a run that nobody can reach, and that has much to write, writes nothing once workloads are woken', async () => {
  const other = await Pair.open('partition');
  const stop = new AbortController();
  try {
    await other.put(other.from, runningWorkload('Deployment', 'web', {}), configMap('busy', { n: '0' }));
    const watching = await other.watch('--standby', '--kinds', 'cm,deploy');
    const { namespace, to } = other;
    /** What was written, with its place in the order of all writes: two watches tell in none. */
    const seen: { readonly what: 'copied' | 'woken'; readonly at: bigint }[] = [];
    const note = (what: 'copied' | 'woken', { metadata }: KubeObject) =>
      void seen.push({ what, at: BigInt(metadata.resourceVersion ?? 0) });
    const options = { namespace, clock: systemClock };
    const follow = { replaced: () => undefined };
    const isAwake = ({ spec }: KubeObject) => (spec as { replicas?: number } | undefined)?.replicas === 1;
    const watches = [
      listWatch(
        to,
        configMaps,
        options,
        { ...follow, event: (_type, object) => note('copied', object) },
        stop.signal,
      ),
      listWatch(
        to,
        deployments,
        options,
        { ...follow, event: (_type, object) => void (isAwake(object) && note('woken', object)) },
        stop.signal,
      ),
    ];
    let written = 1;
    const writing = (async () => {
      for (; !stop.signal.aborted; written++) {
        await other.put(other.from, configMap('busy', { n: String(written) }));
        await sleep(30);
      }
    })();
    await eventually(() => expect(seen.length).toBeGreaterThan(5));
    const unreachable = await cutOff();
    const args = [
      'promote',
      contextB,
      '--primary',
      contextA,
      '--name',
      other.task,
      '--kubeconfig',
      unreachable,
    ];
    const refused = await plugin('nsreplicate', [...args, '-y']);
    expect([refused.code, refused.stderr]).toEqual([4, expect.stringContaining('--primary-lost')]);
    const promoted = await plugin('nsreplicate', [...args, '-y', '--primary-lost']);
    expect(promoted).toMatchObject({ code: 0 });
    expect((await watching.ended).code).toBe(3);
    // What is still written on the primary goes nowhere.
    const before = written;
    await eventually(() => expect(written).toBeGreaterThan(before + 10));
    await eventually(() => expect(seen.map(({ what }) => what)).toContain('woken'));
    stop.abort();
    await Promise.allSettled([...watches, writing]);
    const order = seen.sort((a, b) => (a.at < b.at ? -1 : 1)).map(({ what }) => what);
    expect(order.slice(0, 5)).toEqual(Array(5).fill('copied'));
    expect(order.slice(order.indexOf('woken'))).not.toContain('copied');
  } finally {
    stop.abort();
    await other.close();
  }
});
