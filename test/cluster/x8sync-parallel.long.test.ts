/** Large files over several streams, in ranges. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { StreamsReport } from '../../plugins/x8sync/mover/protocol/protocol.ts';
import { contextA, contextB } from './support/contexts.ts';
import { Scene } from './support/scene.ts';
import { type CopyDocument, documentOf, x8sync } from './support/x8sync.ts';

type ParallelDocument = CopyDocument & { readonly streams: StreamsReport };

let scene: Scene;
beforeAll(async () => {
  scene = await Scene.open('parallel');
});
afterAll(() => scene.close());

test('a file of 24 GiB that holds little, and a large one in ranges', async () => {
  await Promise.all(
    ['large', 'copy'].map((claim) => scene.claim(claim === 'large' ? contextA : contextB, claim)),
  );
  const holes =
    'truncate -s 24G holes; for at in 0 9000 24575; do echo $at | dd of=holes bs=1M seek=$at conv=notrunc; done';
  await scene.shell(
    contextA,
    'large',
    `cd /data; ${holes}; head -c 150M /dev/urandom >large; touch -d @1000.5 holes large`,
  );
  const claims = [scene.ref(contextA, 'large'), scene.ref(contextB, 'copy')];
  const ended = documentOf<ParallelDocument>(await x8sync(...claims, '--parallelism', '2', '-o', 'json'));
  expect(ended).toMatchObject({ outcome: 'ok', streams: { parallelism: 2, files: 2, partitions: 0 } });
  const look = `stat -c '%n %s %y' holes large; sha1sum large; stat -c %b holes
    for at in 0 9000 24575; do dd if=holes bs=1M skip=$at count=1 status=none | sha1sum; done`;
  const [before, after] = await Promise.all([
    scene.inspect(contextA, 'large', look),
    scene.inspect(contextB, 'copy', look),
  ]);
  expect(after.split('\n').filter((line) => !/^\d+$/.test(line))).toEqual(
    before.split('\n').filter((line) => !/^\d+$/.test(line)),
  );
  expect(Number(/^\d+$/m.exec(after)?.[0])).toBeLessThan(10_000);
});
