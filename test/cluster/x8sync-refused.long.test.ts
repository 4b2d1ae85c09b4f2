/** More that is refused, and takes its time to be: what is waited for, clusters that never answer, pods that never come up. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { eventuallySees } from '../support/eventually.ts';
import { apply, get } from './support/clients.ts';
import { contextA, contextB, isLab } from './support/contexts.ts';
import { someFiles } from './support/files.ts';
import { clusterOf, otherKubeconfig } from './support/kubeconfigs.ts';
import { kubectl, plugin } from './support/kubectl.ts';
import { Scene } from './support/scene.ts';
import { saidBy, startX8sync, x8sync } from './support/x8sync.ts';

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

/** Runs it and expects it to end so, with a message that has all these parts. */
async function expectEnd(code: number, parts: (string | RegExp)[], ...args: string[]): Promise<void> {
  const text = saidBy(await x8sync(...args), code);
  for (const part of parts) expect(text).toMatch(part);
}

/** Watches of single claims that clients have at the source's API server: whoever waits for a claim has one. */
async function claimWatches(): Promise<number> {
  const metrics = await kubectl(contextA, ['get', '--raw', '/metrics']);
  const [, count] =
    /^apiserver_longrunning_requests\{.*resource="persistentvolumeclaims",scope="resource".*\} (\d+)$/m.exec(
      metrics,
    ) ?? [];
  return Number(count ?? 0);
}

/** No task of this run, finished or not. */
async function expectNoRecords(): Promise<void> {
  const label = 'app.kubernetes.io/managed-by=kubectl-x8sync';
  const found = await Promise.all(
    scene.contexts.map((context) => get(context, scene.namespace, 'configmaps', label)),
  );
  expect(found.flat().map(({ metadata }) => metadata.name)).toEqual([]);
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
      await expectNoRecords();
    }
  });

  (isLab ? test : test.skip)('a target with less room: inodes', async () => {
    const annotations = { 'lab.x8s.dev/inodes': '50' };
    await scene.claim(contextB, 'few', { size: '64Mi', storageClass: 'tmpfs', annotations });
    await expectEnd(3, [/too little room/, /\d+ inodes/], source, scene.ref(contextB, 'few'));
    expect(await scene.inspect(contextB, 'few', 'ls -A')).toBe('');
    await expectNoRecords();
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
        await expectNoRecords();
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
    await expectNoRecords();
  });
});
