/** A source that dials within its own cluster, by a load balancer, or in vain. */
import { afterAll, expect, test } from '@jest/globals';
import { contextA, contextB, isLab } from './support/contexts.ts';
import { manyKinds, someFiles } from './support/files.ts';
import { denyAll } from './support/policies.ts';
import { expectSameTrees } from './support/same-trees.ts';
import { Scene } from './support/scene.ts';
import { documentOf, saidBy, taskOf, x8sync } from './support/x8sync.ts';

// Not in beforeAll: concurrent tests begin before it.
const scene = await Scene.open('push');
const source = scene.ref(contextA, 'source');
await scene.claim(contextA, 'source');
await scene.shell(contextA, 'source', `${manyKinds}\n${someFiles(3)}`);
afterAll(() => scene.close());

async function expectCopied(context: string, claim: string, to = scene): Promise<void> {
  await expectSameTrees([scene, contextA, 'source'], [to, context, claim]);
}

test.concurrent('within one cluster, and where namespaces deny all traffic by default', async () => {
  const closed = await Scene.open('push-closed');
  try {
    await Promise.all(closed.contexts.map((context) => denyAll(context, closed.namespace)));
    await Promise.all([
      closed.claim(contextA, 'near'),
      closed.claim(contextB, 'far'),
      closed.claim(contextA, 'own'),
    ]);
    await closed.shell(contextA, 'own', 'echo through >/data/file');
    const near = documentOf(await x8sync(source, closed.ref(contextA, 'near'), '--push', '-o', 'json'));
    expect(near).toMatchObject({
      outcome: 'ok',
      strategy: 'clusterip',
      address: expect.stringMatching(/:22$/),
    });
    await expectCopied(contextA, 'near', closed);
    saidBy(await x8sync(closed.ref(contextA, 'own'), closed.ref(contextB, 'far'), '--push'), 0);
    expect(await closed.inspect(contextB, 'far', 'cat file')).toBe('through\n');
    expect(await closed.leftovers()).toEqual([]);
  } finally {
    await closed.close();
  }
});

test.concurrent('a target that is not where --target-host says: the source says why, and nothing is left', async () => {
  await scene.claim(contextB, 'nowhere');
  const args = [source, scene.ref(contextB, 'nowhere'), '--push', '--strategy', 'nodeport'];
  const ended = await x8sync(...args, '--target-host', '127.0.0.1:9');
  const said = saidBy(ended, 4);
  expect(said).toMatch(/nodeport: no answer from 127.0.0.1:9/);
  expect(said).toMatch(/source: the target does not answer: 127.0.0.1:9: connection refused/);
  expect(said).toMatch(/--target-host/);
  expect(await scene.leftovers(taskOf(said))).toEqual([]);
});

(isLab ? test.concurrent : test.skip)(
  'by a load balancer at the target, whose address the source is given once there is one',
  async () => {
    await scene.claim(contextB, 'balanced');
    const args = [
      source,
      scene.ref(contextB, 'balanced'),
      '--push',
      '--strategy',
      'loadbalancer',
      '-o',
      'json',
    ];
    expect(documentOf(await x8sync(...args))).toMatchObject({
      outcome: 'ok',
      strategy: 'loadbalancer',
      address: expect.stringMatching(/:22$/),
    });
    await expectCopied(contextB, 'balanced');
  },
);
