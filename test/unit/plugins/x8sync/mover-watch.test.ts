import { describe, expect, test } from '@jest/globals';
import { MoverWatch } from '../../../../plugins/x8sync/mover-watch.ts';
import type { OwnedSide } from '../../../../plugins/x8sync/sides.ts';
import type { Job } from '../../../../src/kube/objects.ts';
import { jobs } from '../../../../src/kube/resources.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { fakeKube } from '../../support/fake-kube.ts';

const meta = { name: 'x8sync-db-target', namespace: 'shop', labels: {}, ownerReferences: [] };
const handle = { title() {}, detail() {}, progress() {}, warn() {} };

function jobThatIs(type: string): Job {
  const status = { conditions: [{ type, status: 'True' as const, reason: 'R', message: 'm' }] };
  return { apiVersion: 'batch/v1', kind: 'Job', metadata: meta, spec: { template: {} }, status } as Job;
}

describe('a mover whose Job ended, and whose pods are gone', () => {
  test.each([
    ['Failed', 5_000, 'R: m'],
    ['Complete', 30_000, 'Complete, but what it said is gone'],
  ])('is not waited for when it is %s', async (type, ms, why) => {
    const [kube, clock, stop] = [fakeKube(), fakeClock(), new AbortController()];
    const job = await kube.create(jobs, jobThatIs(type));
    const side: OwnedSide = { kube, ...meta, meta, selector: {}, selectorText: 'x8s.dev/task=db' };
    const watch = new MoverWatch(clock, stop, stop.signal);
    watch.follow(side, { job, nonce: 'n', takenUp: true, addresses: [] }, 0, handle);
    let said: unknown;
    watch.end.catch((error: Error) => {
      said = error.message;
    });
    await clock.advance(ms - 1);
    expect(said).toBeUndefined();
    await clock.advance(1);
    expect(said).toContain(`ended without a result: ${why}`);
  });
});
