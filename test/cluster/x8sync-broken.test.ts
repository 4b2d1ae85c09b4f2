/** What happens to a copy while it runs, and what a later run finds. */
import { afterAll, expect, test } from '@jest/globals';
import { generateKeyPair } from '../../src/ssh/keys.ts';
import { fillClaim } from '../lab/index.ts';
import { get } from './support/clients.ts';
import { contextA, contextB, isLab } from './support/contexts.ts';
import { someFiles } from './support/files.ts';
import { kubectl } from './support/kubectl.ts';
import type { Running } from './support/process.ts';
import { partArrives, Scene } from './support/scene.ts';
import { expectSameTrees } from './support/tree.ts';
import { saidBy, startX8sync, x8sync } from './support/x8sync.ts';

// Not in beforeAll: concurrent tests begin before it.
const scene = await Scene.open('broken');
const source = scene.ref(contextA, 'source');
await scene.claim(contextA, 'source');
await scene.shell(contextA, 'source', someFiles(6));
const another = await generateKeyPair('another');
afterAll(() => scene.close());

/** So that a copy takes longer than what is done to it meanwhile, also on a busy machine. */
const slowly = ['--bwlimit', '700K'];
/** Where it is not to come to its end: that takes half a minute. */
const slower = ['--bwlimit', '200K'];

/** A run that is in the middle of the one big file. */
async function runCopying(claim: string, speed: string[], ...args: string[]): Promise<Running> {
  await scene.claim(contextB, claim);
  return runInto(claim, speed, ...args);
}

async function runInto(claim: string, speed: string[], ...args: string[]): Promise<Running> {
  const running = startX8sync(source, scene.ref(contextB, claim), ...args, ...speed);
  await running.saw('Copy the files …');
  await partArrives(scene, contextB, claim);
  return running;
}

async function expectWhole(claim: string, task: string): Promise<void> {
  await expectSameTrees([scene, contextA, 'source'], [scene, contextB, claim]);
  expect(await scene.leftovers(task)).toEqual([]);
}

const on = (context: string, ...args: string[]) => kubectl(context, ['-n', scene.namespace, ...args]);

test.concurrent("a mover's pod that is deleted has a successor, which goes on", async () => {
  const running = await runCopying('mover-gone', slowly, '--name', 'mover-gone');
  await on(contextB, 'delete', 'pod', '-l', 'x8s.dev/task=mover-gone', '--wait=false');
  saidBy(await running.ended, 0);
  await expectWhole('mover-gone', 'mover-gone');
});

test.concurrent('a source that closed its door because nobody came is opened again by the next run', async () => {
  const running = await runCopying('closed', slower, '--name', 'closed');
  running.child.kill('SIGKILL');
  await running.ended;
  await on(contextB, 'delete', 'job', 'x8sync-closed-target');
  // With process 1 everything in the container goes, so the command that ends it must have come back before.
  const close = ['sh', '-c', 'touch /run/x8s/closed; (sleep 0.5; kill 1) </dev/null >/dev/null 2>&1 &'];
  await on(contextA, 'exec', 'x8sync-closed-source-0', '--', ...close);
  await on(
    contextA,
    'wait',
    '--for=jsonpath={.status.containerStatuses[0].restartCount}=1',
    'pod/x8sync-closed-source-0',
    '--timeout=180s',
  );
  saidBy(await x8sync(source, scene.ref(contextB, 'closed'), '--name', 'closed'), 0);
  await expectWhole('closed', 'closed');
});

const deleteClaim = (context: string, claim: string) => on(context, 'delete', `pvc/${claim}`, '--wait=false');

test.concurrent('a copy whose target claim is deleted meanwhile has failed, and says so: it goes with the mover', async () => {
  const running = await runCopying('leaving', slowly, '--name', 'leaving', '--verify');
  await deleteClaim(contextB, 'leaving');
  const said = saidBy(await running.ended, 1);
  expect(said).toMatch(/error: target claim \S+\/leaving is being deleted, since .* goes with the claim/);
  expect(said).not.toMatch(/Copied|files copied|verified/);
  expect(await scene.phases('leaving')).toEqual(['source Failed', 'target Failed']);
  expect(await scene.leftovers('leaving')).toEqual([]);
});

test.concurrent('a copy whose source claim is deleted meanwhile is whole, and says that it may be the only one', async () => {
  await Promise.all([scene.claim(contextA, 'last'), scene.claim(contextB, 'last')]);
  await scene.shell(contextA, 'last', someFiles(6));
  const args = [scene.ref(contextA, 'last'), scene.ref(contextB, 'last'), ...slowly];
  const running = startX8sync(...args);
  await running.saw('Copy the files …');
  await partArrives(scene, contextB, 'last');
  await deleteClaim(contextA, 'last');
  expect(saidBy(await running.ended, 0)).toMatch(/Source claim \S+\/last is being deleted.* only copy/);
});

/** Lines of the private keys of a task, as they are in its Secrets. */
async function keysOf(task: string): Promise<string[]> {
  const label = `x8s.dev/task=${task}`;
  const found = await Promise.all(
    scene.contexts.map((context) =>
      get<{ data: Record<string, string> }>(context, scene.namespace, 'secrets', label),
    ),
  );
  const values = found.flat().flatMap(({ data }) => Object.values(data));
  const texts = values.map((value) => Buffer.from(value, 'base64').toString());
  const lines = texts
    .filter((text) => text.includes('PRIVATE KEY'))
    .flatMap((text) => text.trim().split('\n'));
  return [...values, ...lines];
}

const onLab = isLab ? test.concurrent : test.concurrent.skip;
onLab(
  "a target that runs full meanwhile is told in rsync's words, with the log, the events, and what to do",
  async () => {
    await scene.claim(contextB, 'full', { size: '64Mi', storageClass: 'tmpfs' });
    // The kubelet warns of that, and goes on: the image is there.
    const running = await runInto('full', slower, '--name', 'full', '--image-pull-secret', 'absent');
    const keys = await keysOf('full');
    expect(keys.length).toBeGreaterThan(4);
    await fillClaim({ cluster: contextB, namespace: scene.namespace, claim: 'full' });
    const said = saidBy(await running.ended, 3);
    expect(said).toMatch(
      /^error: target claim \S+\/full has too little room: .*ran full while it was copied to/m,
    );
    expect(said).toMatch(/^ {2}rsync: \[receiver\] .*No space left on device/m);
    expect(said).toMatch(/^ {2}log of the mover: connected to /m);
    expect(said).toMatch(/^ {2}event of pod x8sync-full-target-\S+ in \S+: Warning \w+: .*pull secrets/m);
    expect(said).toMatch(/^hint: make the target larger/m);
    expect(keys.filter((line) => said.includes(line))).toEqual([]);
    expect(await scene.phases('full')).toEqual(['source Failed', 'target Failed']);
    expect(await scene.leftovers('full')).toEqual([]);
  },
);

test.concurrent("what answers without the host key that was made for the task is not talked to, and that is the copy's end", async () => {
  const running = await runCopying('rekeyed', slower, '--name', 'rekeyed');
  const data = { host_key: Buffer.from(another.privateKey).toString('base64') };
  await on(contextA, 'patch', 'secret', 'x8sync-rekeyed-source', '-p', JSON.stringify({ data }));
  await on(contextA, 'delete', 'pod', 'x8sync-rekeyed-source-0', '--wait=false');
  const said = saidBy(await running.ended, 1);
  expect(said).toMatch(
    /^error: the source of \S+\/source and the mover don't know each other's keys: .* does not have the host key/m,
  );
  expect(said).toMatch(/^hint: something else may answer at that address/m);
  expect(await scene.inspect(contextB, 'rekeyed', 'find . -type f -size +5M')).toBe('');
  expect(await scene.leftovers('rekeyed')).toEqual([]);
});

test('no Secret is left in either cluster after all of these', async () => {
  expect(await scene.leftovers()).toEqual([]);
});
