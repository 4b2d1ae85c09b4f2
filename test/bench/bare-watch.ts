/**
 * A program beside which a watch of nsreplicate is measured: it follows the Secrets of the servers of some kubeconfigs, keeps
 * them as they came, as a plain informer does, holds a Lease on the first, and does nothing else.
 */
import { takeLease } from '../../plugins/nsreplicate/state/lease.ts';
import { ensureStateNamespace } from '../../plugins/nsreplicate/state/task-objects.ts';
import { systemClock as clock } from '../../src/clock.ts';
import type { KubeObject } from '../../src/kube/api/objects.ts';
import { secrets } from '../../src/kube/api/resources.ts';
import { connect } from '../../src/kube/connect/connect.ts';
import { listWatch } from '../../src/kube/watch/watch.ts';

const ended = new AbortController();
const { signal } = ended;
process.on('SIGTERM', () => ended.abort());

const kubes = await Promise.all(
  process.argv.slice(2).map((kubeconfig) => connect({ kubeconfig, requestTimeoutMs: 20_000 })),
);
const [first] = kubes;
if (!first) throw new Error('no kubeconfig is named');
await ensureStateNamespace(first, { signal });
const lease = await takeLease({ kube: first, task: 'bare', purpose: 'watch', clock, signal });
const kept = kubes.map(() => new Map<string, KubeObject>());
let listed = 0;
const over = kubes.map((kube, index) => {
  const cache = kept[index] as Map<string, KubeObject>;
  const keep = (object: KubeObject) => {
    cache.set(`${object.metadata.namespace}/${object.metadata.name}`, object);
  };
  return listWatch(
    kube,
    secrets,
    {},
    {
      replaced: (items) => {
        for (const item of items) keep(item);
        if (++listed === kubes.length) process.stderr.write('listed\n');
      },
      event: (_type, object) => keep(object),
    },
    signal,
  ).catch(() => undefined);
});
await Promise.all(over);
await lease.release();
await Promise.all(kubes.map((kube) => kube.close()));
