/** What `rbac` prints is enough, and each right of it is needed and named where it is missing; so are files of others. */
import { expect, test } from '@jest/globals';
import { images, nodeForever } from './support/devsync.ts';
import { launcherRights } from './support/launcher-rights.ts';
import { asImagesUser, notTheirs, places, podOfAUser, readOnly } from './support/pod-of-a-user.ts';
import { workplaces } from './support/workplaces.ts';

const { place, open } = workplaces();
const expectRights = launcherRights(place);

test('with just what rbac prints for exec a sync runs; without any of it, it says what is missing', () =>
  expectRights('exec', images.node, nodeForever));

test('who may not write to REMOTE is told whose it is, or what is mounted there; --run-as names the user of an image', async () => {
  const it = open();
  await podOfAUser(it);
  const plan = (remote: string, ...options: string[]) =>
    it.devsync('plan', '--pod', 'users', ...options, it.local, remote);
  for (const [launcher, options] of places) {
    const of = ['--launcher', launcher, ...options];
    const refused = await plan('/etc', ...of);
    expect([launcher, refused.code, refused.stderr]).toEqual([
      launcher,
      1,
      expect.stringMatching(notTheirs('/etc')),
    ]);
    expect((await plan('/fixed', ...of)).stderr).toMatch(readOnly);
  }
  // An exec has a user of its own.
  const asRoot = await plan('/data', '--launcher', 'exec', '--run-as', '0');
  expect(asRoot.stderr).toMatch(/in the container it runs as 65532:\d+, and as nobody else/);
  await it.must(...['plan', '--pod', 'users', '--launcher', 'ephemeral', ...asImagesUser, it.local, '/data']);
  const pod = JSON.parse(await it.kubectl('get', 'pod', 'users', '-o', 'json'));
  expect(pod.spec.ephemeralContainers).toHaveLength(1);
});
