/** `--once`, `plan` and `drift`: what is copied, that nothing is done twice, and that looking changes nothing. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { configMaps, namespaces, persistentVolumeClaims } from '../../src/kube/api/resources.ts';
import { eventually } from '../support/eventually.ts';
import { apply } from './support/clients.ts';
import { Pair } from './support/nsreplicate.ts';
import { claim, configMap, secret, workload } from './support/objects.ts';

let pair: Pair;

beforeAll(async () => {
  pair = await Pair.open('once', {
    labels: { 'pod-security.kubernetes.io/enforce': 'baseline', team: 'shop' },
    annotations: { 'example.com/owner': 'somebody' },
  });
  await pair.put(
    pair.from,
    configMap('settings', { color: 'red', 'a.b-c': 'x' }, { labels: { tier: 'web' } }),
    secret('password', { value: 'very-secret' }),
    workload('Deployment', 'web', {
      template: {
        metadata: { labels: { app: 'test' } },
        spec: {
          containers: [{ name: 'main', image: 'test.invalid/none' }],
          serviceAccountName: 'missing',
          priorityClassName: 'none-such',
        },
      },
    }),
    workload('StatefulSet', 'db'),
    claim('disk', { storageClassName: 'none-such' }),
  );
  // As most people do it: with the annotation that remembers what was applied.
  await apply(pair.primary, pair.namespace, configMap('applied', { by: 'kubectl' }));
  // Of which is told that it is not copied; the cluster puts it in a moment later.
  await eventually(async () =>
    expect(await pair.find(pair.from, 'configmaps', 'kube-root-ca.crt')).toBeDefined(),
  );
});
afterAll(() => pair.close());

describe('before the first run', () => {
  test('a plan shows all that would be made, no value of a Secret, and makes nothing', async () => {
    const { code, stdout } = await pair.look('plan');
    expect({ code, stdout }).toMatchObject({ code: 5 });
    expect(stdout).toContain(`create Namespace ${pair.namespace}`);
    expect(stdout).toContain(`create ConfigMap ${pair.namespace}/settings`);
    expect(stdout).toContain("can't be validated yet");
    expect(stdout).toContain('+  color: red');
    expect(stdout).toContain('7 to create');
    expect(stdout).not.toContain(Buffer.from('very-secret').toString('base64'));
    expect(await pair.to.find(namespaces, { name: pair.namespace })).toBeUndefined();
  });

  test('a plan of one object is about that alone, and of one that is nowhere fails', async () => {
    const one = await pair.look('plan', 'cm/settings', '-n', pair.namespace);
    expect(one).toMatchObject({ code: 5, stdout: expect.stringContaining('+  color: red') });
    expect(one.stdout).toMatch(/\n1 to create\n$/);
    const none = await pair.look('plan', 'ConfigMap', `${pair.namespace}/nowhere`);
    expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining('that a rule covers') });
  });

  test('drift counts what is missing', async () => {
    const { code, stdout } = await pair.look('drift', '-o', 'json');
    expect(code).toBe(5);
    const { lines } = JSON.parse(stdout) as { lines: { kind: string; missing: number }[] };
    expect(lines.find(({ kind }) => kind === 'ConfigMap')).toMatchObject({ objects: 2, missing: 2 });
  });
});

describe('a run', () => {
  beforeAll(async () => {
    const { stdout } = await pair.copy();
    expect(stdout).toMatch(/ConfigMap +2 /);
  });

  test('copies the five kinds, and the namespace with its labels and annotations', async () => {
    await pair.equal();
    const namespace = await pair.copyOf('namespaces', pair.namespace);
    expect(namespace.metadata.labels).toMatchObject({
      'pod-security.kubernetes.io/enforce': 'baseline',
      team: 'shop',
    });
    expect(namespace.metadata.annotations).toMatchObject({ 'example.com/owner': 'somebody' });
    for (const [kind, name] of [
      ['deployments.apps', 'web'],
      ['statefulsets.apps', 'db'],
      ['persistentvolumeclaims', 'disk'],
    ] as const)
      expect((await pair.copyOf(kind, name)).metadata.labels).toEqual({ 'x8s.dev/replica-of': pair.task });
  });

  test('says what it does not copy, and what the replica lacks', async () => {
    const { stdout } = await pair.ask('status');
    expect(stdout).toContain('not copied: 1 (a certificate of its own cluster)');
    expect(stdout).toMatch(/lacks StorageClass none-such \(for PersistentVolumeClaim \S+\/disk\)/);
    expect(stdout).toMatch(/lacks PriorityClass none-such \(for Deployment.apps \S+\/web\)/);
    expect(stdout).toMatch(/lacks ServiceAccount \S+\/missing \(for Deployment.apps \S+\/web\)/);
  });

  test('the next one writes nothing at all', async () => {
    const before = await pair.versions();
    const { stdout } = await pair.copy('-o', 'json');
    const { replicas } = JSON.parse(stdout) as { replicas: { counts: Record<string, number> }[] };
    expect(replicas[0]).toMatchObject({ counts: { unchanged: 7 }, done: { created: 7 } });
    expect(await pair.versions()).toEqual(before);
    expect((await pair.ask('status')).stdout).toContain('in all: 7 created\n');
  });

  test('nothing would change, and nothing has drifted', async () => {
    expect(await pair.look('plan')).toMatchObject({ code: 0, stdout: 'Nothing would change.\n' });
    expect(await pair.look('drift')).toMatchObject({ code: 0 });
  });

  test('its jobs are kept, with a digest of a Secret that can not be guessed', async () => {
    const { stdout } = await pair.ask('jobs', '-o', 'json');
    const jobs = JSON.parse(stdout) as { kind: string; change: string; state: string }[];
    expect(jobs.find(({ kind }) => kind === 'Secret')).toMatchObject({
      state: 'done',
      change: expect.stringMatching(/^k1:/),
    });
    expect(jobs.map(({ state }) => state)).not.toContain('failed');
  });

  test('a change here and an edit there are planned as what they are, and done', async () => {
    await pair.put(pair.from, configMap('settings', { color: 'green', 'a.b-c': 'x' }));
    await pair.to.patch(
      configMaps,
      { namespace: pair.namespace, name: 'applied' },
      { data: { by: 'hand', more: 'keys' } },
      { type: 'merge' },
    );
    // An edit by hand is no reason not to write what has changed since.
    await pair.to.patch(
      configMaps,
      { namespace: pair.namespace, name: 'settings' },
      { data: { color: 'by hand' } },
      { type: 'merge' },
    );
    const { stdout } = await pair.look('plan');
    expect(stdout).toMatch(
      /update ConfigMap \S+\/settings\n--- live.*\n\+\+\+ planned.*\n@@.*\n(?: .*\n)*- {2}color: by hand\n\+ {2}color: green\n/,
    );
    expect(stdout).toMatch(/put-right ConfigMap \S+\/applied\n/);
    await pair.copy('--exact');
    await pair.equal();
  });

  test('what is gone from the primary stays without --prune, and goes with it', async () => {
    await pair.delete(pair.from, 'configmaps', 'applied');
    await pair.copy();
    expect(await pair.find(pair.to, 'configmaps', 'applied')).toBeDefined();
    await pair.put(pair.to, configMap('somebodys', { a: '1' }));
    await pair.copy('--prune');
    // What others made there is none of our business.
    expect(await pair.find(pair.to, 'configmaps', 'somebodys')).toBeDefined();
    await pair.delete(pair.to, 'configmaps', 'somebodys');
    await pair.equal();
  });

  test('a claim stays with --prune, and goes with --prune-claims', async () => {
    await pair.delete(pair.from, 'persistentvolumeclaims', 'disk');
    await pair.copy('--prune');
    expect(await pair.find(pair.to, 'persistentvolumeclaims', 'disk')).toMatchObject({
      metadata: expect.not.objectContaining({ deletionTimestamp: expect.anything() }),
    });
    expect((await pair.ask('status')).stdout).toContain('claims are deleted with --prune-claims only');
    const hold = (finalizers: string[] | null) =>
      pair.to.patch(
        persistentVolumeClaims,
        { namespace: pair.namespace, name: 'disk' },
        { metadata: { finalizers } },
        { type: 'merge' },
      );
    await hold(['example.com/hold']);
    const prune = async () => {
      const { stdout } = await pair.copy('--prune', '--prune-claims', '-o', 'json');
      return JSON.parse(stdout).replicas[0] as { counts: { pruned?: number }; done: { pruned: number } };
    };
    const first = await prune();
    expect(await pair.find(pair.to, 'persistentvolumeclaims', 'disk')).toMatchObject({
      metadata: { deletionTimestamp: expect.anything() },
    });
    // While it is on its way it is not one more deletion.
    const second = await prune();
    await hold(null);
    expect([first.counts.pruned, second.counts.pruned, second.done]).toEqual([1, undefined, first.done]);
  });

  test('what the rules do not cover any more is left, and said', async () => {
    await pair.put(pair.from, configMap('unlabelled', { a: '1' }));
    await pair.copy();
    await pair.copy('--prune', '-l', 'tier=web');
    expect(await pair.find(pair.to, 'configmaps', 'unlabelled')).toBeDefined();
    expect((await pair.ask('status')).stdout).toMatch(/left: \d+ \(no rule covers it any more\)/);
  });
});
