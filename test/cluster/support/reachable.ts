/** API servers of one's own, for KRMSyncers: their kubeconfigs never lead to loopback. */
import { readFileSync } from 'node:fs';
import { ownAddress } from './own-address.ts';
import type { SoloOptions, SoloServer } from './solo-server.ts';

/** Such a server listens everywhere. */
export const reachable: SoloOptions = { apiServerFlags: ['--bind-address=0.0.0.0'] };

/** Its kubeconfig, by an address of this machine that is no loopback. */
export const reachableKubeconfig = ({ kubeconfig }: Pick<SoloServer, 'kubeconfig'>): string =>
  readFileSync(kubeconfig, 'utf8').replaceAll('127.0.0.1', ownAddress());
