/** `kubectl nsreplicate install`: a controller as a Deployment under `restricted`, in the second cluster. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { pods } from '../../src/kube/api/resources.ts';
import { eventually } from '../support/eventually.ts';
import { contextB } from './support/contexts.ts';
import { Installed } from './support/installed.ts';
import { kubectl } from './support/kubectl.ts';
import { type Pair, stateNamespace } from './support/nsreplicate.ts';
import { configMap } from './support/objects.ts';

let installed: Installed;
let pair: Pair;

beforeAll(async () => {
  installed = await Installed.open('install');
  pair = installed.pair;
  await installed.good('install', '--namespaces', pair.namespace);
});
afterAll(() => installed.close());

test('it is ready when it says so: two pods, one of which leads; a second time nothing changes', async () => {
  const found = await installed.staying();
  expect(found.map(({ status }) => status?.phase)).toEqual(['Running', 'Running']);
  await eventually(async () =>
    expect(found.map(({ metadata }) => metadata.name)).toContain(await installed.leader()),
  );
  const { stderr } = await installed.good('install', '--namespaces', pair.namespace);
  expect(stderr).toContain('Deployment x8s-nsreplicate/nsreplicate-controller unchanged');
  expect(stderr).not.toMatch(/created|configured/);
});

test('a KRMSyncer of its namespace is carried out; the leader goes, the other takes over', async () => {
  await installed.addSyncer();
  await pair.put(pair.from, configMap('first', { a: '1' }));
  await installed.arrives('first');
  // In order: it lets go of its lease.
  const gone = await installed.leader();
  await pair.from.delete(pods, { namespace: stateNamespace, name: gone });
  await eventually(async () => expect([gone, '']).not.toContain(await installed.leader()));
  await pair.put(pair.from, configMap('second', { a: '1' }));
  await installed.arrives('second');
  await installed.isServed();
  // Without a word: its lease has to go stale.
  const killed = await installed.leader();
  await pair.from.delete(pods, { namespace: stateNamespace, name: killed }, { gracePeriodSeconds: 0 });
  await eventually(async () => expect([killed, '']).not.toContain(await installed.leader()));
  await pair.put(pair.from, configMap('third', { a: '1' }));
  await installed.arrives('third');
  await installed.isServed();
});

test('its metrics are scraped with a token of a user, and with none they are not', async () => {
  const scraper = `${installed.user}-scraper`;
  expect((await installed.users(['add', scraper, '--role', 'viewer'], `${installed.password}\n`)).code).toBe(
    0,
  );
  const token = (await installed.users(['token', scraper])).stdout.trim();
  const client = await installed.forwarded('service/nsreplicate-controller');
  expect((await client.ask('/metrics', { token: undefined })).status).toBe(401);
  const { task } = installed;
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
  expect(await may('list', 'secrets', '-n', installed.other)).toBe(false);
  expect(await may('list', 'configmaps', '-n', installed.other)).toBe(false);
  expect(await may('create', 'serviceaccounts', '--subresource=token', '-n', installed.other)).toBe(false);
  expect(await may('create', 'configmaps', '-n', pair.namespace)).toBe(false);
  expect(await may('impersonate', 'users')).toBe(false);
});

test('uninstalled, resources, copies and the state stay', async () => {
  await installed.good('install', '--namespaces', pair.namespace);
  const { task } = installed;
  const phase = async () =>
    JSON.parse((await installed.good('status', '--name', task, '--primary', contextB, '-o', 'json')).stdout)
      .phase;
  await eventually(async () => expect(await phase()).toBe('Watching'));
  const { stdout } = await installed.good('uninstall', '--yes');
  expect(stdout).toMatch(/The controller is removed\. \d+ KRMSyncers are left/);
  expect(await installed.controllers()).toEqual([]);
  // The one that led kept its rights until it had written that its tasks ended.
  expect(await phase()).toBe('Stopped');
  await expect(installed.certificateNow()).rejects.toThrow('not found');
  expect(await installed.here('get', 'krmsyncer', 'installed')).toContain('installed');
  expect(await pair.copyOf('configmaps', 'first')).toMatchObject({ data: { a: '1' } });
  expect((await installed.run('upgrade')).stderr).toContain('no controller is installed');
});
