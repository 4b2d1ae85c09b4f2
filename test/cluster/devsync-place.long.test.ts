/** REMOTE is a link to the release of the day, and is pointed to the next one. */
import { expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { images } from './support/devsync.ts';
import { workplaces } from './support/workplaces.ts';

const { open } = workplaces();

test('a link that is pointed elsewhere holds the sync, until it is pointed back or a person goes on there', async () => {
  const it = open();
  it.write('app', 'one');
  const begin =
    'mkdir -p /srv/r1 /srv/r2; printf two >/srv/r2/theirs; ln -s r1 /srv/current; exec sleep infinity';
  const containers = [{ name: 'app', image: images.plain, command: ['sh', '-c', begin] }];
  await it.sync('current', { pod: { containers }, remote: '/srv/current' });

  const point = (to: string) => it.sh('current', `ln -sfn ${to} /srv/new; mv -T /srv/new /srv/current`);
  await point('r2');
  const { state } = await it.reaches('current', 'held');
  expect(state?.message).toMatch(/^REMOTE \/srv\/current leads to \/srv\/r2 now, and led to \/srv\/r1/);
  it.write('app', 'edited');
  const { code, stderr } = await it.devsync('flush', 'current');
  expect([code, stderr]).toEqual([3, expect.stringMatching(/leads to \/srv\/r2 now/)]);
  expect(await it.sh('current', 'cat /srv/r1/app; ls /srv/r2')).toBe('onetheirs\n');

  await point('r1');
  await it.reaches('current', 'watching');
  await it.must('flush', 'current');
  expect(await it.sh('current', 'cat /srv/r1/app; ls /srv/r2')).toBe('editedtheirs\n');

  await point('r2');
  await it.reaches('current', 'held');
  await it.must('resume', 'current', '--confirm');
  await it.must('flush', 'current');
  // A new place: both sides are merged, and the old one is left as it was.
  expect(it.read('theirs')).toBe('two');
  await eventually(async () =>
    expect(await it.sh('current', 'cat /srv/r2/app; ls /srv/r1')).toBe('editedapp\n'),
  );
});
