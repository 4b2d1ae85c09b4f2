/** A controller and its KRMSyncers, for benchmarks: on servers of their own, to which a kubeconfig may lead. */
import { ensureDefinition } from '../../plugins/nsreplicate/controller/installation/ensure-crd.ts';
import { krmSyncers } from '../../plugins/nsreplicate/controller/resource/resource.ts';
import type { KubeClient } from '../../src/kube/api/client.ts';
import { conditionOf } from '../../src/kube/api/conditions.ts';
import { secrets } from '../../src/kube/api/resources.ts';
import type { Running } from '../cluster/support/process.ts';
import { reachableKubeconfig } from '../cluster/support/reachable.ts';
import { eventually } from '../support/eventually.ts';
import { startNsreplicate } from './nsreplicate-process.ts';

/** A KRMSyncer of a namespace that pushes ConfigMaps of some namespaces to the server of a kubeconfig. */
export async function makeSyncer(
  kube: KubeClient,
  {
    name,
    home,
    from,
    to,
  }: { readonly name: string; readonly home: string; readonly from: readonly string[]; readonly to: string },
): Promise<void> {
  await ensureDefinition(kube, { info: () => undefined, warn: () => undefined });
  const kubeconfig = reachableKubeconfig({ kubeconfig: to });
  const data = { kubeconfig: Buffer.from(kubeconfig).toString('base64') };
  await kube.create(secrets, { metadata: { namespace: home, name }, data });
  const rule = { group: '', version: 'v1', kind: 'ConfigMap', namespaces: from };
  const destination = { clusterConfig: { kubeConfigSecretRef: { name } } };
  await kube.create(krmSyncers, {
    metadata: { namespace: home, name },
    spec: { destination, rules: [rule] },
  });
}

/** All KRMSyncers are carried out with the controller's own rights; its metrics are open. */
export const startController = (kubeconfig: string): Running =>
  startNsreplicate([
    'controller',
    ...['--kubeconfig', kubeconfig, '--trusted-namespaces', '*'],
    ...['--listen', '127.0.0.1:0', '--metrics-auth', 'none'],
  ]);

/** Resolves when all KRMSyncers are in sync. */
export const inSync = (kube: KubeClient, limitMs = 120_000): Promise<void> =>
  eventually(async () => {
    const { items } = await kube.list(krmSyncers);
    const waiting = items.filter((item) => conditionOf(item, 'Ready')?.reason !== 'InSync');
    if (waiting.length > 0) throw new Error(`${waiting.length} KRMSyncers are not in sync`);
  }, limitMs);
