/** --verify, and verify by itself: both trees read in place, and each single thing that differs found. */
import { afterAll, expect, test } from '@jest/globals';
import { contextA, contextB } from './support/contexts.ts';
import { Scene } from './support/scene.ts';
import { type VerifyDocument, verified } from './support/verified.ts';
import { documentOf, saidBy, x8sync } from './support/x8sync.ts';

const scene = await Scene.open('verify');
afterAll(() => scene.close());
const [source, target] = [scene.ref(contextA, 'source'), scene.ref(contextB, 'target')];

const files = `
cd /data
mkdir -p folder empty; seq 20000 >folder/numbers; echo one >one; ln one two; ln -s one link
for i in $(seq 300); do echo "file $i" >folder/$i; done
chown 12:34 folder/7; setfacl -m u:1234:r folder/8; setfattr -n user.colour -v red folder/9
printf x >"$(printf 'new\\nline')"
touch -d '2001-01-01 01:01:01.010101010' folder/numbers
`;

/** Each a thing that sizes and times do not show. */
const damage = `
cd /data
keep() { touch -r "$1" /tmp/time; "\${@:2}"; touch -r /tmp/time "$1"; }
flip() { printf X | dd of=folder/numbers bs=1 seek=7000 conv=notrunc 2>&1; }
apart() { cp -a two x; mv x two; }
keep folder/numbers flip; keep . apart
chown 12:35 folder/7; setfacl -x u:1234 folder/8; setfattr -n user.colour -v blue folder/9
`;

// Not in beforeAll: concurrent tests begin before it.
await scene.claim(contextA, 'source');
await scene.shell(contextA, 'source', files);

test.concurrent('a copy is verified; one bit, one ACL, one attribute, one hard link, one owner are each found', async () => {
  await scene.claim(contextB, 'target');
  const copied = documentOf<VerifyDocument>(
    await x8sync('--verify', '--name', 'pair', source, target, '-o', 'json'),
  );
  expect(copied).toMatchObject({
    outcome: 'ok',
    verification: { entries: 308, different: 0, extraneous: 0 },
  });
  expect(saidBy(await x8sync('verify', source, target), 0)).toMatch(/The same: .*\n.*verified +308 entries/);

  await scene.shell(contextB, 'target', damage);
  const { outcome, verification, differences } = await verified(5, 'pair', '--context', contextB);
  expect({ outcome, verification }).toMatchObject({ outcome: 'differs', verification: { different: 5 } });
  expect(differences.map(({ path, aspects }) => `${path}: ${aspects.join(', ')}`)).toEqual([
    'folder/7: owner',
    'folder/8: ACL',
    'folder/9: attribute',
    'folder/numbers: content',
    'two: hard link',
  ]);
});

test('nothing but records is left of all of these', async () => {
  expect(await scene.leftovers()).toEqual([]);
});
