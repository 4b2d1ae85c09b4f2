/** Block volumes: what differs is sent and nothing else, what is larger, mixed or somebody else's is refused. */
import { afterAll, expect, test } from '@jest/globals';
import { contextA, contextB } from './support/contexts.ts';
import { Scene } from './support/scene.ts';
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

// Not in beforeAll: concurrent tests begin before it.
await scene.claim(contextA, 'source', { ...device, size: '64Mi' });
await change(contextA, 'source', 'put if=/dev/urandom count=100; put if=/dev/urandom count=16 seek=800');

test.concurrent('a device is copied to a new claim, only what differs is sent, and one bit is found', async () => {
  const first = await copied('--create-target', '--verify', '--name', 'device', source, target);
  expect(first).toMatchObject({
    ...{ outcome: 'ok', strategy: 'nodeport', verification: { unit: 'blocks', entries: 1024, different: 0 } },
    device: { blocks: 1024, differing: 116, sentBytes: 116 * blockBytes, zeroedBytes: 0 },
  });
  expect(await digest(contextB, 'target')).toBe(await digest(contextA, 'source'));

  await change(contextA, 'source', 'put if=/dev/zero count=32 seek=40; put if=/dev/urandom count=1 seek=10');
  // No root, but in the group that nodes give their disks.
  const again = await copied('--strategy', 'relay', '--run-as', '65532:6', source, target);
  expect(again.device).toMatchObject({ differing: 33, sentBytes: blockBytes, zeroedBytes: 2 * mebibyte });
  expect(await digest(contextB, 'target')).toBe(await digest(contextA, 'source'));

  await change(contextB, 'target', 'printf X | dd of=data bs=1 seek=655360 conv=notrunc 2>&1');
  const verified = await x8sync('verify', 'device', '--context', contextB, '-o', 'json');
  saidBy(verified, 5);
  expect(documentOf<{ differences: object[] }>(verified).differences).toEqual([
    { path: 'bytes 655360–720895', aspects: ['content'], detail: 'content differs' },
  ]);
});

test('nothing but records is left of all of these', async () => {
  expect(await scene.leftovers()).toEqual([]);
});
