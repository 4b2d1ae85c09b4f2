/** Commands that tell of rights say what is missing, and do not fail over it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { DoctorCommand } from '../../../../../plugins/nsreplicate/commands/doctor.ts';
import { PlanCommand } from '../../../../../plugins/nsreplicate/commands/plan.ts';
import { RbacCommand } from '../../../../../plugins/nsreplicate/commands/rbac.ts';
import { UnreachableError } from '../../../../../src/errors.ts';
import type { RawRequest } from '../../../../../src/kube/api/client.ts';
import { apiError } from '../../../support/fake-cluster.ts';
import type { FakeCall } from '../../../support/fake-kube.ts';
import { runFake } from '../../../support/fake-plugin.ts';
import { configMap, configMaps, namespace, namespaces, sides } from '../../../support/replication.ts';

const stateNamespace = 'x8s-nsreplicate';
let pair: ReturnType<typeof sides>;

beforeEach(() => {
  pair = sides();
  for (const kube of [pair.from, pair.to]) {
    kube.answers.set('/version', () => ({ gitVersion: 'v1.34.4' }));
    kube.answers.set('/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', () => ({}));
  }
  // Another uid than the primary's.
  pair.to.objects.create(namespaces, namespace('shop'));
  pair.to.objects.create(namespaces, namespace('kube-system'));
  pair.from.objects.create(configMaps, configMap('a'));
});
afterEach(() => Promise.all([pair.from.close(), pair.to.close()]));

const run = (command: string, ...args: string[]) =>
  runFake(
    [command, '--primary', 'from', '--replica', 'to', '--sync-namespaces', 'shop', ...args],
    [DoctorCommand, PlanCommand, RbacCommand],
    {
      kubeAccess: {
        connect: async ({ context }) => (context === 'to' ? pair.to : pair.from),
        contexts: async () => ['from', 'to'],
        contextsOfServer: async () => [],
      },
      columns: 200,
    },
  );

/** Nothing of the state may be read, and the API server says so when it is asked. */
function denyState(): void {
  pair.from.before = (call: FakeCall) => {
    if (call.namespace === stateNamespace) throw apiError(403, `may not ${call.verb} it`, 'Forbidden');
  };
  pair.from.answers.set('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', ({ body }: RawRequest) => {
    const { spec } = body as { spec: { resourceAttributes: { namespace?: string } } };
    return { status: { allowed: spec.resourceAttributes.namespace !== stateNamespace } };
  });
}

test('doctor prints its table where the state may not be read, with the verbs that are denied', async () => {
  denyState();
  const { exitCode, stdout } = await run('doctor', '--kinds', 'configmaps');
  expect(exitCode).toBe(4);
  expect(stdout).toMatch(
    /rights \(state\) +denied +.* may not get configmaps in namespace "x8s-nsreplicate"/,
  );
  // The look at both sides goes on as for a task that never ran.
  expect(stdout).not.toMatch(/ look +denied/);
  expect(stdout).toMatch(/ kinds +ok/);
});

test('plan needs the state, and says so', async () => {
  denyState();
  const { exitCode, stderr } = await run('plan', '--kinds', 'configmaps');
  expect([exitCode, stderr]).toEqual([4, expect.stringContaining('may not get it')]);
});

test('rbac prints roles whatever may be read, and whoever does not answer', async () => {
  denyState();
  const { exitCode, stdout } = await run('rbac', '--kinds', 'configmaps');
  expect([exitCode, stdout]).toEqual([0, expect.stringContaining('# For the replica to')]);
  pair.to.before = () => {
    throw new UnreachableError('it does not answer');
  };
  expect(await run('rbac', '--kinds', 'configmaps')).toMatchObject({ exitCode: 0, stdout });
});

test('rbac asks the replica for kinds where the primary does not tell them', async () => {
  pair.from.answers.set('/api', () => {
    throw apiError(403, 'may not discover', 'Forbidden');
  });
  const folder = await mkdtemp(join(tmpdir(), 'rbac-'));
  const file = join(folder, 'dr.yaml');
  await writeFile(file, 'rules: [{kind: ConfigMap}]\n');
  try {
    const { stderr, exitCode, stdout } = await run('rbac', '--config', file);
    expect([exitCode, stderr, stdout]).toEqual([0, '', expect.stringContaining('configmaps')]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('the hint of a plan names the side that lacks a right', async () => {
  const deny = (side: 'from' | 'to') => {
    pair[side].before = ({ verb, collection, namespace: within }: FakeCall) => {
      if (verb === 'list' && collection === configMaps && within === 'shop')
        throw apiError(403, 'may not list', 'Forbidden');
    };
  };
  deny('from');
  const onPrimary = await run('plan', '--kinds', 'configmaps');
  expect(onPrimary.stderr).toContain('needed on the primary: get, list and watch');
  expect(onPrimary.stderr).not.toContain('needed on replicas');
  pair.from.before = () => undefined;
  deny('to');
  const onReplica = await run('plan', '--kinds', 'configmaps');
  expect(onReplica.stderr).toContain('needed on replicas: get, list, watch, create and patch');
  expect(onReplica.stderr).not.toContain('needed on the primary');
});
