/**
 * Random work on both sides at once while agents are killed and the pod goes: nothing is lost, and both sides
 * are the same afterwards but for listed conflicts. (Streams cut in every kind of frame: unit tests.)
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { apply } from './support/clients.ts';
import { contextA, isLab } from './support/contexts.ts';
import { images, type Workplace } from './support/devsync.ts';
import { expectSettled, Replicas, workHere, workThere } from './support/devsync-chaos.ts';
import { allContents, digestOf, killAgents } from './support/devsync-sides.ts';
import { workplaces } from './support/workplaces.ts';

const { open, openAtDesk } = workplaces();

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
  const work = open();
  await apply(contextA, work.namespace, {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: `work-${name}` },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '64Mi' } } },
  });
  await work.sync(name, { pod: onItsClaim(name) });
  return work;
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
});

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
});

test.each(['exec', 'ephemeral'])(
  'three pods by %s: agents are killed, streams are reset, and containers are started again',
  async (launcher) => {
    const { work, desk } = isLab ? await openAtDesk() : { work: open(), desk: undefined };
    const pods = await Replicas.sync(work, launcher, launcher);
    await pods.round(async () => {
      await pods.killAgents();
      await desk?.reset();
    });
    await pods.round(pods.restartContainers, { there: false });
  },
);
