/** What of a file a copy keeps, and what is said where something can't be kept. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { contextA, contextB } from './support/contexts.ts';
import { manyKinds } from './support/files.ts';
import { kubectl } from './support/kubectl.ts';
import { Scene } from './support/scene.ts';
import { differences, treeOf } from './support/tree.ts';
import { documentOf, saidBy, x8sync } from './support/x8sync.ts';

let scene: Scene;

beforeAll(async () => {
  scene = await Scene.open('fidelity');
  await scene.claim(contextA, 'source');
  await scene.shell(contextA, 'source', manyKinds);
});
afterAll(() => scene.close());

describe('a copy as root', () => {
  test('keeps all of every kind of file, and a second one finds nothing to do', async () => {
    const before = await treeOf(scene, contextA, 'source');
    expect(before.size).toBeGreaterThan(60);
    await scene.claim(contextB, 'target');
    const args = [scene.ref(contextA, 'source'), scene.ref(contextB, 'target'), '-o', 'json'];

    const first = await x8sync(...args);
    expect(first).toMatchObject({ code: 0, stderr: '' });
    const copied = await treeOf(scene, contextB, 'target');
    expect(differences(before, copied)).toEqual([]);
    expect(Number(copied.get('sparse')?.blocks)).toBeLessThan(1000);
    // A volume of a node: nothing of the source was touched, owners and modes least of all.
    expect(differences(before, await treeOf(scene, contextA, 'source'))).toEqual([]);

    const again = documentOf(await x8sync(...args));
    expect(again).toMatchObject({ outcome: 'ok', stats: { transferredFiles: 0, extraneous: 0 } });
    expect(differences(before, await treeOf(scene, contextB, 'target'))).toEqual([]);
    expect(await scene.leftovers()).toEqual([]);
  });
});

describe('trusted.* attributes', () => {
  const label = 'trusted.x8s-test';
  const baseline = { 'pod-security.kubernetes.io/enforce': 'baseline' };
  const read = (where: Scene, context: string, claim: string) =>
    where.shell(context, claim, `cd /data; getfattr --only-values -n ${label} brick`, { privileged: true });
  let from: Scene;

  beforeAll(async () => {
    from = await Scene.open('trusted');
    await from.claim(contextA, 'source');
    const script = `echo data >/data/brick; setfattr -n ${label} -v kept /data/brick`;
    await from.shell(contextA, 'source', script, { privileged: true });
  });
  afterAll(() => from.close());

  test('are copied with --trusted-xattrs, and are another task than a copy without them', async () => {
    await from.claim(contextB, 'target');
    const claims = [from.ref(contextA, 'source'), from.ref(contextB, 'target'), '--name', 'brick'];
    saidBy(await x8sync(...claims, '--trusted-xattrs'), 0);
    expect(await read(from, contextB, 'target')).toBe('kept');
    expect(saidBy(await x8sync(...claims), 3)).toMatch(/trustedXattrs/);
    expect(await from.leftovers()).toEqual([]);
  });

  test('that the target may not have are said, and the exit code is 5; a source that may not look is refused', async () => {
    const strict = await Scene.open('trusted-baseline', baseline);
    try {
      await Promise.all([strict.claim(contextA, 'source'), strict.claim(contextB, 'target')]);
      const target = strict.ref(contextB, 'target');
      const said = saidBy(await x8sync(from.ref(contextA, 'source'), target, '--trusted-xattrs'), 5);
      expect(said).toMatch(/admits no CAP_SYS_ADMIN .* trusted\.\* attributes are not kept/);
      expect(said).toMatch(/not kept {5}xattrs/);
      expect(await strict.inspect(contextB, 'target', 'cat brick')).toBe('data\n');
      await strict.shell(contextA, 'source', 'echo data >/data/file');
      const refused = saidBy(await x8sync(strict.ref(contextA, 'source'), target, '--trusted-xattrs'), 3);
      expect(refused).toMatch(/admits no pod[\s\S]*SYS_ADMIN[\s\S]*'privileged'/);
      expect(await strict.leftovers()).toEqual([]);
    } finally {
      await strict.close();
    }
  });
});

test('security.* attributes are lost without --trusted-xattrs, which is named, and kept with it', async () => {
  const own = await Scene.open('security');
  try {
    const set = 'setfattr -n security.x8s-test -v kept';
    const script = `echo data >/data/file; ${set} /data/file`;
    await Promise.all([
      own.claim(contextA, 'source'),
      own.claim(contextB, 'plain'),
      own.claim(contextB, 'all'),
    ]);
    await own.shell(contextA, 'source', script, { privileged: true });
    const source = own.ref(contextA, 'source');
    const said = saidBy(await x8sync(source, own.ref(contextB, 'plain')), 5);
    expect(said).toMatch(/security\.\* attributes are kept with --trusted-xattrs/);
    saidBy(await x8sync(source, own.ref(contextB, 'all'), '--trusted-xattrs'), 0);
    const read = 'cd /data; getfattr --only-values -n security.x8s-test file';
    expect(await own.shell(contextB, 'all', read, { privileged: true })).toBe('kept');
  } finally {
    await own.close();
  }
});

describe('a namespace that admits no root', () => {
  const restricted = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  let strict: Scene;
  beforeAll(async () => {
    strict = await Scene.open('restricted', restricted);
  });
  afterAll(() => strict.close());

  test('gets the files without owners, which is said, and the exit code is 5', async () => {
    await strict.claim(contextB, 'target');
    const ended = await x8sync(scene.ref(contextA, 'source'), strict.ref(contextB, 'target'));
    expect(ended.code).toBe(5);
    expect(ended.stderr).toMatch(/admits no root/);
    expect(ended.stderr).toMatch(/could (not )?be kept|could not be copied/);
    expect(ended.stdout).toMatch(/not kept {5}.*ownership/);
    const [source, target] = await Promise.all([
      treeOf(scene, contextA, 'source'),
      treeOf(strict, contextB, 'target'),
    ]);
    expect(target.get('plain/1')).toMatchObject({ sha256: source.get('plain/1')?.sha256, uid: '65532' });
    expect(target.get('plain/7')?.mtime).toBe(source.get('plain/7')?.mtime);
    expect(await strict.leftovers()).toEqual([]);
  });

  test('gives what an ordinary user may read, names what is missing, and the exit code is 5', async () => {
    const later = await Scene.open('restricted-source');
    try {
      await Promise.all([later.claim(contextA, 'source'), later.claim(contextB, 'target')]);
      const script = 'cd /data; echo open >open; echo secret >closed; chmod 600 closed';
      await later.shell(contextA, 'source', script);
      const label = Object.entries(restricted).map(([key, value]) => `${key}=${value}`);
      await kubectl(contextA, ['label', 'namespace', later.namespace, ...label]);
      const said = saidBy(await x8sync(later.ref(contextA, 'source'), later.ref(contextB, 'target')), 5);
      expect(said).toMatch(/admits no root .* may not read is not copied/);
      expect(said).toMatch(/closed.*Permission denied/);
      expect(await later.inspect(contextB, 'target', 'ls -A; cat open')).toBe('open\nopen\n');
    } finally {
      await later.close();
    }
  });
});
