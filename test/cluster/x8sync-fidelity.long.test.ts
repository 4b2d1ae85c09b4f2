/** Attributes that ordinary copies may not have, and sources that an ordinary user reads. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { contextA, contextB } from './support/contexts.ts';
import { manyKinds } from './support/files.ts';
import { kubectl } from './support/kubectl.ts';
import { Scene } from './support/scene.ts';
import { saidBy, x8sync } from './support/x8sync.ts';

let scene: Scene;

beforeAll(async () => {
  scene = await Scene.open('fidelity');
  await scene.claim(contextA, 'source');
  await scene.shell(contextA, 'source', manyKinds);
});
afterAll(() => scene.close());

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
