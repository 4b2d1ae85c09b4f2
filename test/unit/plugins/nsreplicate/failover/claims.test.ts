/** When x8sync last filled the claims of held workloads, by records that x8sync's own code writes. */
import { beforeEach, expect, test } from '@jest/globals';
import { planText } from '../../../../../plugins/nsreplicate/commands/output/failover-text.ts';
import { type PromotionPlan, planPromotion } from '../../../../../plugins/nsreplicate/failover/plan.ts';
import { nameOf } from '../../../../../plugins/nsreplicate/failover/workloads.ts';
import { TaskRecords } from '../../../../../plugins/x8sync/run/copy/task-records.ts';
import { type CopyRequest, copySpec } from '../../../../../plugins/x8sync/run/request/request.ts';
import { storeOf } from '../../../../../plugins/x8sync/run/request/task-store.ts';
import type { PersistentVolumeClaim } from '../../../../../src/kube/api/objects.ts';
import { persistentVolumeClaims } from '../../../../../src/kube/api/resources.ts';
import type { EndPhase } from '../../../../../src/tasks/record.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import type { FakeKube } from '../../../support/fake-kube.ts';
import { held, optionsFor, run, scene, statefulSets } from '../../../support/promotion.ts';

const claim = { namespace: 'shop', name: 'data-files-0' };
const templates = { volumeClaimTemplates: [{ metadata: { name: 'data' } }] };
const filledAt = '2026-03-01T02:00:00.000Z';

let copies = 0;
let clusters: { from: FakeKube; to: FakeKube };
let told: ReturnType<typeof scene>['told'];
beforeEach(() => {
  copies = 0;
  const promotion = scene();
  promotion.objects.to.create(statefulSets, held('files', 'replicas=1', { replicas: 0, ...templates }));
  clusters = promotion.connect();
  told = promotion.told;
});

const makeClaim = () =>
  clusters.to.create(persistentVolumeClaims, { metadata: claim, spec: {} } as PersistentVolumeClaim);

/** A run of x8sync into the claim as it is now, which came to an end; without a phase it is still at work. */
async function copyInto({ metadata }: PersistentVolumeClaim, phase?: EndPhase, at = filledAt): Promise<void> {
  const request = {
    source: { namespace: 'shop', claim: claim.name },
    target: { namespace: 'shop', claim: claim.name },
    mode: 'merge',
  } as unknown as CopyRequest;
  const kube = clusters.to;
  const clock = fakeClock(at);
  const store = storeOf(kube, { clock });
  const spec = copySpec(request, { uid: 'source' }, { uid: metadata.uid ?? '' });
  const opened = await store.open({
    namespace: 'shop',
    task: `fill-${++copies}`,
    role: 'target',
    spec,
    peer: { server: 'https://a', namespace: 'shop' },
  });
  const { record, outcome } = await store.start(opened.record, { holder: 'somebody' });
  if (!phase) return;
  const records = new TaskRecords(clock);
  records.note('target', { record, side: { kube } as never, outcome });
  await records.finish(phase, 'as it ended');
}

const options = () => optionsFor(clusters, { clock: fakeClock('2026-03-01T05:00:00Z') });
const plan = () => planPromotion(options());
const woken = ({ blocked }: PromotionPlan) =>
  !blocked.some(({ workload }) => nameOf(workload).endsWith('files'));
const saidOf = (planned: PromotionPlan) =>
  planText(planned, options(), { last: undefined }).match(/claim shop\/data-files-0: (.*)/)?.[1];

test('a claim that a copy ended well in is filled, at that time, and its StatefulSet is woken without more ado', async () => {
  await copyInto(await makeClaim(), 'Succeeded');
  const planned = await plan();
  expect(planned.claims.flatMap(({ claims }) => claims)).toEqual([{ ...claim, exists: true, filledAt }]);
  expect(woken(planned)).toBe(true);
  expect(saidOf(planned)).toBe(`filled by x8sync 3h0m before (${filledAt})`);
  await run(optionsFor(clusters));
  expect(told()).toContainEqual(['files', { replicas: 1, ...templates }]);
});

test('of several copies the last one counts', async () => {
  const made = await makeClaim();
  const later = '2026-03-02T02:00:00.000Z';
  await copyInto(made, 'Succeeded', later);
  await copyInto(made, 'Succeeded');
  expect(saidOf(await plan())).toContain(later);
});

test.each<[string, EndPhase | undefined]>([
  ['failed', 'Failed'],
  ['lacks files', 'Incomplete'],
  ['is still at work', undefined],
])('a copy that %s has filled nothing', async (_what, phase) => {
  await copyInto(await makeClaim(), phase);
  const planned = await plan();
  expect([saidOf(planned), woken(planned)]).toEqual(['x8sync never filled it', false]);
});

test('a claim of the same name that was made anew was never filled, and one that is not there is empty', async () => {
  await copyInto(await makeClaim(), 'Succeeded');
  await clusters.to.delete(persistentVolumeClaims, claim);
  const without = await plan();
  expect([saidOf(without), woken(without)]).toEqual(['not there yet, so it will be empty', false]);
  await makeClaim();
  const anew = await plan();
  expect([saidOf(anew), woken(anew)]).toEqual(['x8sync never filled it', false]);
  await run(optionsFor(clusters));
  expect(told()).toContainEqual(['files', { replicas: 0, ...templates }]);
});
