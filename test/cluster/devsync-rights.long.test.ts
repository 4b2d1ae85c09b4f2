/** More of what `rbac` prints, and of who may not write to REMOTE: as `watch` and `up` say it, and by a user that a file names. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { contextA } from './support/contexts.ts';
import { forever, images, Workplace } from './support/devsync.ts';
import { startPlugin } from './support/kubectl.ts';
import { launcherRights } from './support/launcher-rights.ts';
import { inNamespace } from './support/namespace.ts';
import { notTheirs, places, podOfAUser, readOnly } from './support/pod-of-a-user.ts';
import type { Running } from './support/process.ts';

const place = inNamespace('A');
const expectRights = launcherRights(place);
let work: Workplace | undefined;
let running: Running | undefined;
afterEach(async () => {
  running?.child.kill('SIGINT');
  await running?.ended;
  await work?.close();
  [work, running] = [undefined, undefined];
});

test('with just what rbac prints for ephemeral a sync runs; without any of it, it says what is missing', () =>
  expectRights('ephemeral', images.plain, forever));

test('so say watch and up, at once, and a file may name the user', async () => {
  work = new Workplace(place());
  const it = work;
  await podOfAUser(it);
  const syncs = places.flatMap(([launcher, options]) =>
    ['etc', 'fixed'].map((remote) => ({ name: `${launcher}-${remote}`, launcher, options, remote })),
  );
  for (const { name, launcher, options, remote } of syncs) {
    it.write(`${name}/a`, 'a');
    const where = [join(it.local, name), `/${remote}`];
    const how = ['--pod', 'users', '--launcher', launcher, ...options, '--allow-overlap'];
    await it.must('create', '--name', name, ...how, ...where);
  }
  await it.watch();
  for (const { name, remote } of syncs) {
    const words = remote === 'etc' ? notTheirs('/etc') : readOnly;
    const { state } = await it.reaches(name, 'waiting', (seen) => words.test(seen.state?.message ?? ''));
    expect(state?.problems).toEqual([]);
    expect(await it.must('logs', name)).toMatch(words);
  }
  await it.stop();
  expect(await it.must('get')).toContain('exec-etc');

  // As `.devsync.yaml` has it: a number, or a text.
  const of = (name: string, remote: string, runAs: number | string) => ({
    ...{ pod: 'users', local: `local/${name}`, remote, launcher: 'ephemeral', runAs, makeRemote: true },
  });
  it.write('number/a', 'a');
  it.write('text/a', 'a');
  it.write('theirs/a', 'a');
  const file = join(it.base, '.devsync.yaml');
  const named = {
    number: of('number', '/data/number', 65532),
    text: of('text', '/data/text', '65532:65532'),
    theirs: of('theirs', '/usr/local', '65532:65532'),
  };
  writeFileSync(file, JSON.stringify({ namespace: it.namespace, syncs: named }));
  running = startPlugin('devsync', ['up', '--yes', '--file', file, '--context', contextA], {
    X8S_STATE_DIR: join(it.base, 'state'),
  });
  await running.saw(notTheirs('/usr/local'));
  for (const name of ['number', 'text']) await running.saw(new RegExp(`${name}: in sync`));
  const look = "for (const one of ['number', 'text']) console.log(fs.statSync('/data/' + one + '/a').uid)";
  expect(await it.kubectl('exec', 'users', '--', 'node', '-e', look)).toBe('65532\n65532\n');
});
