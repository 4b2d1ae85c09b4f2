/** What is done in a container once files have arrived there, with real containers. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { apply } from './support/clients.ts';
import { contextA } from './support/contexts.ts';
import { images, type Seen, Workplace } from './support/devsync.ts';
import { inNamespace } from './support/namespace.ts';

const place = inNamespace('A');
let work: Workplace | undefined;
afterEach(async () => {
  await work?.close();
  work = undefined;
});

/** A program that reads its configuration anew on SIGHUP, and ends on SIGTERM. */
const server = `
  trap 'cat /work/app.conf >>/work-log/hup' HUP
  trap 'exit 0' TERM
  echo started >>/work-log/starts
  while :; do sleep 0.05; done`;

const volumes = [
  { name: 'work', emptyDir: {} },
  { name: 'log', emptyDir: {} },
];
const podWith = (command: string) => ({
  volumes,
  containers: [
    {
      name: 'app',
      image: images.plain,
      command: ['sh', '-c', command],
      volumeMounts: [
        { name: 'work', mountPath: '/work' },
        { name: 'log', mountPath: '/work-log' },
      ],
    },
  ],
});

/** A command that takes long the first time, and says what it was run for each time after that. */
const slow =
  'slow=exec:if [ -e /work-log/slow ]; then cat /work/slow >>/work-log/slow; else : >/work-log/slow; sleep 600; fi';

/** Waits for a rule to be in a phase. */
const reloadIs = (rule: string, phase: string) => (seen: Seen) =>
  seen.state?.reloads.some((one) => one.rule.startsWith(rule) && one.phase === phase) === true;

test('a command and a signal follow what has arrived, a failure is shown and holds up nothing, a restart keeps the volume', async () => {
  work = new Workplace(place());
  const it = work;
  it.write('a.ts', 'first');
  it.write('app.conf', 'first');
  it.write('restart.me', 'first');
  const exec = '*.ts=exec:cat /work/a.ts >>/work-log/built; echo; echo built here; exit 3';
  const rules = [exec, 'app.conf=signal:HUP', 'restart.me=restart', 'nothing=signal:USR1', slow];
  const options = ['--reload-every', '0.5s', ...rules.flatMap((rule) => ['--on-change', rule])];
  await it.sync('app', { pod: podWith(server), options });
  const log = (name: string) => it.sh('app', `cat /work-log/${name} 2>/dev/null || true`);
  // What the first sync brought reloads nothing.
  expect(await it.sh('app', 'cat /work/a.ts /work-log/starts; ls /work-log')).toBe('firststarted\nstarts\n');

  it.write('a.ts', 'second');
  await it.reaches('app', 'watching', reloadIs('*.ts', 'failed'));
  expect(await log('built')).toBe('second');
  expect(await it.must('logs', 'app')).toMatch(/\| built here\n.*reload \*\.ts=exec:cat .*: ended with 3$/m);
  expect(await it.must('get', '-o', 'wide')).toMatch(/reload \*\.ts=exec:.* failed: ended with 3/);
  it.write('b.txt', 'goes on');
  await eventually(async () => expect(await it.sh('app', 'cat /work/b.txt')).toBe('goes on'));

  it.write('app.conf', 'read anew');
  await eventually(async () => expect(await log('hup')).toBe('read anew'));

  it.write('restart.me', 'now');
  await eventually(async () => expect(await log('starts')).toBe('started\nstarted\n'));
  await eventually(async () =>
    expect(await it.must('logs', 'app')).toMatch(
      /reload restart\.me=restart: container app was started again/,
    ),
  );
  it.write('a.ts', 'third');
  await eventually(async () => expect(await log('built')).toBe('secondthird'));

  // A signal that the program does not handle would be lost without a word.
  it.write('nothing', 'x');
  const { state } = await it.reaches('app', 'watching', reloadIs('nothing', 'failed'));
  expect(state?.reloads.at(-2)?.message).toMatch(/the main process handles no SIGUSR1/);

  // The container is started again in the middle of a reload, while another save of the same waits.
  it.write('slow', 'begins');
  await eventually(async () => expect(await it.sh('app', 'ls /work-log')).toMatch(/slow/));
  it.write('slow', 'has waited');
  await it.must('flush', 'app');
  await it.sh('app', 'kill 1; sleep 60').catch(() => {});
  await eventually(async () => expect(await log('starts')).toBe('started\nstarted\nstarted\n'));
  await eventually(async () => expect(await log('slow')).toBe('has waited'));
  const said = await it.must('logs', 'app');
  expect(said).toMatch(/reload slow=exec:.*: (failed: |ended with [1-9]\d*)/);
  it.write('slow', ', and goes on');
  await eventually(async () => expect(await log('slow')).toBe('has waited, and goes on'));
  await it.reaches('app', 'watching', reloadIs('slow', 'idle'));
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

/** A Deployment whose containers have an empty REMOTE of their own. */
async function deploy(it: Workplace, name: string): Promise<void> {
  const program = 'mkdir /work; trap "exit 0" TERM; while :; do sleep 0.05; done';
  const container = { name: 'app', image: images.plain, command: ['sh', '-c', program] };
  await apply(contextA, it.namespace, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { terminationGracePeriodSeconds: 0, containers: [container] },
      },
    },
  });
  await it.kubectl('rollout', 'status', `deployment/${name}`, '--timeout=180s');
}

/** How often it was rolled out, and once more. */
const generation = (it: Workplace, name: string) =>
  it.kubectl('get', `deployment/${name}`, '-o', 'jsonpath={.metadata.generation}');

test('a rollout brings a new pod, in which the sync goes on and which does not roll out again; so does a restart on demand', async () => {
  work = new Workplace(place());
  const it = work;
  await deploy(it, 'web');
  const onChange = ['--on-change', '/src=rollout', '--on-change', '/again=restart', '--restart-anyway'];
  await it.must('create', '--name', 'web', '-l', 'app=web', ...onChange, it.local, '/work');
  await it.watch('web');
  const { state: first } = await it.reaches('web', 'watching');
  it.write('src/a', 'edited');
  const { state } = await it.reaches('web', 'watching', (seen) => seen.state?.pod !== first?.pod);
  await it.must('flush', 'web');
  expect(await it.sh(state?.pod ?? '', 'cat /work/src/a')).toBe('edited');
  expect(await generation(it, 'web')).toBe('2');

  // A restart that loses what was synced, on demand: it is synced again.
  it.write('again', 'x');
  const restarts = 'jsonpath={.status.containerStatuses[0].restartCount}';
  const count = () => it.kubectl('get', 'pod', state?.pod ?? '', '-o', restarts);
  await eventually(async () => expect(await count()).toBe('1'));
  await eventually(async () =>
    expect(await it.sh(state?.pod ?? '', 'cat /work/src/a /work/again')).toBe('editedx'),
  );
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
