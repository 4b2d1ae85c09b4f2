/** `kubectl nsreplicate install`: a controller as a Deployment under `restricted`, in the second cluster. */
import { randomBytes, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { taskName } from '../../plugins/nsreplicate/controller/resource/task-names.ts';
import { leases, pods, secrets } from '../../src/kube/api/resources.ts';
import { eventually } from '../support/eventually.ts';
import { contextA, contextB } from './support/contexts.ts';
import { environment, kubectl, kubectlBinary, plugin, pluginProgram } from './support/kubectl.ts';
import { Pair, stateNamespace } from './support/nsreplicate.ts';
import { configMap } from './support/objects.ts';
import { type Ended, start } from './support/process.ts';
import { ServiceClient } from './support/service-client.ts';
import { whileWriting } from './support/steady-writes.ts';

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
/** The Service leads to the pod that leads, and to no other. */
const isServed = () =>
  eventually(async () => {
    const name = await leader();
    const pod = (await controllers()).find(({ metadata }) => metadata.name === name);
    const slices = await kubectl(contextB, [
      ...['-n', stateNamespace, 'get', 'endpointslices', '-o', 'json'],
      ...['-l', 'kubernetes.io/service-name=nsreplicate-controller'],
    ]);
    const { items } = JSON.parse(slices) as { items: { endpoints: { addresses: string[] }[] | null }[] };
    const led = items.flatMap(({ endpoints }) => (endpoints ?? []).flatMap(({ addresses }) => addresses));
    expect(led).toEqual([pod?.status?.podIP]);
  });
const readyReason = 'jsonpath={.status.conditions[?(@.type=="Ready")].reason}';
const arrives = (name: string, limitMs?: number) =>
  eventually(() => pair.copyOf('configmaps', name), limitMs);

const user = `install-${randomBytes(3).toString('hex')}`;
const password = 'correct horse battery';
const users = (args: readonly string[], input = '') =>
  start(pluginProgram('nsreplicate'), ['users', ...args, '--context', contextB], { env: environment, input })
    .ended;
const open: (() => unknown)[] = [];

async function certificateNow(): Promise<string> {
  const place = { namespace: stateNamespace, name: 'nsreplicate-controller-tls' };
  const { data = {} } = await pair.from.get(secrets, place);
  return Buffer.from(data['tls.crt'] ?? '', 'base64').toString();
}

/** A client of the page of a pod or of the Service, as a person reaches it; it trusts the certificate that is kept in the cluster. */
async function forwarded(what: string): Promise<ServiceClient> {
  const args = ['--context', contextB, '-n', stateNamespace, 'port-forward', what, ':8080'];
  const forward = start(kubectlBinary, args, { env: environment });
  open.push(() => forward.child.kill('SIGTERM'));
  await forward.saw('Forwarding from 127.0.0.1:');
  const [, port] = /127\.0\.0\.1:(\d+)/.exec(forward.output.stdout) ?? [];
  const client = await ServiceClient.open(`https://localhost:${port}`, await certificateNow());
  open.push(() => client.close());
  return client;
}

beforeAll(async () => {
  pair = await Pair.open('install', { primary: contextB, replica: contextA });
  other = await pair.addNamespace('other');
  pair.alsoTask(taskName(pair.namespace, 'installed'));
});
afterAll(async () => {
  for (const close of open) await close();
  for (const name of [user, `${user}-scraper`]) await users(['remove', name]);
  await run('uninstall', '--yes');
  rmSync(folder, { recursive: true });
  await pair.close();
});

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
});

test('it is ready when it says so: two pods, one of which leads; a second time nothing changes', async () => {
  const found = await controllers();
  expect(found.map(({ status }) => status?.phase)).toEqual(['Running', 'Running']);
  await eventually(async () => expect(found.map(({ metadata }) => metadata.name)).toContain(await leader()));
  const { stderr } = await good('install', '--namespaces', pair.namespace);
  expect(stderr).toContain('Deployment x8s-nsreplicate/nsreplicate-controller unchanged');
  expect(stderr).not.toMatch(/created|configured/);
});

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
  await eventually(async () => expect([gone, '']).not.toContain(await leader()));
  await pair.put(pair.from, configMap('second', { a: '1' }));
  await arrives('second', 10_000);
  await isServed();
  // Without a word: its lease has to go stale.
  const killed = await leader();
  await pair.from.delete(pods, { namespace: stateNamespace, name: killed }, { gracePeriodSeconds: 0 });
  await eventually(async () => expect([killed, '']).not.toContain(await leader()));
  await pair.put(pair.from, configMap('third', { a: '1' }));
  await arrives('third', 10_000);
  await isServed();
});

test('every pod serves the page, also the one that stands by, which says who leads; the Service leads to that one', async () => {
  const { stdout } = await good('install', '--namespaces', pair.namespace);
  const [, command = ''] = /^The page: kubectl (.*)$/m.exec(stdout) ?? [];
  expect(command).toBe(
    `--context ${contextB} -n ${stateNamespace} port-forward service/nsreplicate-controller 8080`,
  );
  expect(stdout).toContain(new X509Certificate(await certificateNow()).fingerprint256);
  const added = await users(['add', user, '--role', 'admin'], `${password}\n`);
  expect(`${added.code} ${added.stderr}`).toMatch(/^0 /);
  const task = taskName(pair.namespace, 'installed');
  const leads = await leader();
  for (const { metadata } of await controllers()) {
    const client = await forwarded(`pod/${metadata.name}`);
    expect((await client.ask('/readyz')).status).toBe(200);
    await eventually(async () => expect((await client.signIn(user, password)).status).toBe(200));
    const { body } = await client.ask('/api/tasks');
    expect(body.tasks).toContainEqual(expect.objectContaining({ name: task, atWork: true }));
    const asked = await client.ask(`/api/status?task=${task}`);
    if (metadata.name === leads) expect(asked.body.replicas).toMatchObject([{ reachable: true }]);
    else expect(asked.body).toMatchObject({ status: 404, hint: `${leads} does: ask there.` });
  }
  await isServed();
  const client = await forwarded('service/nsreplicate-controller');
  expect((await client.signIn(user, password)).status).toBe(200);
  expect((await client.ask(`/api/status?task=${task}`)).body.replicas).toMatchObject([{ reachable: true }]);
});

test('its metrics are scraped with a token of a user, and with none they are not', async () => {
  const scraper = `${user}-scraper`;
  expect((await users(['add', scraper, '--role', 'viewer'], `${password}\n`)).code).toBe(0);
  const token = (await users(['token', scraper])).stdout.trim();
  const client = await forwarded('service/nsreplicate-controller');
  expect((await client.ask('/metrics', { token: undefined })).status).toBe(401);
  const task = taskName(pair.namespace, 'installed');
  await eventually(async () => {
    const { text } = await client.ask('/metrics', { token });
    expect(text).toContain(`nsreplicate_leader{task="${task}"} 1`);
    expect(text).toContain(`nsreplicate_replica_up{task="${task}",replica="remote"} 1`);
  });
});

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
});

test('for other namespaces the Roles move along; an upgrade keeps what was chosen', async () => {
  await good('install', '--namespaces', other);
  await here('get', 'krmsyncer', 'installed');
  await expect(here('get', 'role', 'nsreplicate-controller')).rejects.toThrow('NotFound');
  await eventually(async () =>
    expect(await here('get', 'krmsyncer', 'installed')).toMatch(/SecretForbidden/),
  );
  const failed = await run('upgrade', '--image', 'x8s.dev/none:1', '--wait-limit', '5s');
  expect(failed.code).not.toBe(0);
  expect(failed.stderr).toMatch(
    /pod nsreplicate-controller-\S+: (ErrImagePull|ImagePullBackOff|ErrImageNeverPull)/,
  );
  const { stdout } = await good('upgrade');
  expect(stdout).toContain(`It carries out KRMSyncers of ${other}.`);
});

test('an upgrade that rolls its pods loses and repeats nothing; without the page its certificate is taken away', async () => {
  await good('install', '--namespaces', pair.namespace);
  await certificateNow();
  const before = (await controllers()).map(({ metadata }) => metadata.name);
  await pair.put(pair.from, configMap('before-the-roll', { a: '1' }));
  await arrives('before-the-roll');
  let said = '';
  const { made, missing, repeated } = await whileWriting(pair, async () => {
    said = (await good('upgrade', '--page=false')).stderr;
    await eventually(async () => {
      const now = (await controllers()).map(({ metadata }) => metadata.name);
      expect(now.filter((name) => before.includes(name))).toEqual([]);
      expect(now).toContain(await leader());
    });
    // Until the new leader has compared everything, and one that is made now arrives.
    await pair.put(pair.from, configMap('after-the-roll', { a: '1' }));
    await arrives('after-the-roll');
    await eventually(async () =>
      expect(await here('get', 'krmsyncer', 'installed', '-o', readyReason)).toBe('InSync'),
    );
  });
  expect(made).toBeGreaterThan(10);
  expect([missing, repeated]).toEqual([[], []]);
  expect(said).toContain(`Secret ${stateNamespace}/nsreplicate-controller-tls deleted`);
  await expect(certificateNow()).rejects.toThrow('not found');
});

test('uninstalled, resources, copies and the state stay', async () => {
  await good('install', '--namespaces', pair.namespace);
  const task = taskName(pair.namespace, 'installed');
  const phase = async () =>
    JSON.parse((await good('status', '--name', task, '--primary', contextB, '-o', 'json')).stdout).phase;
  await eventually(async () => expect(await phase()).toBe('Watching'));
  const { stdout } = await good('uninstall', '--yes');
  expect(stdout).toMatch(/The controller is removed\. \d+ KRMSyncers are left/);
  expect(await controllers()).toEqual([]);
  // The one that led kept its rights until it had written that its tasks ended.
  expect(await phase()).toBe('Stopped');
  await expect(certificateNow()).rejects.toThrow('not found');
  expect(await here('get', 'krmsyncer', 'installed')).toContain('installed');
  expect(await pair.copyOf('configmaps', 'first')).toMatchObject({ data: { a: '1' } });
  expect((await run('upgrade')).stderr).toContain('no controller is installed');
});
