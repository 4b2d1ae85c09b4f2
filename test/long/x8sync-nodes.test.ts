/** Nodes that take no more pods, in the middle of a copy and before it: drained by kubectl, and tainted. */
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { contextA, contextB, isLab } from '../cluster/support/contexts.ts';
import { someFiles } from '../cluster/support/files.ts';
import { kubectl } from '../cluster/support/kubectl.ts';
import type { Running } from '../cluster/support/process.ts';
import { expectSameTrees } from '../cluster/support/same-trees.ts';
import { partArrives, Scene } from '../cluster/support/scene.ts';
import { saidBy, startX8sync, x8sync } from '../cluster/support/x8sync.ts';
import { drainNode, ensureUp, uncordonNode } from '../lab/index.ts';

jest.setTimeout(300_000);

const nodesOf = { [contextA]: ['lab-a-1', 'lab-a-2'], [contextB]: ['lab-b-1'] };
const drain = (context: string) => Promise.all(nodesOf[context]?.map(drainNode) ?? []);
const uncordon = (context: string) => Promise.all(nodesOf[context]?.map(uncordonNode) ?? []);
const tainted = 'x8s.dev/test';
const taint = (context: string, ...taints: string[]) =>
  kubectl(context, ['taint', 'nodes', ...(nodesOf[context] ?? []), ...taints]);

(isLab ? describe : describe.skip)('a copy', () => {
  let scene: Scene;
  beforeAll(async () => {
    await ensureUp();
    scene = await Scene.open('nodes');
    await scene.claim(contextA, 'source');
    await scene.shell(contextA, 'source', someFiles(6));
  }, 120_000);
  // Also where a test ended too late to put its nodes back.
  afterEach(async () => {
    for (const context of [contextA, contextB])
      await Promise.all([uncordon(context), taint(context, `${tainted}-`).catch(() => {})]);
  });
  afterAll(() => scene.close());

  async function pair(claim: string): Promise<string[]> {
    await scene.claim(contextB, claim);
    return [scene.ref(contextA, 'source'), scene.ref(contextB, claim)];
  }

  async function begun(name: string): Promise<Running> {
    const running = startX8sync(...(await pair(name)), '--name', name, '--bwlimit', '700K');
    await running.saw('Copy the files …');
    await partArrives(scene, contextB, name);
    return running;
  }

  async function expectDone(name: string, running: Running): Promise<void> {
    saidBy(await running.ended, 0);
    await expectSameTrees([scene, contextA, 'source'], [scene, contextB, name]);
    expect(await scene.leftovers(name)).toEqual([]);
  }

  test.each([
    ['source', contextA],
    ['target', contextB],
  ])(
    'whose nodes are drained at the %s says what it waits for, and goes on once one is back',
    async (side, context) => {
      const running = await begun(`drained-${side}`);
      await drain(context);
      await running.saw(/can't be scheduled: .*unschedulable/);
      await uncordon(context);
      await expectDone(`drained-${side}`, running);
    },
  );

  test('whose pods a taint drives away says which, and goes on once it is gone', async () => {
    const running = await begun('driven');
    await taint(contextB, `${tainted}=away:NoExecute`);
    await running.saw(/mover's pod: it can't be scheduled: .*taint/);
    await taint(contextB, `${tainted}-`);
    await expectDone('driven', running);
  });

  test('to a node with a taint ends with the taint and what to give; with that it is made', async () => {
    const claims = await pair('tainted');
    await taint(contextB, `${tainted}=db:NoSchedule`);
    const refused = saidBy(await x8sync(...claims, '--timeout', '5s'), 124);
    expect(refused).toMatch(
      /can't be scheduled: .*[\s\S]*lab-b-1: it has the taint x8s\.dev\/test=db:NoSchedule[\s\S]*hint: --toleration/,
    );
    const told = saidBy(await x8sync('doctor', ...claims), 1);
    expect(told).toMatch(/lab-b-1: it has the taint x8s\.dev\/test=db:NoSchedule/);
    const tolerated = [...claims, '--toleration', `${tainted}=db:NoSchedule`];
    saidBy(await x8sync('doctor', ...tolerated), 0);
    saidBy(await x8sync(...tolerated), 0);
    await expectSameTrees([scene, contextA, 'source'], [scene, contextB, 'tainted']);
  });
});
