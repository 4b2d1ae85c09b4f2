/** What is not as it is on the primary, and has to be told: what is skipped, lacking, done again, or undone each time. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { KubeObject } from '../../src/kube/api/objects.ts';
import { eventually } from '../support/eventually.ts';
import { kubectl } from './support/kubectl.ts';
import { Pair } from './support/nsreplicate.ts';
import { configMap, job, workload } from './support/objects.ts';

type Free = KubeObject & { spec: Record<string, unknown>; [field: string]: unknown };

const kinds = ['--kinds', 'serviceaccounts,secrets,configmaps,deployments.apps,jobs.batch,services'];
let pair: Pair;
const there = (what: string, name: string) => pair.copyOf<Free>(what, name);
const on = (context: string, ...args: string[]) => kubectl(context, ['-n', pair.namespace, ...args]);

beforeAll(async () => {
  pair = await Pair.open('told');
});
afterAll(() => pair.close());

describe('the default ServiceAccount', () => {
  test('is hardened on the replica too, where nobody has changed it there', async () => {
    await eventually(() => on(pair.primary, 'get', 'serviceaccount', 'default'));
    const harden = ['patch', 'serviceaccount', 'default', '-p', '{"automountServiceAccountToken":false}'];
    await on(pair.primary, ...harden);
    await pair.put(pair.from, configMap('first', { a: '1' }));
    // The namespace gets one of its own as soon as it is there.
    await pair.copy('--kinds', 'configmaps');
    await eventually(() => on(pair.replica, 'get', 'serviceaccount', 'default'));
    expect((await pair.look('plan', ...kinds)).stdout).toContain(`ServiceAccount ${pair.namespace}/default`);
    await pair.copy(...kinds);
    expect(await there('serviceaccounts', 'default')).toMatchObject({ automountServiceAccountToken: false });
    expect((await pair.look('plan', ...kinds)).code).toBe(0);
  });

  test('is left, and that is said, where somebody has', async () => {
    const other = await Pair.open('told-too');
    try {
      const own = (context: string, patch: object) =>
        kubectl(context, [
          ...['-n', other.namespace, 'patch', 'serviceaccount', 'default', '-p', JSON.stringify(patch)],
        ]);
      await other.put(other.from, configMap('first', { a: '1' }));
      await other.copy('--kinds', 'configmaps');
      await eventually(() => own(other.primary, { automountServiceAccountToken: false }));
      await eventually(() => own(other.replica, { imagePullSecrets: [{ name: 'theirs' }] }));
      const { code, stderr } = await other.once(...kinds);
      expect({ code, stderr }).toMatchObject({
        code: 5,
        stderr: expect.stringContaining('1 ServiceAccount: not-ours'),
      });
      const account = await other.copyOf<Free>('serviceaccounts', 'default');
      expect(account).toMatchObject({ imagePullSecrets: [{ name: 'theirs' }] });
      expect(account).not.toHaveProperty('automountServiceAccountToken');
    } finally {
      await other.close();
    }
  });
});

describe('what a workload lacks', () => {
  test('is also a token that is never copied', async () => {
    await pair.put(
      pair.from,
      {
        apiVersion: 'v1',
        kind: 'Secret',
        type: 'kubernetes.io/service-account-token',
        metadata: { name: 'robot', annotations: { 'kubernetes.io/service-account.name': 'default' } },
      },
      workload('Deployment', 'web', {
        template: {
          metadata: { labels: { app: 'test' } },
          spec: {
            containers: [{ name: 'main', image: 'test.invalid/none' }],
            volumes: [
              { name: 'token', secret: { secretName: 'robot' } },
              { name: 'first', configMap: { name: 'first' } },
              { name: 'maybe', secret: { secretName: 'maybe', optional: true } },
            ],
          },
        },
      }),
    );
    const { stderr } = await pair.copy(...kinds);
    expect(stderr).toContain(
      `lacks Secret ${pair.namespace}/robot (for Deployment.apps ${pair.namespace}/web)`,
    );
    expect(stderr).not.toMatch(/lacks \w+ \S+\/(first|maybe)/);
  });
});

describe('a Job', () => {
  test('is not deleted by its own time on a replica, and that it is finished is said', async () => {
    await pair.put(
      pair.from,
      job('timed', { suspend: false, parallelism: 0, ttlSecondsAfterFinished: 100_000 }),
    );
    const now = new Date(Date.now() + 5000).toISOString();
    const condition = (type: string) => ({
      type,
      status: 'True',
      lastTransitionTime: now,
      lastProbeTime: now,
    });
    const status = {
      completionTime: now,
      succeeded: 1,
      conditions: [condition('SuccessCriteriaMet'), condition('Complete')],
      uncountedTerminatedPods: {},
    };
    await eventually(() =>
      on(pair.primary, 'patch', 'job', 'timed', '--subresource', 'status', '-p', JSON.stringify({ status })),
    );
    const { stderr } = await pair.copy(...kinds);
    expect(stderr).toContain(
      `Job.batch ${pair.namespace}/timed: finished on the primary, and runs once on each`,
    );
    expect((await there('jobs.batch', 'timed')).spec).not.toHaveProperty('ttlSecondsAfterFinished');
    expect((await pair.look('plan', ...kinds)).code).toBe(0);
  });

  test('or whatever is deleted on a replica each time it is made is left to a person', async () => {
    await pair.put(pair.from, configMap('unwanted', { a: '1' }));
    const running = await pair.watch('--kinds', 'configmaps');
    for (let times = 0; times < 4; times++)
      await eventually(() => on(pair.replica, 'delete', 'configmap', 'unwanted'));
    await eventually(async () => {
      const { stdout } = await pair.ask('jobs');
      expect(stdout).toMatch(/ConfigMap +unwanted +parked .* fought-over/);
    });
    running.child.kill('SIGTERM');
    await running.ended;
  });
});

describe('a Service', () => {
  test('asks for the port of its health check where its author did', async () => {
    // Of those that a cluster gives to nobody who does not ask for one by its number.
    const port = 30_040 + Math.floor(Math.random() * 40);
    await pair.put(pair.from, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'checked' },
      spec: {
        type: 'LoadBalancer',
        externalTrafficPolicy: 'Local',
        healthCheckNodePort: port,
        selector: { app: 'test' },
        ports: [{ port: 80 }],
      },
    } as KubeObject);
    await pair.copy(...kinds);
    expect((await there('services', 'checked')).spec).toMatchObject({ healthCheckNodePort: port });
  });
});
