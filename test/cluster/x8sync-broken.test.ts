/** What happens to a copy while it runs: its target runs full, or is deleted. */
import { afterAll, expect, test } from '@jest/globals';
import { fillClaim } from '../lab/index.ts';
import { BrokenRuns, slower, slowly } from './support/broken-runs.ts';
import { get } from './support/clients.ts';
import { contextB, isLab } from './support/contexts.ts';
import { saidBy } from './support/x8sync.ts';

// Not in beforeAll: concurrent tests begin before it.
const runs = await BrokenRuns.open();
const { scene } = runs;
afterAll(() => scene.close());

test.concurrent('a copy whose target claim is deleted meanwhile has failed, and says so: it goes with the mover', async () => {
  const running = await runs.copying('leaving', slowly, '--name', 'leaving', '--verify');
  await runs.deleteClaim(contextB, 'leaving');
  const said = saidBy(await running.ended, 1);
  expect(said).toMatch(/error: target claim \S+\/leaving is being deleted, since .* goes with the claim/);
  expect(said).not.toMatch(/Copied|files copied|verified/);
  expect(await scene.phases('leaving')).toEqual(['source Failed', 'target Failed']);
  expect(await scene.leftovers('leaving')).toEqual([]);
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
    const running = await runs.into('full', slower, '--name', 'full', '--image-pull-secret', 'absent');
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

test('no Secret is left in either cluster after all of these', async () => {
  expect(await scene.leftovers()).toEqual([]);
});
