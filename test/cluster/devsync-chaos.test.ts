/**
 * Random work on both sides at once while agents are killed and the pod goes: nothing is lost, and both sides
 * are the same afterwards but for listed conflicts. (Streams cut in every kind of frame: unit tests.)
 */
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { contextA } from './support/contexts.ts';
import { images, Workplace } from './support/devsync.ts';
import { allContents, containerSide, digestOf, killAgents, localSide } from './support/devsync-sides.ts';
import { apply } from './support/kubectl.ts';
import { inNamespace } from './support/namespace.ts';

const place = inNamespace('A');
let work: Workplace | undefined;
afterEach(async () => {
  await work?.close();
  work = undefined;
});

const command = ['sleep', 'infinity'];
const container = {
  name: 'app',
  image: images.plain,
  command,
  volumeMounts: [{ name: 'v', mountPath: '/work' }],
};
const onItsClaim = (name: string) => ({
  containers: [container],
  volumes: [{ name: 'v', persistentVolumeClaim: { claimName: `work-${name}` } }],
});

async function onClaim(name: string): Promise<Workplace> {
  work = new Workplace(place());
  await apply(contextA, work.namespace, {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: `work-${name}` },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '64Mi' } } },
  });
  await work.sync(name, { pod: onItsClaim(name) });
  return work;
}

/** What a shell in the container does at random for a while; it says each content that it makes. */
const workThere = (seed: number, steps: number) => `exec bash <<'END'
RANDOM=${seed}; cd /work
for i in $(seq ${steps}); do
  f=$((RANDOM % 4))/$((RANDOM % 5))
  case $((RANDOM % 6)) in
    0) rm -f $f;;
    1) mv $f $((RANDOM % 4))/$((RANDOM % 5));;
    2) chmod +x $f;;
    *) mkdir -p $(dirname $f); t="there ${seed} $i"; printf '%s' "$t" >.tmp && mv .tmp $f;;
  esac 2>/dev/null
  sleep 0.0$((RANDOM % 10))
done
END`;

/** The same on this side. */
async function workHere(root: string, seed: number, steps: number): Promise<void> {
  for (let step = 0; step < steps; step++) {
    const random = (below: number) => Math.floor(Math.random() * below);
    const path = () => join(root, `${random(4)}`, `${random(5)}`);
    const file = path();
    try {
      const act = random(6);
      if (act === 0) rmSync(file, { force: true });
      else if (act === 1) renameSync(file, path());
      else {
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(
          join(root, '.tmp'),
          `here ${seed} ${step} ${'x'.repeat(random(3) === 0 ? random(300_000) : 9)}`,
        );
        renameSync(join(root, '.tmp'), file);
      }
    } catch {
      // What it wanted to work on was not there.
    }
    await new Promise((resolve) => setTimeout(resolve, random(60)));
  }
}

const files = (side: string) =>
  [...side.matchAll(/^([0-9a-f]{64}) {2}(.*)$/gm)].map(([, digest = '', path = '']) => ({ digest, path }));

/** Waits until nothing is left to do, and compares. */
async function expectSettled(it: Workplace, name: string): Promise<void> {
  const before = [localSide(it), await containerSide(it, name)]
    .flatMap(files)
    .filter(({ path }) => path !== './.tmp');
  const flushed = await it.devsync('flush', name, '-o', 'json');
  expect([0, 5]).toContain(flushed.code);
  const { state } = await it.reaches(name, 'watching');
  const conflicts = (state?.conflicts ?? []).map(({ path }) => `./${path}`);
  const isListed = (line: string) =>
    conflicts.some((path) => line.includes(`${path}/`) || line.endsWith(path));
  const [local, there] = [localSide(it), await containerSide(it, name)].map((side) =>
    side.split('\n').filter((line) => !isListed(line)),
  );
  expect(there).toEqual(local);
  const left = await allContents(it, name);
  expect(before.filter(({ digest }) => !left.has(digest))).toEqual([]);
}

test('agents are killed while both sides work', async () => {
  const it = await onClaim('killed');
  for (let round = 0; round < 3; round++) {
    const both = Promise.all([workHere(it.local, round, 40), it.sh('killed', workThere(round, 40))]);
    await new Promise((resolve) => setTimeout(resolve, 300 + round * 200));
    await killAgents(it, 'killed');
    await both;
    await expectSettled(it, 'killed');
  }
}, 180_000);

test('a persistent volume keeps its ancestor: its pod goes in the middle of work, and deletions hold', async () => {
  const it = await onClaim('volume');
  it.write('gone/while-away', 'x');
  it.write('stays', 'x');
  await it.must('flush', 'volume');
  const busy = workHere(it.local, 9, 30);
  await it.kubectl('delete', 'pod', 'volume', '--now');
  await busy;
  rmSync(join(it.local, 'gone'), { recursive: true });
  it.write('stays', 'changed while it was away');
  await it.pod('volume', onItsClaim('volume'));
  await it.reaches('volume', 'watching');
  await expectSettled(it, 'volume');
  expect(await it.sh('volume', 'cat /work/stays; ls -d /work/gone 2>&1; true')).toMatch(
    /^changed while it was away.*No such/s,
  );
  expect((await allContents(it, 'volume')).has(digestOf('x'))).toBe(true);
}, 90_000);
