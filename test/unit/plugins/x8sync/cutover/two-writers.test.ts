/** Whoever starts one side while a cutover starts the other: two of a workload never run without anybody being told. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { X8sError } from '../../../../../src/errors.ts';
import { deployments } from '../../../../../src/kube/api/resources.ts';
import { stopMarkKey } from '../../../../../src/tasks/names.ts';
import {
  counts,
  events,
  kube,
  makeNextAnew,
  makeStranger,
  markForAnother,
  markNow,
  namespace,
  object,
  onceWritten,
  openShop,
  recordNow,
  replicas,
  reporter,
  run,
  scale,
  scaleWeb,
  stateNow,
  volumes,
  whileLong,
} from '../../../support/cutover-scene.ts';
import { apiError } from '../../../support/fake-cluster.ts';

beforeEach(openShop);

/** Right after it was noted that all is copied, and before anything is started. */
function onceCopied(work: () => Promise<unknown>): void {
  let isDone = false;
  kube.after = async ({ verb, collection }) => {
    if (isDone || verb !== 'update' || !collection.endsWith('/configmaps')) return;
    if ((await stateNow())?.phase !== 'starting' || isDone) return;
    isDone = true;
    await work();
  };
}

describe('a source that somebody starts', () => {
  test.each(['target', 'nothing', 'repoint'] as const)(
    'right before the end is not cut over, with --then %s: it runs as it was',
    async (then) => {
      onceCopied(() => scaleWeb(1));
      await expect(run(undefined, then)).rejects.toMatchObject({
        exitCode: 3,
        message: 'Deployment web was changed by somebody else while it was to stand still',
      });
      expect(await counts()).toEqual({ web: replicas, next: 0 });
      expect(await stateNow()).toMatchObject({ phase: 'ready' });
    },
  );

  test('as the target starts is told, with how to stop either; nothing is called cut over', async () => {
    onceWritten('next', () => scaleWeb(1));
    await expect(run()).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringMatching(
        /^Deployment web \(3\) of the source was started .*, and Deployment next \(3\) of the target runs too$/,
      ),
      details: [
        expect.stringMatching(/^the source's files: .*scale deployment\/next --replicas=0, and /),
        expect.stringMatching(
          /^the target's files: .*scale deployment\/web --replicas=0; .*annotate deployment\/web x8s\.dev\/stopped-by-, and .*delete configmap\//,
        ),
      ],
    });
    expect(await counts()).toEqual({ web: 1, next: replicas });
    expect(await stateNow()).toMatchObject({ phase: 'starting' });
    expect(await recordNow()).toMatchObject({ phase: 'Failed' });
  });

  test('and stops again as the target starts is told', async () => {
    onceWritten('next', async () => {
      await scaleWeb(1);
      await scaleWeb(0);
    });
    await run();
    expect(reporter.warnings).toContainEqual(
      expect.stringMatching(/^Deployment web of the source was changed .* is not at the target\.$/),
    );
  });
});

describe('the source is not started again', () => {
  const left = (why: RegExp) => ({
    message: 'in use',
    details: expect.arrayContaining([
      expect.stringMatching(
        new RegExp(`^Deployment web \\(3\\) of the source was not started again: ${why.source}`),
      ),
    ]),
  });
  /** Somebody does something while the last copy is made, which fails then. */
  const meanwhile =
    (work: () => Promise<unknown>) =>
    async ({ isLast }: { readonly isLast: boolean }) => {
      if (!isLast) return;
      await work();
      throw new X8sError('in use');
    };

  test.each([
    ["the target's workload", () => scale('next', 1), 'Deployment next'],
    ['any pod with the target', () => makeStranger('by-hand', 'new'), 'pod by-hand'],
  ])('where somebody has started %s, with --then nothing', async (_, start, named) => {
    await expect(run(meanwhile(start), 'nothing')).rejects.toMatchObject(
      left(new RegExp(`what is to run afterwards was started meanwhile \\(${named}`)),
    );
    expect((await counts()).web).toBe(0);
    expect(await stateNow()).toMatchObject({ phase: 'stopping' });
  });

  test("where the target's workload was made anew, and runs", async () => {
    await expect(run(meanwhile(() => makeNextAnew(1)))).rejects.toMatchObject(
      left(/.*started meanwhile \(Deployment next\)/),
    );
    expect(await counts()).toEqual({ web: 0, next: 1 });
  });

  const moveMark = async () => {
    const annotations = { [stopMarkKey]: JSON.stringify({ ...(await markNow()), moved: true }) };
    const ref = { namespace, name: 'web' };
    await kube.patch(deployments, ref, { metadata: { annotations } }, { type: 'merge' });
  };

  test('where another run has brought its cutover to the end', async () => {
    await expect(run(meanwhile(moveMark))).rejects.toMatchObject(
      left(/Deployment web was moved to claim shop\/new: its cutover has ended since/),
    );
    expect((await counts()).web).toBe(0);
  });

  test('where another run does so in the very moment', async () => {
    const late = run(
      meanwhile(async () => {
        kube.before = async ({ verb, name }) => {
          if (verb !== 'patch' || name !== 'web') return;
          kube.before = () => undefined;
          await moveMark();
        };
      }),
    );
    await expect(late).rejects.toMatchObject(left(/.*its cutover has ended since/));
    expect((await counts()).web).toBe(0);
  });

  test('beside one of two workloads of the target that was started while the other was declined', async () => {
    const spec = { replicas: 0, template: { spec: volumes('new') } };
    await kube.create(deployments, object('second', { spec }) as never);
    kube.before = async ({ verb, name }) => {
      if (verb === 'patch' && name === 'next') await whileLong();
      if (verb === 'patch' && name === 'second') throw apiError(403, 'no more pods', 'Forbidden');
    };
    await expect(run()).rejects.toThrow('no more pods');
    await whileLong();
    expect(await counts()).toEqual({ web: 0, next: replicas });
  });
});

test('a workload that another cutover has stopped by the end keeps the mark of that', async () => {
  onceWritten('next', () => markForAnother());
  await run();
  const mark = await markNow();
  expect(mark).toMatchObject({ task: 'other' });
  expect(mark).not.toHaveProperty('moved');
  expect(events).toContain(`next ${replicas}`);
});
