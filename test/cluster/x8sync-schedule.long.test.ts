/** Copies of a schedule in a namespace that admits little. */
import { afterAll, expect, test } from '@jest/globals';
import { eventuallySees } from '../support/eventually.ts';
import { contextA, contextB } from './support/contexts.ts';
import { someFiles } from './support/files.ts';
import { otherKubeconfig } from './support/kubeconfigs.ts';
import { kubectl, plugin } from './support/kubectl.ts';
import { Scene } from './support/scene.ts';
import { documentOf, saidBy, x8sync } from './support/x8sync.ts';

// Not in beforeAll: concurrent tests begin before it.
const scene = await Scene.open('schedule');
const other = await otherKubeconfig({ old: contextA, new: contextB });

afterAll(async () => {
  await Promise.all([scene.close(), other.remove()]);
});

/** Another workstation, whose contexts are `old` and `new`. */
const elsewhere = (...args: string[]) =>
  plugin('x8sync', [...args, '-n', scene.namespace], { KUBECONFIG: other.path });

interface Status {
  readonly phase: string;
  readonly schedule: {
    readonly every: string;
    readonly next?: string;
    readonly lastGood?: { readonly at: string; readonly message?: string };
    readonly lastFailure?: { readonly at: string; readonly message: string };
  };
}

const statusOf = async (task: string): Promise<Status> =>
  documentOf<Status>(await elsewhere('status', task, '--context', 'old', '-o', 'json'));

/** A schedule of a minute takes that long to show anything. */
const limitMs = 110_000;

/** Once a copy of the schedule has ended well that began after this moment. */
const goodCopyAfter = (task: string, since: number) =>
  eventuallySees(
    () => statusOf(task),
    ({ schedule }) => Date.parse(schedule.lastGood?.at ?? '') > since,
    limitMs,
  );

test.concurrent('in a namespace that admits no root, with a quota: what asks before each copy is admitted, too', async () => {
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  const strict = await Scene.open('schedule-strict', labels);
  try {
    const quota = ['create', 'quota', 'limits', '--hard', 'limits.cpu=8,limits.memory=8Gi'];
    await kubectl(contextB, ['-n', strict.namespace, ...quota]);
    await Promise.all([scene.claim(contextA, 'open'), strict.claim(contextB, 'target')]);
    await scene.shell(contextA, 'open', `${someFiles(1)}chmod -R a+rX /data`);
    const args = [scene.ref(contextA, 'open'), strict.ref(contextB, 'target'), '--name', 'strict'];
    // Without root, owners are not kept: that is said once, and later copies are as good as that.
    expect(saidBy(await x8sync(...args, '--every', '1m'), 5)).toMatch(/not kept +ownership/);
    await scene.shell(contextA, 'open', 'echo more >/data/added');
    const { phase, schedule } = await goodCopyAfter('strict', Date.now());
    expect(phase).toBe('Scheduled');
    expect(schedule.lastGood?.message).toMatch(/1 of 202 files copied.*not kept: ownership/);
    expect(await strict.inspect(contextB, 'target', 'cat added')).toBe('more\n');
    saidBy(await elsewhere('cancel', 'strict', '--context', 'old'), 0);
    expect(await strict.leftovers('strict')).toEqual([]);
  } finally {
    await strict.close();
  }
});
