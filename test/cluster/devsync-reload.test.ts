/** What is done in a container once files have arrived there, with real containers. */
import { afterEach, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { images, Workplace } from './support/devsync.ts';
import { inNamespace } from './support/namespace.ts';
import { deploy, generation, reloadIs } from './support/reloads.ts';

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
