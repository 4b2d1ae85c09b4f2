/** How a target gets at its source: by a mount, within a cluster, by node ports, and through this workstation. */
import { afterAll, expect, test } from '@jest/globals';
import { contextA, contextB, isLab } from './support/contexts.ts';
import { manyKinds, someFiles } from './support/files.ts';
import { kubectl } from './support/kubectl.ts';
import { expectSameTrees } from './support/same-trees.ts';
import { Scene } from './support/scene.ts';
import { documentOf, held, saidBy, startX8sync, taskOf, x8sync } from './support/x8sync.ts';

// Not in beforeAll: concurrent tests begin before it.
const scene = await Scene.open('strategies');
const source = scene.ref(contextA, 'source');
await scene.claim(contextA, 'source');
await scene.shell(contextA, 'source', `${someFiles(1)}\n${manyKinds}`);
afterAll(() => scene.close());

async function expectCopied(context: string, claim: string, from = scene): Promise<void> {
  await expectSameTrees([scene, contextA, 'source'], [from, context, claim]);
}

test.concurrent('within one namespace one pod mounts both claims, and no key, Service or server is made', async () => {
  const here = await Scene.open('strategies-mount');
  try {
    await Promise.all(['source', 'target'].map((claim) => here.claim(contextA, claim)));
    await here.shell(contextA, 'source', manyKinds);
    const refs = [here.ref(contextA, 'source'), here.ref(contextA, 'target')];
    const document = documentOf(await x8sync(...refs, '-o', 'json'));
    expect(document).toMatchObject({ outcome: 'ok', strategy: 'mount', lost: [] });
    await expectSameTrees([here, contextA, 'source'], [here, contextA, 'target']);
    await here.shell(contextA, 'source', 'head -c 4M /dev/urandom >/data/more');
    const named = [...refs, '--name', 'mounted', '--bwlimit', '1M', '--verify'];
    const running = startX8sync(...named);
    await running.saw('with both claims mounted');
    const made = await held(running, () => here.leftovers(taskOf(running.output.stderr)));
    expect(made).toEqual([expect.stringMatching(/ job.batch\//), expect.stringMatching(/ pod\//)]);
    running.child.kill('SIGKILL');
    await running.ended;
    const ended = saidBy(await x8sync(...named), 0);
    expect(ended).toMatch(/is taken up, with both claims mounted/);
    expect(ended).toMatch(/verified: .*all the same/);
  } finally {
    await here.close();
  }
});

(isLab ? test.concurrent : test.skip)(
  'two claims that no node has both are copied by the next strategy, with the reason of the first',
  async () => {
    const here = await Scene.open('strategies-nodes');
    try {
      const on = (node: string) => ({ annotations: { 'volume.kubernetes.io/selected-node': node } });
      await here.claim(contextA, 'source', on('lab-a-1'));
      await here.claim(contextA, 'target', on('lab-a-2'));
      await here.shell(contextA, 'source', 'echo one >/data/file');
      // As long as it is not bound, the scheduler may choose another node for it.
      await here.shell(contextA, 'target', 'true');
      const refs = [here.ref(contextA, 'source'), here.ref(contextA, 'target')];
      const only = saidBy(await x8sync(...refs, '--strategy', 'mount'), 4);
      expect(only).toMatch(/mount: the pod can't be scheduled: .*nodes/);
      expect(await here.leftovers()).toEqual([]);
      const ended = await x8sync(...refs, '-o', 'json');
      expect(documentOf(ended)).toMatchObject({
        outcome: 'ok',
        strategy: 'clusterip',
        warnings: [expect.stringMatching(/^Not mount: the pod can't be scheduled: .*; clusterip is tried/)],
      });
      expect(await here.inspect(contextA, 'target', 'cat file')).toBe('one\n');
    } finally {
      await here.close();
    }
  },
);

test.concurrent('within one cluster, in another namespace, its own network is enough', async () => {
  const other = await Scene.open('strategies-other');
  try {
    await other.claim(contextA, 'target');
    const ended = await x8sync(source, other.ref(contextA, 'target'), '-o', 'json');
    expect(documentOf(ended)).toMatchObject({
      outcome: 'ok',
      strategy: 'clusterip',
      address: expect.stringMatching(/:22$/),
      lost: [],
    });
    await expectCopied(contextA, 'target', other);
  } finally {
    await other.close();
  }
});

test.concurrent('between clusters a node port is tried first', async () => {
  await scene.claim(contextB, 'nodeport');
  const ended = await x8sync(source, scene.ref(contextB, 'nodeport'), '-o', 'json');
  const address = expect.stringMatching(/:3\d{4}$/);
  expect(documentOf(ended)).toMatchObject({ outcome: 'ok', strategy: 'nodeport', address, lost: [] });
  await expectCopied(contextB, 'nodeport');
});

test.concurrent('where neither cluster reaches the other this workstation joins two port-forwards, again where one broke', async () => {
  await scene.claim(contextB, 'relayed');
  const target = scene.ref(contextB, 'relayed');
  // The holes of a file of 24 MiB are sent as zeros.
  const running = startX8sync(source, target, '--strategy', 'relay', '--bwlimit', '4M');
  await running.saw('through this workstation');
  const task = taskOf(running.output.stderr);
  // Nothing is copied while it is held: all goes through it.
  const made = await held(running, async () => {
    // With its pod all streams to the source break.
    const seen = await scene.leftovers(task);
    await kubectl(contextA, ['-n', scene.namespace, 'delete', 'pod', `x8sync-${task}-source-0`, '--now']);
    return seen;
  });
  // No Service leads to the source.
  expect(made.filter((name) => name.includes('service/'))).toEqual([]);
  saidBy(await running.ended, 0);
  await expectCopied(contextB, 'relayed');
  const again = documentOf(await x8sync(source, target, '--strategy', 'relay', '-o', 'json'));
  expect(again).toMatchObject({ outcome: 'ok', strategy: 'relay', stats: { transferredFiles: 0 } });
});

test('--strategy that is none', async () => {
  const ended = saidBy(await x8sync(source, scene.ref(contextB, 'x'), '--strategy', 'carrier-pigeon'), 2);
  expect(ended).toMatch(/nodeport/);
});

test('no Secret is left in either cluster after all of these', async () => {
  expect(await scene.leftovers()).toEqual([]);
});
