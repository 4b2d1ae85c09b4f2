/**
 * The key pairs of a task: the client's, which may do one thing, and the host's, which the client pins; and two more of
 * that kind for a tunnel, where the source dials the target. They are made here, on the workstation, which keeps none of
 * them: each private half lives in the Secret of the side that needs it. Annotations bear fingerprints of both, so that the
 * two sides can be held against each other.
 */
import { isDeepStrictEqual } from 'node:util';
import { allEnded } from '../../../src/async/lazy.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { Secret } from '../../../src/kube/api/objects.ts';
import { secrets } from '../../../src/kube/api/resources.ts';
import { unlessRefused } from '../../../src/kube/cluster/refusal.ts';
import { generateKeyPair, knownHostsLine } from '../../../src/ssh/keys.ts';
import { checkOurs, type EnsureOptions, remove } from './ensure.ts';
import type { SideMeta } from './manifests/service.ts';
import { sourceSecret } from './manifests/source.ts';
import { targetSecret } from './manifests/target.ts';

/** The name by which the mover knows the source's host key, whatever its address. */
const hostKeyAlias = 'x8s-source';
/** Likewise for the source's ssh and the target's host key. */
const tunnelAlias = 'x8s-target';
const clientKeyAnnotation = 'x8s.dev/client-key';
const hostKeyAnnotation = 'x8s.dev/host-key';
const tunnelKeysAnnotation = 'x8s.dev/tunnel-keys';

/** A side that has an owner for what is made there. */
export type KeyedSide = SideMeta & { readonly kube: KubeClient };

/** Fingerprints of the two public keys (`SHA256:…`); they say which Secrets belong together. */
export interface Fingerprints {
  readonly client: string;
  readonly host: string;
  /** Both of the tunnel's; none where there is to be none. */
  readonly tunnel?: string | undefined;
}

/**
 * @param passwd a list of users for pods that need one of their own; it goes with the keys.
 * @param isTunnelled the source dials the target.
 *
 * Takes up the keys of an interrupted run where both sides have the same, else makes both anew. Secrets come
 * before the pods that mount them: one that is missing when its pod starts costs two seconds of back-off.
 */
export async function ensureKeys(
  source: KeyedSide,
  target: KeyedSide,
  passwd: string | undefined,
  options: EnsureOptions,
  isTunnelled = false,
): Promise<Fingerprints> {
  const [there, here] = await Promise.all([present(source, options), present(target, options)]);
  const [a, b] = [fingerprintsOf(there, source), fingerprintsOf(here, target)];
  if (a && b && isDeepStrictEqual(a, b) && (a.tunnel !== undefined) === isTunnelled) return a;
  await Promise.all([discard(source, there, options), discard(target, here, options)]);
  return create(source, target, { passwd, isTunnelled }, options);
}

async function present(side: KeyedSide, { signal }: EnsureOptions): Promise<Secret | undefined> {
  const secret = await side.kube.find(secrets, side.meta, { signal });
  if (secret) checkOurs(side.kube, secrets, secret, { metadata: side.meta });
  return secret;
}

function fingerprintsOf(secret: Secret | undefined, { meta }: KeyedSide): Fingerprints | undefined {
  const { annotations, ownerReferences, deletionTimestamp } = secret?.metadata ?? {};
  const client = annotations?.[clientKeyAnnotation];
  const host = annotations?.[hostKeyAnnotation];
  const ours = ownerReferences?.[0]?.uid === meta.ownerReferences?.[0]?.uid;
  const tunnel = annotations?.[tunnelKeysAnnotation];
  return client && host && ours && !deletionTimestamp ? { client, host, tunnel } : undefined;
}

async function discard(
  { kube }: KeyedSide,
  secret: Secret | undefined,
  options: EnsureOptions,
): Promise<void> {
  if (secret) await remove(kube, secrets, secret, options);
}

async function create(
  source: KeyedSide,
  target: KeyedSide,
  { passwd, isTunnelled }: { readonly passwd: string | undefined; readonly isTunnelled: boolean },
  { signal }: EnsureOptions,
): Promise<Fingerprints> {
  const [pair, tunnel] = await Promise.all([
    keysFor(hostKeyAlias),
    isTunnelled ? keysFor(tunnelAlias) : undefined,
  ]);
  const fingerprints = {
    ...pair.fingerprints,
    tunnel: tunnel && Object.values(tunnel.fingerprints).join(' '),
  };
  const annotations = {
    [clientKeyAnnotation]: fingerprints.client,
    [hostKeyAnnotation]: fingerprints.host,
    ...(fingerprints.tunnel && { [tunnelKeysAnnotation]: fingerprints.tunnel }),
  };
  const forSource = sourceSecret(source, { ...pair.server, passwd, tunnel: tunnel?.client }, annotations);
  const forTarget = targetSecret(target, { ...pair.client, passwd, tunnel: tunnel?.server }, annotations);
  signal.throwIfAborted();
  // Not to be aborted: a create that is cut off may have happened, after the clean-up has looked.
  const made = ({ kube, meta: { namespace } }: KeyedSide, secret: Secret) =>
    unlessRefused(kube, { verb: 'create', resource: secrets, namespace }, kube.create(secrets, secret), {
      signal,
    });
  await allEnded([made(source, forSource), made(target, forTarget)]);
  return fingerprints;
}

/** Two new key pairs, as each end of a connection needs them. @param alias how the client knows the server. */
async function keysFor(alias: string) {
  const [client, host] = await Promise.all([generateKeyPair('x8sync'), generateKeyPair('x8sync')]);
  return {
    fingerprints: { client: client.fingerprint, host: host.fingerprint },
    server: { hostKey: host.privateKey, authorizedKey: `${client.publicKey}\n` },
    client: { clientKey: client.privateKey, knownHosts: knownHostsLine(alias, host.publicKey) },
  };
}
