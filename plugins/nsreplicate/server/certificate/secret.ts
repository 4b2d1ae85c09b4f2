/** The certificate of an installed controller's service: a Secret beside the tasks' state, made and renewed by whoever needs it. */
import { X509Certificate } from 'node:crypto';
import type { Clock } from '../../../../src/clock.ts';
import { RefusedError } from '../../../../src/errors.ts';
import type { CallOptions, KubeClient } from '../../../../src/kube/api/client.ts';
import type { Secret } from '../../../../src/kube/api/objects.ts';
import { isOtherByNow, untilNotOvertaken } from '../../../../src/kube/api/overtaken.ts';
import { secrets } from '../../../../src/kube/api/resources.ts';
import { controllerName, installLabels } from '../../controller/installation/installation.ts';
import { stateNamespace } from '../../decide/spec.ts';
import { ensureStateNamespace } from '../../state/task-objects.ts';
import { checkPair, type TlsPair, type TlsSource } from '../http/tls.ts';
import { selfSigned } from './self-signed.ts';

export const certificateSecret = `${controllerName}-tls`;

const DAY_MS = 86_400_000;
const LIFE_MS = 365 * DAY_MS;
/** One that ends sooner than that is renewed. */
const LEFT_MS = 30 * DAY_MS;
/** Clocks of clients may be behind. */
const EARLIER_MS = DAY_MS;
const LOOK_MS = 10_000;
/** Other processes may write it at the same moment. */
const ATTEMPTS = 5;

/** Under which the service is asked: from inside the cluster, and through a port-forward. */
const names = [
  `${controllerName}.${stateNamespace}.svc`,
  `${controllerName}.${stateNamespace}.svc.cluster.local`,
  `${controllerName}.${stateNamespace}`,
  'localhost',
  '127.0.0.1',
] as const;

export interface Certificate {
  readonly pair: TlsPair;
  /** `others`: it is not ours, and left as it is. */
  readonly became: 'created' | 'renewed' | 'unchanged' | 'others';
}

/**
 * The certificate as it is to be used now: made where there is none, renewed where it is ours and ends soon. One that
 * somebody else put there, as cert-manager does, is used and never written.
 * @throws {RefusedError} somebody else's can't be used
 */
export async function ensureCertificate(
  kube: KubeClient,
  clock: Clock,
  call: CallOptions = {},
): Promise<Certificate> {
  await ensureStateNamespace(kube, call);
  const attempt = async (): Promise<Certificate> => {
    const present = await kube.find(secrets, { namespace: stateNamespace, name: certificateSecret }, call);
    const pair = present && pairIn(present);
    if (present && !isOurs(present)) return { pair: usable(pair), became: 'others' };
    if (pair && leftMs(pair, clock) > LEFT_MS) return { pair, became: 'unchanged' };
    const made = make(clock);
    const object = secretOf(made, present);
    await (present ? kube.replace(secrets, object, call) : kube.create(secrets, object, call));
    return { pair: made, became: present ? 'renewed' : 'created' };
  };
  // Where somebody was quicker, theirs is the one.
  return untilNotOvertaken(attempt, { most: ATTEMPTS, isOvertaken: isOtherByNow });
}

/**
 * The certificate as a service's: looked at again every ten seconds.
 * @param info hears when it was made or renewed, also by somebody else
 */
export function secretSource(kube: KubeClient, info: (text: string) => void): TlsSource {
  let before: string | undefined;
  return {
    read: async ({ clock, signal }) => {
      const { pair, became } = await ensureCertificate(kube, clock, { signal });
      const now = fingerprintOf(pair);
      const isMine = became === 'created' || became === 'renewed';
      if (isMine || (before !== undefined && before !== now))
        info(
          `Secret ${stateNamespace}/${certificateSecret} ${isMine ? became : 'changed'}: the certificate holds until ${endOf(pair).toISOString()}, its SHA-256 fingerprint is ${now}`,
        );
      before = now;
      return pair;
    },
    periodMs: LOOK_MS,
  };
}

/** As browsers show it: `AB:CD:…`, of SHA-256. */
export const fingerprintOf = ({ cert }: TlsPair): string => new X509Certificate(cert).fingerprint256;

function make(clock: Clock): TlsPair {
  const now = clock.now().getTime();
  return selfSigned({ names, from: new Date(now - EARLIER_MS), to: new Date(now + LIFE_MS) });
}

const isOurs = ({ metadata: { labels = {} } }: Secret): boolean =>
  Object.entries(installLabels).every(([name, value]) => labels[name] === value);

const endOf = ({ cert }: TlsPair): Date => new Date(new X509Certificate(cert).validTo);

const leftMs = (pair: TlsPair, clock: Clock): number => endOf(pair).getTime() - clock.now().getTime();

/** Undefined where there is none that can be used. */
function pairIn({ data = {} }: Secret): TlsPair | undefined {
  const text = (name: string) => Buffer.from(data[name] ?? '', 'base64').toString();
  const pair = { cert: text('tls.crt'), key: text('tls.key') };
  try {
    checkPair(pair);
    return pair;
  } catch {
    return undefined;
  }
}

function usable(pair: TlsPair | undefined): TlsPair {
  if (pair) return pair;
  throw new RefusedError(
    `Secret ${stateNamespace}/${certificateSecret} is not ours, and holds no tls.crt and tls.key that belong together.`,
    { hint: 'Put them right, or delete the Secret: then a certificate is made.' },
  );
}

function secretOf({ cert, key }: TlsPair, present: Secret | undefined): Secret {
  const { resourceVersion } = present?.metadata ?? {};
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      namespace: stateNamespace,
      name: certificateSecret,
      labels: { ...installLabels },
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
    type: 'kubernetes.io/tls',
    // It signs itself, so who trusts it trusts it as its own authority.
    data: { 'tls.crt': base64(cert), 'tls.key': base64(key), 'ca.crt': base64(cert) },
  };
}
