/** Reloads that cause each other, what a restart would lose, and rules that somebody has changed in the cluster. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { Workplace } from './support/devsync.ts';
import { inNamespace } from './support/namespace.ts';
import { deploy, generation, reloadIs } from './support/reloads.ts';

const place = inNamespace('A');
let work: Workplace | undefined;
afterEach(async () => {
  await work?.close();
  work = undefined;
});

test('reloads that cause each other are stopped, and resume lets them go on; what a restart would lose is not restarted', async () => {
  work = new Workplace(place());
  const it = work;
  it.write('a', 'first');
  const rules = ['a=exec:echo again >>/work/a', 'layer=restart'];
  const options = ['--mode', 'one-way-replica', '--reload-every', '0.5s'];
  await it.sync('loop', { options: [...options, ...rules.flatMap((rule) => ['--on-change', rule])] });
  it.write('a', 'second');
  const { state } = await it.reaches('loop', 'watching', reloadIs('a=', 'stopped'));
  expect(state?.reloads[0]?.message).toMatch(/caused by itself 5 times in a row \(a\)/);
  expect(await it.must('logs', 'loop')).toMatch(
    /reload a=exec:.* was stopped: .*; resume lets it reload again/,
  );
  // The sync itself goes on.
  it.write('b', 'goes on');
  await eventually(async () => expect(await it.sh('loop', 'cat /work/b')).toBe('goes on'));
  expect(it.read('a')).toBe('second');

  it.write('layer', 'x');
  const refused = await it.reaches('loop', 'watching', reloadIs('layer', 'failed'));
  expect(refused.state?.reloads[1]?.message).toMatch(
    /in the container's own layer and would be lost.*volume/,
  );

  await it.must('resume', 'loop');
  it.write('a', 'third');
  await it.reaches('loop', 'watching', reloadIs('a=', 'stopped'));

  // Rules are commands: a sync that somebody has changed in the cluster is not run here until a person has agreed.
  await it.stop();
  const name = 'devsync-loop-container';
  const record = JSON.parse(await it.kubectl('get', 'configmap', name, '-o', 'json'));
  const data = JSON.parse(
    JSON.stringify(record.data).replaceAll('echo again', 'touch /work/evil; echo again'),
  );
  await it.kubectl('patch', 'configmap', name, '--type', 'merge', '-p', JSON.stringify({ data }));
  await it.watch('loop');
  const words = /the specification of the sync loop in the cluster is not what was agreed to here/;
  await eventually(async () => expect(await it.must('logs', 'loop')).toMatch(words));
  it.write('a', 'fourth');
  const flushed = await it.devsync('flush', 'loop');
  expect([flushed.code, flushed.stderr]).toEqual([3, expect.stringMatching(words)]);
  expect(flushed.stderr).toMatch(/reload\.rules: .*touch \/work\/evil/);
  expect(await it.sh('loop', 'cat /work/a; ls /work')).not.toMatch(/fourth|evil/);
  expect(existsSync(join(it.local, 'evil'))).toBe(false);
  // The watch that runs takes it up.
  expect(await it.must('watch', 'loop', '--yes')).toMatch(/Agreed to: loop\./);
  await it.reaches('loop', 'watching');
  await eventually(async () => expect(await it.sh('loop', 'cat /work/a')).toBe('fourth'));
});

test('rollouts that follow each other, as what comes into each new pod triggers the next one, are stopped', async () => {
  work = new Workplace(place());
  const it = work;
  await deploy(it, 'anew');
  it.write('main.js', 'never edited');
  const onChange = ['--on-change', '*.js=rollout', '--reload-on-first-sync'];
  await it.must('create', '--name', 'anew', '-l', 'app=anew', ...onChange, it.local, '/work');
  await it.watch('anew');
  const { state } = await it.reaches('anew', 'watching', reloadIs('*.js', 'stopped'));
  expect(state?.reloads[0]?.message).toMatch(/caused by itself 5 times in a row \(main\.js\)/);
  expect(Number(await generation(it, 'anew'))).toBeLessThanOrEqual(6);
});
