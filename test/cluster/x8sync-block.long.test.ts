/** Block volumes: only what differs is sent; devices that are attached to one pod, cut over, or refused. */
import { afterAll, expect, test } from '@jest/globals';
import { apply } from './support/clients.ts';
import { contextA, contextB } from './support/contexts.ts';
import { kubectl } from './support/kubectl.ts';
import { Scene, shellImage } from './support/scene.ts';
import { type CopyDocument, documentOf, saidBy, x8sync } from './support/x8sync.ts';

interface DeviceDocument extends CopyDocument {
  readonly strategy: string;
  readonly device: Readonly<Record<'blocks' | 'differing' | 'sentBytes' | 'zeroedBytes', number>>;
}

const scene = await Scene.open('block');
afterAll(() => scene.close());
const [source, target] = [scene.ref(contextA, 'source'), scene.ref(contextB, 'target')];
const [mebibyte, blockBytes] = [1 << 20, 65_536];
const device = { storageClass: 'block', volumeMode: 'Block' } as const;

const change = (context: string, claim: string, script: string) =>
  scene.run(context, {
    claim,
    isDevice: true,
    script: `cd /dev\nput() { dd of=data bs=64K conv=notrunc "$@" 2>&1; }\n${script}`,
  });
const digest = async (context: string, claim: string) =>
  (await change(context, claim, 'head -c 64M data | sha256sum')).split(' ')[0];
const copied = async (...args: string[]) => {
  const ended = await x8sync(...args, '-o', 'json');
  saidBy(ended, 0);
  return documentOf<DeviceDocument>(ended);
};

/** Writes all the time what nobody else writes; ready once the device holds some of it. */
const writer = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'writer' },
  spec: {
    replicas: 1,
    strategy: { type: 'Recreate' },
    selector: { matchLabels: { app: 'writer' } },
    template: {
      metadata: { labels: { app: 'writer' } },
      spec: {
        terminationGracePeriodSeconds: 1,
        containers: [
          {
            name: 'writer',
            image: shellImage,
            command: [
              'bash',
              '-c',
              'for i in {1..100000}; do echo "row $i" | dd of=/dev/data bs=64K seek=$((i % 1000)) conv=notrunc,fsync; touch /tmp/written; done',
            ],
            readinessProbe: { exec: { command: ['test', '-e', '/tmp/written'] }, periodSeconds: 1 },
            volumeDevices: [{ name: 'data', devicePath: '/dev/data' }],
          },
        ],
        volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'written' } }],
      },
    },
  },
};

// Not in beforeAll: concurrent tests begin before it.
await scene.claim(contextA, 'source', { ...device, size: '64Mi' });
await scene.claim(contextA, 'written', { ...device, size: '64Mi' });
const fill = 'put if=/dev/urandom count=100; put if=/dev/urandom count=16 seek=800';
await change(contextA, 'source', fill);

test.concurrent('a device is copied to a new claim, only what differs is sent, and one bit is found', async () => {
  // Of its own: others copy the source meanwhile.
  await scene.claim(contextA, 'edited', { ...device, size: '64Mi' });
  await change(contextA, 'edited', fill);
  const [from, to] = [scene.ref(contextA, 'edited'), scene.ref(contextB, 'edited')];
  const first = await copied('--create-target', '--verify', '--name', 'device', from, to);
  expect(first).toMatchObject({
    ...{ outcome: 'ok', strategy: 'nodeport', verification: { unit: 'blocks', entries: 1024, different: 0 } },
    device: { blocks: 1024, differing: 116, sentBytes: 116 * blockBytes, zeroedBytes: 0 },
  });
  expect(await digest(contextB, 'edited')).toBe(await digest(contextA, 'edited'));

  await change(contextA, 'edited', 'put if=/dev/zero count=32 seek=40; put if=/dev/urandom count=1 seek=10');
  // No root, but in the group that nodes give their disks.
  const again = await copied('--strategy', 'relay', '--run-as', '65532:6', from, to);
  expect(again.device).toMatchObject({ differing: 33, sentBytes: blockBytes, zeroedBytes: 2 * mebibyte });
  expect(await digest(contextB, 'edited')).toBe(await digest(contextA, 'edited'));

  await change(contextB, 'edited', 'printf X | dd of=data bs=1 seek=655360 conv=notrunc 2>&1');
  const verified = await x8sync('verify', 'device', '--context', contextB, '-o', 'json');
  saidBy(verified, 5);
  expect(documentOf<{ differences: object[] }>(verified).differences).toEqual([
    { path: 'bytes 655360–720895', aspects: ['content'], detail: 'content differs' },
  ]);
});

test.concurrent('two devices of one namespace are attached to one pod; a running workload is cut over', async () => {
  await apply(contextA, scene.namespace, writer);
  await kubectl(contextA, [
    '-n',
    scene.namespace,
    'rollout',
    'status',
    'deployment/writer',
    '--timeout=180s',
  ]);
  const near = scene.ref(contextA, 'near');
  const said = saidBy(
    await x8sync('--cutover', '--then', 'nothing', '--create-target', scene.ref(contextA, 'written'), near),
    0,
  );
  expect(said).toMatch(/writer/);
  const [from, to] = [await digest(contextA, 'written'), await digest(contextA, 'near')];
  expect(to).toBe(from);
  const { strategy, device: found } = await copied('--dry-run', scene.ref(contextA, 'written'), near);
  expect({ strategy, differing: found.differing }).toEqual({ strategy: 'mount', differing: 0 });
});

test.concurrent('what is smaller, holds something else, or files is refused, and so are options about files', async () => {
  await Promise.all([
    scene.claim(contextB, 'small', { ...device, size: '63Mi' }),
    scene.claim(contextB, 'other', { ...device, size: '64Mi' }),
    scene.claim(contextB, 'files'),
    scene.claim(contextB, 'target', { ...device, size: '64Mi' }),
  ]);
  const refused = async (code: number, ...args: string[]) => saidBy(await x8sync(...args), code);
  expect(await refused(3, source, scene.ref(contextB, 'small'))).toMatch(
    /the source's device has 67108864 bytes, and the target's 66060288/,
  );
  const grown = await copied('--grow-target', '--verify', source, scene.ref(contextB, 'small'));
  expect(grown).toMatchObject({ outcome: 'ok', verification: { entries: 1024, different: 0 } });

  await change(contextB, 'other', 'put if=/dev/urandom count=20 seek=500');
  const before = await digest(contextB, 'other');
  expect(await refused(3, source, scene.ref(contextB, 'other'))).toMatch(/--yes overwrites it/);
  expect(await digest(contextB, 'other')).toBe(before);
  expect(await refused(2, source, scene.ref(contextB, 'files'))).toMatch(
    /is a block volume.*\n.*--create-target/,
  );
  expect(await refused(2, '--exclude', '*.log', '--chown', '1:1', source, target)).toMatch(
    /--exclude, --chown: that is for files/,
  );
});

test('nothing but records is left of all of these', async () => {
  expect(await scene.leftovers()).toEqual([]);
});
