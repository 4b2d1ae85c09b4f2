/** Files that stay the same files in a container, and one that is mounted alone, seen from beside the container. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { forever, images } from './support/devsync.ts';
import { workplaces } from './support/workplaces.ts';

const { open } = workplaces();

const image = images.plain;
const data = { name: 'data', mountPath: '/data' };
/** The file `settings` of a volume is mounted by itself, in a directory of the container's own. */
const alone = {
  initContainers: [
    { name: 'init', image, command: ['sh', '-c', 'echo first >/data/settings'], volumeMounts: [data] },
  ],
  containers: [
    {
      ...{ name: 'app', image, command: forever },
      volumeMounts: [data, { name: 'data', mountPath: '/work/settings', subPath: 'settings' }],
    },
  ],
  volumes: [{ name: 'data', emptyDir: {} }],
};

test('a file stays the same file with its time, a mounted one stays mounted, and the trash has what they were', async () => {
  const work = open();
  writeFileSync(join(work.local, 'server.js'), 'first');
  await work.sync('live', { pod: alone, options: ['--write', 'in-place', '--times', 'kept'] });
  expect(work.read('settings')).toBe('first\n');
  const inode = await work.sh('live', 'stat -c %i /work/server.js');
  for (const name of ['server.js', 'settings']) work.write(name, 'second, and longer', 1_500_000_000);
  await work.must('flush', 'live');
  const seen = await work.sh(
    'live',
    'cat /work/server.js /data/settings; stat -c " %Y" /work/server.js /work/settings',
  );
  expect(seen).toBe('second, and longersecond, and longer 1500000000\n 1500000000\n');
  expect(await work.sh('live', 'stat -c %i /work/server.js')).toBe(inode);
  expect(await work.sh('live', 'grep -c " /work/settings " /proc/self/mountinfo')).toBe('1\n');
  const trash = await work.must('restore', 'live');
  for (const name of ['server.js', 'settings']) expect(trash).toContain(name);
  await work.must('restore', 'live', 'server.js');
  await work.must('flush', 'live');
  expect(work.read('server.js')).toBe('first');
  expect(await work.sh('live', 'cat /work/server.js; stat -c %i /work/server.js')).toBe(`first${inode}`);
});
