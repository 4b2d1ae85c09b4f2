/** More of the task store's lock on a real API server: holders of another machine, and one that stops and comes back. */
import { describe, expect, jest, test } from '@jest/globals';
import { RefusedError } from '../../src/errors.ts';
import { leases } from '../../src/kube/api/resources.ts';
import { acquire, waitForLock } from '../../src/tasks/lock.ts';
import { leaseLock } from '../../src/tasks/lock-object.ts';
import { lockHolders, recordingClock, timing } from './support/lock-holders.ts';
import { inNamespace } from './support/namespace.ts';

const place = inNamespace('A');
const { lockOf, otherProcess } = lockHolders(place);

describe('a lock of another process', () => {
  test('is refused as soon as it moves, where the process is of another machine', async () => {
    // A lock that did not move for so long would be taken over.
    const staleAfterMs = 120_000;
    await otherProcess('far', { staleAfterMs });
    const far = { ...lockOf('far'), staleAfterMs, liveness: () => 'unknown' as const };
    await expect(acquire(place().kube, far)).rejects.toBeInstanceOf(RefusedError);
  });

  test('is taken over after a SIGKILL on another machine, when it has not moved for so long', async () => {
    const child = await otherProcess('gone');
    child.kill('SIGKILL');
    await child.ended();
    const waiting = jest.fn();
    const { clock, sleeps } = recordingClock();
    const far = { ...lockOf('gone'), liveness: () => 'unknown' as const, waiting, clock };
    const begun = clock.monotonic();
    const held = await acquire(place().kube, far);
    expect(clock.monotonic() - begun).toBeGreaterThanOrEqual(timing.staleAfterMs);
    const beforeTheLast = sleeps.slice(1).reduce((sum, ms) => sum + ms, 0);
    expect(beforeTheLast).toBeLessThan(timing.staleAfterMs);
    expect(waiting).toHaveBeenCalledTimes(1);
    await held.release();
  });

  test('goes to a standby when its process is stopped, which knows it when it goes on', async () => {
    const { kube, namespace } = place();
    const child = await otherProcess('stopped', { lock: 'Lease' });
    const before = await kube.get(leases, { namespace, name: 'lock-stopped' });
    child.tell('confirm');
    await child.hear('confirmed');
    child.kill('SIGSTOP');
    const held = await waitForLock(kube, { ...lockOf('stopped'), kind: leaseLock });
    child.tell('confirm');
    child.kill('SIGCONT');
    expect(await child.hear('refused: ')).toMatch(/Lost the lock/);
    await child.hear('lost: ');
    await held.confirm();
    const after = await kube.get(leases, { namespace, name: 'lock-stopped' });
    expect(after.spec?.leaseTransitions).toBe((before.spec?.leaseTransitions ?? 0) + 1);
    expect(after.spec?.holderIdentity).toBe(held.holder);
    await held.release();
    expect((await kube.get(leases, { namespace, name: 'lock-stopped' })).spec?.holderIdentity).toBeFalsy();
  });
});
