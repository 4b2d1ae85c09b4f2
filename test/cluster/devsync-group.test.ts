/** A sync in which several pods take part: one writes back, the others are made like this workstation. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import type { Workplace } from './support/devsync.ts';
import { syncMany } from './support/many.ts';
import { workplaces } from './support/workplaces.ts';

const { open } = workplaces();

test('every pod gets what is saved here, one writes back, and the others’ own changes are put right', async () => {
  const it = open();
  const { writer, followers, one, pods, everywhere } = await syncMany(it);
  const table = await it.must('get');
  for (const pod of followers) expect(table).toMatch(new RegExp(`^many .*${pod} .* follower `, 'm'));
  expect(table).toMatch(new RegExp(`^many .*${writer} .* writer `, 'm'));

  it.write('a', 'two');
  await everywhere('a', 'two');
  await eventually(async () => {
    for (const pod of pods) expect(await it.sh(pod, 'cat /tmp/reloads')).toBe('once\n');
  });

  await it.sh(writer, 'echo -n written there >/work/made; echo -n three >/work/deep/b');
  await everywhere('made', 'written there');
  await everywhere('deep/b', 'three');
  expect(it.read('made')).toBe('written there');
  await expectListed(it, pods, one);

  await it.sh(one, 'echo -n mine >/work/a; echo -n mine >/work/own');
  await everywhere('a', 'two');
  await eventually(async () => expect(await it.sh(one, 'ls /work')).toBe('a\ndeep\nmade\n'));
  expect([it.read('a'), existsSync(join(it.local, 'own'))]).toEqual(['two', false]);
  expect(await it.must('restore', 'many')).toMatch(/local .* own$/m);
});

interface Listed {
  readonly pod?: string;
  readonly container?: string;
  readonly kind: string;
  readonly path: string;
}

/** `list` tells the files of this side and of each container's, of a sync and of any directory. */
async function expectListed(it: Workplace, pods: readonly string[], one: string): Promise<void> {
  const list = async (...args: string[]) =>
    JSON.parse(await it.must('list', ...args, '-o', 'json')) as Listed[];
  const files = ['a', 'deep', 'deep/b', 'made'];
  const pathsOf = (listed: readonly Listed[], pod?: string) =>
    listed
      .filter((file) => file.pod === pod)
      .map(({ path }) => path)
      .sort();
  expect(pathsOf(await list('many'))).toEqual(files);
  const there = await list('many', '--side', 'container');
  for (const pod of pods) expect(pathsOf(there, pod)).toEqual(files);
  const alone = await list('many', '--pod', one);
  expect([pathsOf(alone, one), alone.length]).toEqual([files, files.length]);
  // A directory that no sync knows of, by labels.
  await it.sh(one, 'mkdir -p /srv/data; echo x >/srv/data/mine');
  const others = pods.filter((pod) => pod !== one);
  for (const pod of others) await it.sh(pod, 'mkdir -p /srv/data');
  const byLabels = await list('-l', 'app=many', '/srv/data');
  expect(byLabels).toEqual([{ pod: one, container: 'app', kind: 'file', path: 'mine', size: 2 }]);
  expect(await it.sh(one, 'ls -A /srv')).toBe('data\n');
  expect(await it.must('list', '-l', 'app=many', '/work')).toMatch(
    new RegExp(`^${one}/app +file +3 +a`, 'm'),
  );
}
