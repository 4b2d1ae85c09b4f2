/**
 * The line breaks in the middle of a copy, by each strategy that has one: node ports are in x8sync-line.fault.test.ts and
 * x8sync-push-cut.test.ts. Disturbs all else on these clusters.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { sshPort } from '../../plugins/x8sync/objects/manifests/service.ts';
import { contextA, contextB, isLab } from '../cluster/support/contexts.ts';
import { someFiles } from '../cluster/support/files.ts';
import { startPlugin } from '../cluster/support/kubectl.ts';
import { expectSameTrees } from '../cluster/support/same-trees.ts';
import { partArrives, Scene } from '../cluster/support/scene.ts';
import { saidBy } from '../cluster/support/x8sync.ts';
import { cutLink, cutPods, joinPods, LabWorkstation, restoreLink } from '../lab/index.ts';

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
/** Connections are reset meanwhile, and refused. */
const cutMs = 4000;

(isLab ? describe : describe.skip)('the line breaks in the middle of a copy', () => {
  let [scene, other]: readonly Scene[] = [];
  let desk: LabWorkstation;

  beforeAll(async () => {
    [scene, other] = await Promise.all([Scene.open('cut'), Scene.open('cut-near')]);
    desk = await LabWorkstation.make();
    await scene.claim(contextA, 'source');
    await scene.shell(contextA, 'source', someFiles(6));
  });
  afterEach(() => Promise.all([restoreLink(), joinPods(contextA)]));
  afterAll(() => Promise.all([scene?.close(), other?.close(), desk?.remove()]));

  const betweenClusters = { at: () => [scene, contextB] as const, under: (): readonly string[] => [] };
  const withinOne = { at: () => [other, contextA] as const, under: (): readonly string[] => [] };
  const linkIsCut = async () => {
    await cutLink('reject');
    await pause(cutMs);
    await restoreLink();
  };
  const podsAreCut = async () => {
    await cutPods(contextA, sshPort);
    await pause(cutMs);
    await joinPods(contextA);
  };
  const relayed = { ...betweenClusters, under: () => desk.under };

  test.each([
    ['load balancer', ['loadbalancer'], betweenClusters, linkIsCut],
    ['load balancer of the target', ['loadbalancer', '--push'], betweenClusters, linkIsCut],
    ['cluster IP', ['clusterip'], withinOne, podsAreCut],
    ['cluster IP of the target', ['clusterip', '--push'], withinOne, podsAreCut],
    ['relay', ['relay'], relayed, () => desk.reset(cutMs)],
  ] as const)('%s: it is joined anew, and all of it is at the target', async (name, words, how, broken) => {
    const claim = name.replaceAll(' ', '-').toLowerCase();
    const [to, context] = how.at();
    if (!scene || !to) throw new Error('no scene');
    await to.claim(context, claim);
    const pair = [scene.ref(contextA, 'source'), to.ref(context, claim)];
    const args = [...pair, '--strategy', ...words, '--verify', '--bwlimit', '700K'];
    const running = startPlugin('x8sync', args, {}, how.under());
    await running.saw('Copy the files …');
    await partArrives(to, context, claim);
    await broken();
    const said = saidBy(await running.ended, 0);
    // It was felt.
    expect(said).toMatch(/rsync code \d+\): trying again|connection to the source broke/);
    expect(said).toMatch(/verified: .*all the same/);
    await expectSameTrees([scene, contextA, 'source'], [to, context, claim]);
    expect([...(await scene.leftovers()), ...(await to.leftovers())]).toEqual([]);
  });
});
