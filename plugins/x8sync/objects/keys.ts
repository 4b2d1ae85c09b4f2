/**
 * The two key pairs of a task: the client's, which may do one thing, and the host's, which the client pins.
 * Both live in Secrets only, each half where it is needed; annotations bear fingerprints of both, so that the
 * two sides can be held against each other.
 */
import { allEnded } from '../../../src/async/lazy.ts';
import type { KubeClient } from '../../../src/kube/client.ts';
import type { Secret } from '../../../src/kube/objects.ts';
import { unlessRefused } from '../../../src/kube/refusal.ts';
import { secrets } from '../../../src/kube/resources.ts';
import { generateKeyPair, knownHostsLine } from '../../../src/ssh/keys.ts';
import { checkOurs, type EnsureOptions, remove } from './ensure.ts';
import { type SideMeta, sourceSecret } from './manifests/source.ts';
import { targetSecret } from './manifests/target.ts';

/** The name by which the mover knows the source's host key, whatever its address. */
const hostKeyAlias = 'x8s-source';
const clientKeyAnnotation = 'x8s.dev/client-key';
const hostKeyAnnotation = 'x8s.dev/host-key';

/** A side that has an owner for what is made there. */
export type KeyedSide = SideMeta & { readonly kube: KubeClient };

/** Fingerprints of the two public keys (`SHA256:…`); they say which Secrets belong together. */
export interface Fingerprints {
  readonly client: string;
  readonly host: string;
}

/**
 * @param passwd a list of users for pods that need one of their own; it goes with the keys.
 *
 * Takes up the keys of an interrupted run where both sides have the same, else makes both anew. Secrets come
 * before the pods that mount them: one that is missing when its pod starts costs two seconds of back-off.
 */
export async function ensureKeys(
  source: KeyedSide,
  target: KeyedSide,
  passwd: string | undefined,
  options: EnsureOptions,
): Promise<Fingerprints> {
  const [there, here] = await Promise.all([present(source, options), present(target, options)]);
  const [a, b] = [fingerprintsOf(there, source), fingerprintsOf(here, target)];
  if (a && b && a.client === b.client && a.host === b.host) return a;
  await Promise.all([discard(source, there, options), discard(target, here, options)]);
  return create(source, target, passwd, options);
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
  return client && host && ours && !deletionTimestamp ? { client, host } : undefined;
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
  passwd: string | undefined,
  { signal }: EnsureOptions,
): Promise<Fingerprints> {
  const [client, host] = await Promise.all([generateKeyPair('x8sync'), generateKeyPair('x8sync')]);
  const annotations = { [clientKeyAnnotation]: client.fingerprint, [hostKeyAnnotation]: host.fingerprint };
  const knownHosts = knownHostsLine(hostKeyAlias, host.publicKey);
  const forSource = sourceSecret(
    source,
    { hostKey: host.privateKey, authorizedKey: `${client.publicKey}\n`, passwd },
    annotations,
  );
  const forTarget = targetSecret(target, { clientKey: client.privateKey, knownHosts, passwd }, annotations);
  signal.throwIfAborted();
  // Not to be aborted: a create that is cut off may have happened, after the clean-up has looked.
  const made = ({ kube, meta: { namespace } }: KeyedSide, secret: Secret) =>
    unlessRefused(kube, { verb: 'create', resource: secrets, namespace }, kube.create(secrets, secret), {
      signal,
    });
  await allEnded([made(source, forSource), made(target, forTarget)]);
  return { client: client.fingerprint, host: host.fingerprint };
}
