/** The kubeconfig in a KRMSyncer's Secret: whoever wrote it may not have the controller run, read or reach anything else. */
import { UsageError } from '../../../../src/errors.ts';
import type { Secret } from '../../../../src/kube/api/objects.ts';
import { type AccessPoint, accessPoint } from '../../../../src/kube/login/access-point.ts';
import { type Kubeconfig, parseKubeconfig } from '../../../../src/kube/login/kubeconfig.ts';
import { Refusal } from '../resource/refusal.ts';
import type { Addresses } from './addresses.ts';

/** The keys of a Secret that hold a kubeconfig, in the order in which they count. */
const secretKeys = ['kubeconfig', 'config'] as const;

/**
 * The kubeconfig's text.
 * @throws {Refusal} the Secret holds none
 */
export function kubeconfigText({ metadata: { name }, data = {} }: Secret): string {
  const found = secretKeys.map((key) => data[key]).find((value) => value !== undefined && value !== '');
  if (found !== undefined) return Buffer.from(found, 'base64').toString('utf8');
  throw new Refusal(
    'InvalidKubeconfig',
    `Secret ${name} has no kubeconfig`,
    `It belongs under the key ${secretKeys.join(' or ')}.`,
  );
}

/** Fields that say who and where, and nothing else: whatever is not here is refused, also what is yet to be invented. */
const mayHave = {
  cluster: new Set([
    'server',
    'certificate-authority-data',
    'insecure-skip-tls-verify',
    'tls-server-name',
    'disable-compression',
    'extensions',
  ]),
  user: new Set([
    'token',
    'client-certificate-data',
    'client-key-data',
    'username',
    'password',
    'as',
    'as-uid',
    'as-groups',
    'as-user-extra',
    'extensions',
  ]),
} as const;

/** Why a field is refused, where that is worth a word. */
const whys: Readonly<Record<string, string>> = {
  exec: 'it runs a program',
  'auth-provider': 'it runs a program or reads files',
  'proxy-url': 'it names a proxy',
  'certificate-authority': 'it names a file: embed its content as certificate-authority-data',
  'client-certificate': 'it names a file: embed its content as client-certificate-data',
  'client-key': 'it names a file: embed its content as client-key-data',
  tokenFile: 'it names a file: embed its content as token',
};

/**
 * Where the kubeconfig's current context leads, and as whom.
 * @throws {Refusal} it is no kubeconfig, or one that may not be followed; quotes no secret of it
 */
export function checkedPoint(text: string, addresses: Addresses): AccessPoint {
  const point = readPoint(text);
  refuseFields('cluster', point.cluster);
  refuseFields('user', point.user);
  const { server } = point.info;
  const { protocol, hostname } = new URL(server);
  if (protocol !== 'https:')
    throw new Refusal('KubeconfigRefused', 'the kubeconfig: its server is not https');
  const isAddress = /^[\d.]+$/.test(hostname) || hostname.startsWith('[');
  const what = isAddress ? addresses.refused(hostname) : undefined;
  if (what !== undefined)
    throw new Refusal('KubeconfigRefused', `the kubeconfig: its server ${hostname} is ${what}`);
  return { ...point, info: { ...point.info, context: 'the remote cluster' } };
}

function readPoint(text: string): AccessPoint {
  try {
    const config: Kubeconfig = parseKubeconfig(text, 'of the Secret');
    // What the controller's own environment says of proxies is for its own traffic.
    return accessPoint(config, {}, {});
  } catch (error) {
    if (error instanceof UsageError) throw new Refusal('InvalidKubeconfig', error.message);
    throw error;
  }
}

function refuseFields(what: keyof typeof mayHave, entry: object): void {
  const refused = Object.entries(entry).find(([key, value]) => value && !mayHave[what].has(key));
  if (!refused) return;
  const [key] = refused;
  throw new Refusal(
    'KubeconfigRefused',
    `the kubeconfig: ${what}.${key} is not taken: ${whys[key] ?? 'it is not known here'}`,
    'kubectl config view --minify --flatten writes one with certificates and keys in it.',
  );
}
