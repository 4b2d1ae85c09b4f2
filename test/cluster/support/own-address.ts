/** An address of this machine that is not loopback: a kubeconfig of a KRMSyncer may lead to it. */
import { networkInterfaces } from 'node:os';

export const ownAddress = (): string =>
  Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '';
