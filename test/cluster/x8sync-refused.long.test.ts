/** More that is refused, and takes its time to be: what is waited for, clusters that never answer, pods that never come up. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { eventuallySees } from '../support/eventually.ts';
import { apply } from './support/clients.ts';
import { contextA, contextB, isLab } from './support/contexts.ts';
import { someFiles } from './support/files.ts';
import { clusterOf, otherKubeconfig } from './support/kubeconfigs.ts';
import { kubectl, plugin } from './support/kubectl.ts';
import { expectEnd, expectNoRecords } from './support/refused-run.ts';
import { Scene } from './support/scene.ts';
import { documentOf, saidBy, startX8sync, x8sync } from './support/x8sync.ts';

let scene: Scene;
let source: string;
let target: string;

beforeAll(async () => {
  scene = await Scene.open('refused');
  source = scene.ref(contextA, 'source');
  target = scene.ref(contextB, 'target');
  await Promise.all([scene.claim(contextA, 'source'), scene.claim(contextB, 'target')]);
  await scene.shell(contextA, 'source', someFiles(8));
});
afterEach(async () => {
  expect(await scene.leftovers()).toEqual([]);
});
afterAll(() => scene.close());

/** Watches of single claims that clients have at the source's API server: whoever waits for a claim has one. */
async function claimWatches(): Promise<number> {
  const metrics = await kubectl(contextA, ['get', '--raw', '/metrics']);
  const [, count] =
    /^apiserver_longrunning_requests\{.*resource="persistentvolumeclaims",scope="resource".*\} (\d+)$/m.exec(
      metrics,
    ) ?? [];
  return Number(count ?? 0);
}

describe('claims that will not do', () => {
  test('a source that waits for the volume that it names is waited for', async () => {
    const volumeName = `${scene.namespace}-late`;
    const spec = { accessModes: ['ReadWriteOnce'], storageClassName: '', volumeName };
    const storage = '64Mi';
    await apply(contextA, scene.namespace, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'late' },
      spec: { ...spec, resources: { requests: { storage } } },
    });
    const running = startX8sync('--allow-empty', scene.ref(contextA, 'late'), target);
    try {
      await eventuallySees(claimWatches, (count) => count > 0);
      await apply(contextA, scene.namespace, {
        apiVersion: 'v1',
        kind: 'PersistentVolume',
        metadata: { name: volumeName },
        spec: {
          accessModes: spec.accessModes,
          capacity: { storage },
          hostPath: { path: '/tmp/x8s-late', type: 'DirectoryOrCreate' },
        },
      });
      saidBy(await running.ended, 0);
    } finally {
      await kubectl(contextA, ['delete', 'pv', volumeName, '--wait=false']);
      saidBy(await x8sync('cleanup', '--all', '-n', scene.namespace, '--context', contextB), 0);
    }
  });

  test('an empty source is refused with --force and without, which leaves the target alone', async () => {
    await Promise.all([scene.claim(contextA, 'empty'), scene.claim(contextB, 'full')]);
    await scene.shell(contextA, 'empty', 'true');
    await scene.shell(contextB, 'full', 'echo precious >/data/file');
    const pair = [scene.ref(contextA, 'empty'), scene.ref(contextB, 'full')];
    const told = [/empty/, /not touched|not begun/, /--allow-empty/];
    for (const force of [['--force', '--yes'], []]) {
      await expectEnd(3, told, ...pair, ...force);
      expect(await scene.inspect(contextB, 'full', 'cat file')).toBe('precious\n');
      await expectNoRecords(scene);
    }
  });

  (isLab ? test : test.skip)('a target with less room: bytes, unless it may grow', async () => {
    await scene.claim(contextB, 'small', { size: '4Mi', storageClass: 'tmpfs' });
    const small = scene.ref(contextB, 'small');
    await expectEnd(3, [/too little room/, /\d+ bytes/, /--grow-target/], source, small);
    expect(await scene.inspect(contextB, 'small', 'ls -A')).toBe('');
    await expectNoRecords(scene);
    saidBy(await x8sync('--grow-target', '--verify', source, small), 0);
    saidBy(await x8sync('cleanup', '--all', '-n', scene.namespace, '--context', contextB), 0);
  });

  (isLab ? test : test.skip)('a target with less room: inodes', async () => {
    const annotations = { 'lab.x8s.dev/inodes': '50' };
    await scene.claim(contextB, 'few', { size: '64Mi', storageClass: 'tmpfs', annotations });
    await expectEnd(3, [/too little room/, /\d+ inodes/], source, scene.ref(contextB, 'few'));
    expect(await scene.inspect(contextB, 'few', 'ls -A')).toBe('');
    await expectNoRecords(scene);
  });
});

describe('a task name that will not do', () => {
  test.each([
    ['underscores', 'move_db'],
    ['a dash at its end', 'move-'],
  ])('a task name with %s', async (_, name) => {
    await expectEnd(2, [/name/], source, target, '--name', name);
    await expectNoRecords(scene);
  });
});

describe('a name in use', () => {
  test('with another spec is refused, with the difference', async () => {
    const args = [source, target, '--name', 'taken'];
    await scene.claim(contextB, 'another');
    saidBy(await x8sync(...args, '--dry-run'), 0);
    await expectEnd(3, [/taken/, /mode: .*dry-run.*merge/, /Use another name|clean that task up/], ...args);
    await expectEnd(3, [/taken/, /targetClaim/], source, scene.ref(contextB, 'another'), '--name', 'taken');
    saidBy(await x8sync('cleanup', 'taken', '--context', contextB), 0);
    await expectNoRecords(scene);
  });
});

describe('clusters that do not answer, or say no', () => {
  test.each(['source', 'target'])(
    'a copy whose %s is in a cluster that never answers ends within --request-timeout, and leaves nothing',
    async (side) => {
      const context = side === 'source' ? contextA : contextB;
      const fakeProxy = createServer().listen(0, '127.0.0.1');
      await once(fakeProxy, 'listening');
      const { port } = fakeProxy.address() as AddressInfo;
      const names = { [contextA]: contextA, [contextB]: contextB };
      const other = await otherKubeconfig(names, clusterOf(context), `http://127.0.0.1:${port}`);
      try {
        const args = [source, target, '--request-timeout', '3s'];
        const ended = await plugin('x8sync', args, { KUBECONFIG: other.path });
        expect(saidBy(ended, 4)).toMatch(new RegExp(`error: ${context}: no answer from https:.* within 3 s`));
        await expectNoRecords(scene);
      } finally {
        fakeProxy.close();
        await other.remove();
      }
    },
  );
});

describe('pods that do not come up', () => {
  test("a pod that can't be scheduled is given --timeout, and the scheduler's reason is told", async () => {
    await scene.claim(contextA, 'nowhere', { storageClass: 'no-such-class' });
    // Both claims in one cluster: there is no other pod that could be up too late.
    await expectEnd(
      124,
      [/not up after 5 s/, /can't be scheduled|unbound|storageclass/i],
      source,
      scene.ref(contextA, 'nowhere'),
      '--timeout',
      '5s',
    );
    await expectNoRecords(scene);
  });

  test('an image that can not be pulled is said at the second failure', async () => {
    const ended = await x8sync(source, target, '--image', 'registry.invalid/no/such:1', '-o', 'json');
    expect(ended.code).toBe(1);
    expect(documentOf<{ error: { message: string } }>(ended).error.message).toMatch(
      /image registry\.invalid\/no\/such:1 can't be pulled/,
    );
    await expectNoRecords(scene);
  });
});
