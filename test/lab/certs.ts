/** Certificates and kubeconfigs: an authority per cluster, so that neither cluster trusts the other's users. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ClusterSpec, kubeconfigPath, pkiDir } from './config.ts';
import { run } from './shell.ts';

const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '3650'];

interface Subject {
  readonly file: string;
  readonly name: string;
  readonly group?: string;
  /** Names and addresses that a server is reached by. */
  readonly hosts?: readonly string[];
}

function subjects({ name, address, apiServiceAddress, nodes }: ClusterSpec): Subject[] {
  const service = ['', '.default', '.default.svc', '.default.svc.cluster.local'].map(
    (s) => `DNS:kubernetes${s}`,
  );
  return [
    {
      file: 'apiserver',
      name: 'kube-apiserver',
      hosts: [
        ...service,
        'DNS:localhost',
        `DNS:${name}`,
        'IP:127.0.0.1',
        `IP:${address}`,
        `IP:${apiServiceAddress}`,
      ],
    },
    { file: 'kubelet-client', name: 'kube-apiserver-kubelet-client', group: 'system:masters' },
    { file: 'admin', name: `${name}-admin`, group: 'system:masters' },
    { file: 'controller-manager', name: 'system:kube-controller-manager' },
    { file: 'scheduler', name: 'system:kube-scheduler' },
    { file: 'proxy', name: 'system:kube-proxy' },
    ...nodes.map((node) => ({
      file: node.name,
      name: `system:node:${node.name}`,
      group: 'system:nodes',
      hosts: [`DNS:${node.name}`, `IP:${node.address}`],
    })),
  ];
}

async function issue(folder: string, { file, name, group, hosts }: Subject): Promise<void> {
  const usage = hosts ? 'clientAuth,serverAuth' : 'clientAuth';
  const extensions = [
    'basicConstraints=critical,CA:FALSE',
    'keyUsage=critical,digitalSignature',
    `extendedKeyUsage=${usage}`,
    ...(hosts ? [`subjectAltName=${hosts.join(',')}`] : []),
  ];
  const authority = ['-CA', join(folder, 'ca.crt'), '-CAkey', join(folder, 'ca.key')];
  const subject = `${group ? `/O=${group}` : ''}/CN=${name}`;
  const out = ['-out', join(folder, `${file}.crt`), '-keyout', join(folder, `${file}.key`)];
  const added = extensions.flatMap((extension) => ['-addext', extension]);
  await run('openssl', ['req', '-x509', ...authority, ...key, '-subj', subject, ...added, ...out]);
}

/** Makes all keys and certificates of a cluster, and the kubeconfigs of its components. */
export async function makeCertificates(cluster: ClusterSpec): Promise<void> {
  const folder = pkiDir(cluster.name);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const out = ['-out', join(folder, 'ca.crt'), '-keyout', join(folder, 'ca.key')];
  await run('openssl', ['req', '-x509', ...key, '-subj', `/CN=${cluster.name}-ca`, ...out]);
  const [serviceKey, publicKey] = [join(folder, 'sa.key'), join(folder, 'sa.pub')];
  const makeServiceKey = async (): Promise<void> => {
    await run('openssl', [
      'genpkey',
      '-algorithm',
      'EC',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-out',
      serviceKey,
    ]);
    await run('openssl', ['pkey', '-in', serviceKey, '-pubout', '-out', publicKey]);
  };
  const all = subjects(cluster);
  await Promise.all([makeServiceKey(), ...all.map((subject) => issue(folder, subject))]);
  for (const { file } of all) writeComponentKubeconfig(cluster, file);
}

const serverOf = (cluster: ClusterSpec): string => `https://${cluster.address}:6443`;

function writeComponentKubeconfig(cluster: ClusterSpec, user: string): void {
  const folder = pkiDir(cluster.name);
  const path = (file: string): string => join(folder, file);
  const config = kubeconfig([
    {
      name: cluster.name,
      cluster: { server: serverOf(cluster), 'certificate-authority': path('ca.crt') },
      user: { 'client-certificate': path(`${user}.crt`), 'client-key': path(`${user}.key`) },
    },
  ]);
  writeFileSync(path(`${user}.kubeconfig`), config, { mode: 0o600 });
}

interface Entry {
  readonly name: string;
  readonly cluster: object;
  readonly user: object;
}

function kubeconfig(entries: readonly Entry[]): string {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': entries[0]?.name,
    clusters: entries.map(({ name, cluster }) => ({ name, cluster })),
    users: entries.map(({ name, user }) => ({ name: `${name}-admin`, user })),
    contexts: entries.map(({ name }) => ({ name, context: { cluster: name, user: `${name}-admin` } })),
  };
  return `${JSON.stringify(config, undefined, 2)}\n`; // JSON is YAML.
}

/** Writes the kubeconfig that people and tests use: an administrator's context per cluster. */
export function writeUserKubeconfig(clusters: readonly ClusterSpec[]): void {
  const entries = clusters.map((cluster) => {
    const data = (file: string): string => readFileSync(join(pkiDir(cluster.name), file)).toString('base64');
    return {
      name: cluster.name,
      cluster: { server: serverOf(cluster), 'certificate-authority-data': data('ca.crt') },
      user: { 'client-certificate-data': data('admin.crt'), 'client-key-data': data('admin.key') },
    };
  });
  // Other processes may read the file at any time, so it is replaced as a whole.
  writeFileSync(`${kubeconfigPath}.new`, kubeconfig(entries), { mode: 0o600 });
  renameSync(`${kubeconfigPath}.new`, kubeconfigPath);
}
