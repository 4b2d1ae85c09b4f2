/** More of `kubectl nsreplicate install`: manifests for kustomize, the page of each pod, other namespaces, upgrades. */
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { contextB } from './support/contexts.ts';
import { Installed } from './support/installed.ts';
import { kubectl } from './support/kubectl.ts';
import { type Pair, stateNamespace } from './support/nsreplicate.ts';
import { configMap } from './support/objects.ts';
import { whileWriting } from './support/steady-writes.ts';

const folder = mkdtempSync(join(tmpdir(), 'x8s-install-'));
const readyReason = 'jsonpath={.status.conditions[?(@.type=="Ready")].reason}';
let installed: Installed;
let pair: Pair;

beforeAll(async () => {
  installed = await Installed.open('install');
  pair = installed.pair;
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await installed.close();
});

test('manifests are taken by an API server, and built by kustomize', async () => {
  const chosen = ['--namespaces', pair.namespace];
  const text = await installed.run('manifests', ...chosen);
  await installed.good('manifests', ...chosen, '--kustomize', folder);
  const built = await kubectl(contextB, ['kustomize', folder]);
  const kinds = (yaml: string) => [...yaml.matchAll(/^kind: (\S+)$/gm)].map(([, kind]) => kind).sort();
  expect(kinds(built)).toEqual(kinds(text.stdout));
  expect(kinds(built)).toContain('Deployment');
  await installed.good('install', '--namespaces', pair.namespace);
  const said = await kubectl(
    contextB,
    ['apply', '--server-side', '--dry-run=server', '--force-conflicts', '-f', '-'],
    built,
  );
  expect(said).toContain('deployment.apps/nsreplicate-controller serverside-applied');
});

test('every pod serves the page, also the one that stands by, which says who leads; the Service leads to that one', async () => {
  await installed.addSyncer();
  await pair.put(pair.from, configMap('first', { a: '1' }));
  await installed.arrives('first');
  const { stdout } = await installed.good('install', '--namespaces', pair.namespace);
  const [, command = ''] = /^The page: kubectl (.*)$/m.exec(stdout) ?? [];
  expect(command).toBe(
    `--context ${contextB} -n ${stateNamespace} port-forward service/nsreplicate-controller 8080`,
  );
  expect(stdout).toContain(new X509Certificate(await installed.certificateNow()).fingerprint256);
  const added = await installed.users(['add', installed.user, '--role', 'admin'], `${installed.password}\n`);
  expect(`${added.code} ${added.stderr}`).toMatch(/^0 /);
  const { task } = installed;
  const leads = await installed.leader();
  for (const { metadata } of await installed.staying()) {
    const client = await installed.forwarded(`pod/${metadata.name}`);
    expect((await client.ask('/readyz')).status).toBe(200);
    await eventually(async () =>
      expect((await client.signIn(installed.user, installed.password)).status).toBe(200),
    );
    await eventually(async () => {
      const { body } = await client.ask('/api/tasks');
      expect(body.tasks).toContainEqual(expect.objectContaining({ name: task, atWork: true }));
      const asked = await client.ask(`/api/status?task=${task}`);
      if (metadata.name === leads) expect(asked.body.replicas).toMatchObject([{ reachable: true }]);
      else expect(asked.body).toMatchObject({ status: 404, hint: `${leads} does: ask there.` });
    });
  }
  await installed.isServed();
  const client = await installed.forwarded('service/nsreplicate-controller');
  expect((await client.signIn(installed.user, installed.password)).status).toBe(200);
  expect((await client.ask(`/api/status?task=${task}`)).body.replicas).toMatchObject([{ reachable: true }]);
});

test('for other namespaces the Roles move along; an upgrade keeps what was chosen', async () => {
  await installed.good('install', '--namespaces', installed.other);
  await installed.here('get', 'krmsyncer', 'installed');
  await expect(installed.here('get', 'role', 'nsreplicate-controller')).rejects.toThrow('NotFound');
  await eventually(async () =>
    expect(await installed.here('get', 'krmsyncer', 'installed')).toMatch(/SecretForbidden/),
  );
  // It waits again each time; a busy node takes longer to find out.
  await eventually(async () => {
    const failed = await installed.run('upgrade', '--image', 'x8s.dev/none:1', '--wait-limit', '5s');
    expect(failed.code).not.toBe(0);
    expect(failed.stderr).toMatch(
      /pod nsreplicate-controller-\S+: (ErrImagePull|ImagePullBackOff|ErrImageNeverPull)/,
    );
  });
  const { stdout } = await installed.good('upgrade');
  expect(stdout).toContain(`It carries out KRMSyncers of ${installed.other}.`);
});

test('an upgrade that rolls its pods loses and repeats nothing; without the page its certificate is taken away', async () => {
  await installed.good('install', '--namespaces', pair.namespace);
  await installed.certificateNow();
  const before = (await installed.controllers()).map(({ metadata }) => metadata.name);
  await pair.put(pair.from, configMap('before-the-roll', { a: '1' }));
  await installed.arrives('before-the-roll');
  let said = '';
  const { made, missing, repeated } = await whileWriting(pair, async () => {
    said = (await installed.good('upgrade', '--page=false')).stderr;
    await eventually(async () => {
      const now = (await installed.controllers()).map(({ metadata }) => metadata.name);
      expect(now.filter((name) => before.includes(name))).toEqual([]);
      expect(now).toContain(await installed.leader());
    });
    // Until the new leader has compared everything, and one that is made now arrives.
    await pair.put(pair.from, configMap('after-the-roll', { a: '1' }));
    await installed.arrives('after-the-roll');
    await eventually(async () =>
      expect(await installed.here('get', 'krmsyncer', 'installed', '-o', readyReason)).toBe('InSync'),
    );
  });
  expect(made).toBeGreaterThan(10);
  expect([missing, repeated]).toEqual([[], []]);
  expect(said).toContain(`Secret ${stateNamespace}/nsreplicate-controller-tls deleted`);
  await expect(installed.certificateNow()).rejects.toThrow('not found');
});
