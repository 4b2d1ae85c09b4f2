/** `kubectl nsreplicate install`: a controller as a Deployment under `restricted`, in the second cluster. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { taskName } from '../../plugins/nsreplicate/controller/wanted.ts';
import { leases, pods } from '../../src/kube/resources.ts';
import { eventually } from '../support/eventually.ts';
import { contextA, contextB } from './support/contexts.ts';
import { kubectl, plugin } from './support/kubectl.ts';
import { Pair, stateNamespace } from './support/nsreplicate.ts';
import { configMap } from './support/objects.ts';
import type { Ended } from './support/process.ts';

let pair: Pair;
let other: string;
const folder = mkdtempSync(join(tmpdir(), 'x8s-install-'));
/** Another image than the one of this version, where one runs this file by hand. */
const image = process.env.NSREPLICATE_IMAGE === undefined ? [] : ['--image', process.env.NSREPLICATE_IMAGE];
const run = (command: string, ...args: string[]): Promise<Ended> => {
  const chosen =
    ['install', 'upgrade', 'manifests'].includes(command) && !args.includes('--image') ? image : [];
  return plugin('nsreplicate', [command, ...chosen, ...args, '--context', contextB]);
};
const good = async (command: string, ...args: string[]): Promise<Ended> => {
  const ended = await run(command, ...args);
  expect(`${ended.code} ${ended.code === 0 ? '' : ended.stderr}`).toBe('0 ');
  return ended;
};
const here = (...args: string[]) => kubectl(contextB, ['-n', pair.namespace, ...args]);
const labelSelector = 'app.kubernetes.io/name=nsreplicate-controller';
const controllers = async () =>
  (await pair.from.list(pods, { namespace: stateNamespace, labelSelector })).items;
const leader = async () => {
  const lease = await pair.from.get(leases, {
    namespace: stateNamespace,
    name: 'nsreplicate-krm-controller-lease',
  });
  return /@(\S+)/.exec(lease.spec?.holderIdentity ?? '')?.[1] ?? '';
};
const arrives = (name: string, limitMs?: number) =>
  eventually(() => pair.copyOf('configmaps', name), limitMs);

beforeAll(async () => {
  pair = await Pair.open('install', { primary: contextB, replica: contextA });
  other = await pair.addNamespace('other');
  pair.alsoTask(taskName(pair.namespace, 'installed'));
}, 60_000);
afterAll(async () => {
  await run('uninstall', '--yes');
  rmSync(folder, { recursive: true });
  await pair.close();
}, 120_000);

test('manifests are taken by an API server, and built by kustomize', async () => {
  const chosen = ['--namespaces', pair.namespace];
  const text = await run('manifests', ...chosen);
  await good('manifests', ...chosen, '--kustomize', folder);
  const built = await kubectl(contextB, ['kustomize', folder]);
  const kinds = (yaml: string) => [...yaml.matchAll(/^kind: (\S+)$/gm)].map(([, kind]) => kind).sort();
  expect(kinds(built)).toEqual(kinds(text.stdout));
  expect(kinds(built)).toContain('Deployment');
  await good('install', '--namespaces', pair.namespace);
  const said = await kubectl(
    contextB,
    ['apply', '--server-side', '--dry-run=server', '--force-conflicts', '-f', '-'],
    built,
  );
  expect(said).toContain('deployment.apps/nsreplicate-controller serverside-applied');
}, 180_000);

test('it is ready when it says so: two pods, one of which leads; a second time nothing changes', async () => {
  const found = await controllers();
  expect(found.map(({ status }) => status?.phase)).toEqual(['Running', 'Running']);
  await eventually(async () => expect(found.map(({ metadata }) => metadata.name)).toContain(await leader()));
  const { stderr } = await good('install', '--namespaces', pair.namespace);
  expect(stderr).toContain('Deployment x8s-nsreplicate/nsreplicate-controller unchanged');
  expect(stderr).not.toMatch(/created|configured/);
}, 60_000);

test('a KRMSyncer of its namespace is carried out; the leader goes, the other takes over within seconds', async () => {
  const kubeconfig = await kubectl(contextA, [
    'config',
    'view',
    '--context',
    contextA,
    '--minify',
    '--flatten',
  ]);
  await kubectl(contextB, [
    '-n',
    pair.namespace,
    'create',
    'secret',
    'generic',
    'destination',
    `--from-literal=kubeconfig=${kubeconfig}`,
  ]);
  const resource = {
    apiVersion: 'syncer.gkelabs.io/v1alpha1',
    kind: 'KRMSyncer',
    metadata: { name: 'installed' },
    spec: {
      destination: { clusterConfig: { kubeConfigSecretRef: { name: 'destination' } } },
      rules: [{ group: '', version: 'v1', kind: 'ConfigMap' }],
    },
  };
  await kubectl(contextB, ['-n', pair.namespace, 'apply', '-f', '-'], JSON.stringify(resource));
  await pair.put(pair.from, configMap('first', { a: '1' }));
  await arrives('first');
  // In order: it lets go of its lease.
  const gone = await leader();
  await pair.from.delete(pods, { namespace: stateNamespace, name: gone });
  await eventually(async () => expect([gone, '']).not.toContain(await leader()), 10_000);
  await pair.put(pair.from, configMap('second', { a: '1' }));
  await arrives('second', 10_000);
  // Without a word: its lease has to go stale.
  const killed = await leader();
  await pair.from.delete(pods, { namespace: stateNamespace, name: killed }, { gracePeriodSeconds: 0 });
  await eventually(async () => expect([killed, '']).not.toContain(await leader()), 30_000);
  await pair.put(pair.from, configMap('third', { a: '1' }));
  await arrives('third', 10_000);
}, 120_000);

test('it may read no more than was granted', async () => {
  const may = async (...args: string[]) => {
    const as = ['--as', `system:serviceaccount:${stateNamespace}:nsreplicate-controller`];
    const ask = ['auth', 'can-i', ...args, ...as];
    return (await kubectl(contextB, ask).catch((error: Error) => error.message)).includes('yes');
  };
  expect(await may('list', 'secrets', '-n', pair.namespace)).toBe(true);
  expect(await may('list', 'secrets', '-n', other)).toBe(false);
  expect(await may('list', 'configmaps', '-n', other)).toBe(false);
  expect(await may('create', 'serviceaccounts', '--subresource=token', '-n', other)).toBe(false);
  expect(await may('create', 'configmaps', '-n', pair.namespace)).toBe(false);
  expect(await may('impersonate', 'users')).toBe(false);
}, 60_000);

test('for other namespaces the Roles move along; an upgrade keeps what was chosen', async () => {
  await good('install', '--namespaces', other);
  await here('get', 'krmsyncer', 'installed');
  await expect(here('get', 'role', 'nsreplicate-controller')).rejects.toThrow('NotFound');
  await eventually(
    async () => expect(await here('get', 'krmsyncer', 'installed')).toMatch(/SecretForbidden/),
    30_000,
  );
  const failed = await run('upgrade', '--image', 'x8s.dev/none:1', '--wait-limit', '5s');
  expect(failed.code).not.toBe(0);
  expect(failed.stderr).toMatch(
    /pod nsreplicate-controller-\S+: (ErrImagePull|ImagePullBackOff|ErrImageNeverPull)/,
  );
  const { stdout } = await good('upgrade');
  expect(stdout).toContain(`It carries out KRMSyncers of ${other}.`);
}, 120_000);

test('uninstalled, resources, copies and the state stay', async () => {
  const { stdout } = await good('uninstall', '--yes');
  expect(stdout).toMatch(/The controller is removed\. \d+ KRMSyncers are left/);
  await eventually(async () => expect(await controllers()).toEqual([]), 60_000);
  expect(await here('get', 'krmsyncer', 'installed')).toContain('installed');
  expect(await pair.copyOf('configmaps', 'first')).toMatchObject({ data: { a: '1' } });
  expect((await run('upgrade')).stderr).toContain('no controller is installed');
}, 120_000);
