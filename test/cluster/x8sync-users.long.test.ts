/** Pods that are no root: who they run as, and how they may write to a volume as CSI drivers make them. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { contextA, contextB, isLab } from './support/contexts.ts';
import { kubectl } from './support/kubectl.ts';
import { Scene } from './support/scene.ts';
import { saidBy, x8sync } from './support/x8sync.ts';

const onLab = isLab ? test : test.skip;
let scene: Scene;
let source: string;

beforeAll(async () => {
  scene = await Scene.open('users');
  source = scene.ref(contextA, 'source');
  await Promise.all([
    scene.claim(contextA, 'source'),
    scene.claim(contextB, 'full', { storageClass: 'ext4' }),
  ]);
  const files =
    'cd /data; echo open >open; echo closed >closed; chmod 600 closed; chown -R 1000:1000 .; chmod 700 .';
  await scene.shell(contextA, 'source', files);
  await scene.shell(contextB, 'full', 'echo mine >/data/mine; chmod 600 /data/mine');
  const label = 'pod-security.kubernetes.io/enforce=restricted';
  await Promise.all(
    scene.contexts.map((context) => kubectl(context, ['label', 'namespace', scene.namespace, label])),
  );
});
afterAll(() => scene.close());

const owners = (claim: string) =>
  scene.inspect(contextB, claim, "stat -c '%n %u:%g %a' . open closed | sort");

onLab('--run-as reads what belongs to that user; --fs-group lets it into a fresh volume, once', async () => {
  await scene.claim(contextB, 'fresh', { storageClass: 'ext4' });
  const args = [source, scene.ref(contextB, 'fresh'), '--run-as', '1000', '--fs-group', '2000'];
  const said = saidBy(await x8sync(...args), 0);
  expect(said).toMatch(/runs as 1000:1000 \(--run-as\)/);
  const files = await owners('fresh');
  expect(files).toContain('closed 1000:1000 600\nopen 1000:1000 644\n');
  // Again: the group may write by now, and nothing that is there is rewritten.
  await scene.inspect(contextB, 'fresh', 'rm open');
  saidBy(await x8sync(...args), 0);
  expect(await owners('fresh')).toBe(files);
  expect(await scene.leftovers()).toEqual([]);
});

onLab('--fs-group is refused for a volume that holds something, and nothing in it is touched', async () => {
  const before = await scene.inspect(contextB, 'full', "stat -c '%n %u:%g %a %Z' . mine");
  const target = scene.ref(contextB, 'full');
  const said = saidBy(await x8sync(source, target, '--run-as', '1000', '--fs-group', '2000'), 3);
  expect(said).toMatch(/holds 1 entry: --fs-group would rewrite/);
  expect(said).toMatch(/belongs to 0:0 and has mode 0755/);
  expect(await scene.inspect(contextB, 'full', "stat -c '%n %u:%g %a %Z' . mine")).toBe(before);
  expect(await scene.leftovers()).toEqual([]);
});

onLab('a dry run with --fs-group leaves a fresh volume as it is', async () => {
  await scene.claim(contextB, 'tried', { storageClass: 'ext4' });
  const args = [source, scene.ref(contextB, 'tried'), '--run-as', '1000', '--fs-group', '2000'];
  saidBy(await x8sync(...args, '--dry-run'), 0);
  expect(await scene.inspect(contextB, 'tried', "stat -c '%u:%g %a' .")).toBe('0:0 755\n');
});

onLab(
  'a fresh volume is refused in words: which user, whose folder, which mode, and what to do',
  async () => {
    await scene.claim(contextB, 'closed', { storageClass: 'ext4' });
    const said = saidBy(await x8sync(source, scene.ref(contextB, 'closed'), '--run-as', '1000'), 3);
    const words =
      "user 1000 can't write to the root folder of the target volume: it belongs to 0:0 and has mode 0755";
    expect(said).toContain(words);
    expect(said).toMatch(/hint: --run-as .*--fs-group GID/);
    expect(await scene.leftovers()).toEqual([]);
  },
);

test("a source whose root folder is another user's alone is refused in words", async () => {
  await scene.claim(contextB, 'unread');
  const said = saidBy(await x8sync(source, scene.ref(contextB, 'unread')), 1);
  const words =
    "user 65532 can't read the root folder of the source volume: it belongs to 1000:1000 and has mode 0700";
  expect(said).toContain(`the source's pod can't start: ${words}`);
  expect(said).toMatch(/hint: --run-as UID\[:GID\] names a user who may read it/);
  expect(await scene.leftovers()).toEqual([]);
});

test.each([
  [['--run-as', 'root'], /UID:GID/],
  [['--run-as', '0', '--fs-group', '1'], /--fs-group/],
  [['--run-as', '1', '--trusted-xattrs'], /--trusted-xattrs/],
  [['--fs-group', 'staff'], /--fs-group/],
])('%j is wrong usage', async (flags, words) => {
  expect(saidBy(await x8sync(source, source, ...flags), 2)).toMatch(words);
});
