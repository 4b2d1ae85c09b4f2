/** The third API server, for tests that need one more cluster but no nodes. */
import { existsSync, rmSync } from 'node:fs';
import { makeCertificates, writeUserKubeconfig } from './certs.ts';
import { clusterReady, startControlPlane } from './cluster.ts';
import { clusters, etcdDir, pkiDir, thirdCluster } from './config.ts';
import { stop } from './daemons.ts';
import { daemonsOf } from './levers/components.ts';
import { plugThird, unplugThird } from './network.ts';

/** Whether the third API server was brought up and not taken down since. */
export const hasThird = (): boolean => existsSync(pkiDir(thirdCluster.name));

/** Brings up `lab-c`: etcd, API server and controllers. */
export async function bringThirdUp(): Promise<void> {
  await plugThird(thirdCluster);
  if (!hasThird()) await makeCertificates(thirdCluster);
  await startControlPlane(thirdCluster);
  await clusterReady(thirdCluster);
  writeUserKubeconfig([...clusters, thirdCluster]);
}

/** Takes `lab-c` away and forgets all that it held. */
export async function takeThirdDown(): Promise<void> {
  if (!hasThird()) return;
  await Promise.all(daemonsOf(thirdCluster).map(({ name }) => stop(name, 'SIGKILL')));
  await unplugThird(thirdCluster);
  rmSync(etcdDir(thirdCluster.name), { recursive: true, force: true });
  rmSync(pkiDir(thirdCluster.name), { recursive: true, force: true });
  writeUserKubeconfig(clusters);
}
