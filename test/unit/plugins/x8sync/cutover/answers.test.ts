/** Answers of a server that come late, or not at all, while a workload is stopped or started. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { UnreachableError } from '../../../../../src/errors.ts';
import { deployments } from '../../../../../src/kube/api/resources.ts';
import {
  beforeStop,
  counts,
  endLimitsOf,
  events,
  hurry,
  interrupt,
  kube,
  makeNextAnew,
  markNow,
  namespace,
  object,
  onceWritten,
  openShop,
  replicas,
  reporter,
  run,
  scaleWeb,
  stateNow,
  volumes,
  whileLong,
} from '../../../support/cutover-scene.ts';
import { apiError } from '../../../support/fake-cluster.ts';

beforeEach(openShop);

describe('a stop that is under way', () => {
  test('as that of another workload is refused is undone as well', async () => {
    const spec = { replicas: 1, template: { spec: volumes('old') } };
    const also = { namespace, name: 'also' };
    await kube.create(deployments, object('also', { spec }) as never);
    beforeStop(async () => {
      await kube.delete(deployments, also);
      await whileLong();
    });
    const agreed = run(undefined, 'target', undefined, false, { confirmed: true });
    await expect(agreed).rejects.toThrow('Deployment also in fake/shop is gone');
    await whileLong();
    expect(await counts()).toEqual({ web: replicas, next: 0 });
    expect(await markNow()).toBeUndefined();
  });

  test('as somebody presses Ctrl-C is undone as well: the server may have it by then', async () => {
    const patch = kube.patch.bind(kube);
    kube.patch = async (resource, ref, change, { signal, ...options }) => {
      if (options.dryRun || ref.name !== 'web') return patch(resource, ref, change, { ...options, signal });
      kube.patch = patch;
      interrupt();
      // On its way, whatever the client waits for; and a way back that changes nothing makes no conflict.
      const { metadata, spec } = change as { metadata: object; spec: object };
      const late = { metadata: { ...metadata, resourceVersion: undefined }, spec };
      const written = whileLong().then(() => patch(resource, ref, late, options));
      written.catch(() => {});
      signal?.throwIfAborted();
      return written;
    };
    await expect(run()).rejects.toMatchObject({ exitCode: 130 });
    await whileLong();
    await whileLong();
    expect(await counts()).toEqual({ web: replicas, next: 0 });
    expect(await markNow()).toBeUndefined();
    expect(await stateNow()).toMatchObject({ phase: 'ready' });
  });

  test('and is declined says so with the words of the policy, and all runs as it was', async () => {
    const words = 'admission webhook "policy" denied the request: web is frozen';
    beforeStop(async () => {
      kube.admits = ({ metadata, spec }) => {
        const { replicas: count } = spec as { replicas: number };
        if (metadata.name === 'web' && count === 0) throw apiError(403, words, 'Forbidden');
      };
    });
    await expect(run()).rejects.toMatchObject({ exitCode: 3, message: words });
    expect(await counts()).toEqual({ web: replicas, next: 0 });
  });
});

describe('a start', () => {
  test('is tried again where the server is away for a moment', async () => {
    hurry();
    let failures = 3;
    kube.before = ({ verb, name }) => {
      if (verb === 'patch' && name === 'next' && failures-- > 0) throw new UnreachableError('no answer');
    };
    await run();
    expect(await counts()).toEqual({ web: 0, next: replicas });
  });

  test('of what was made anew in that moment is none: the source runs as it was', async () => {
    kube.before = async ({ verb, name }) => {
      if (verb !== 'patch' || name !== 'next') return;
      kube.before = () => undefined;
      await makeNextAnew(0);
    };
    await expect(run()).rejects.toThrow('Deployment next is gone, or was made anew');
    expect(await counts()).toEqual({ web: replicas, next: 0 });
    expect(await stateNow()).toMatchObject({ phase: 'ready' });
  });
});

describe('where what was started is not ready in time it is told', () => {
  /** Its controller never says that its pods are ready. */
  const neverReady = () => {
    const replace = kube.objects.replace.bind(kube.objects);
    kube.objects.replace = (collection, { status, ...rest }) =>
      replace(collection, collection === 'apps/deployments' ? rest : ({ status, ...rest } as never));
    endLimitsOf(impatient.timeoutMs);
  };
  const impatient = { timeoutMs: 600_000 };
  const onceCopied =
    (work: () => unknown = () => {}) =>
    async ({ isLast }: { readonly isLast: boolean }) => {
      if (!isLast) return;
      neverReady();
      await work();
    };

  test('that the source was told to start, with --then source', async () => {
    const late = run(onceCopied(), 'source', undefined, false, impatient);
    await expect(late).rejects.toMatchObject({ exitCode: 124 });
    expect(reporter.warnings.at(-1)).toBe(
      `The files are at the target, and Deployment web (${replicas}) of the source was told to start as before. Run the same command to go on`,
    );
  });

  test('that the source runs again, where somebody has started it meanwhile', async () => {
    const late = run(
      onceCopied(() => onceWritten('next', () => scaleWeb(1))),
      'target',
      undefined,
      false,
      impatient,
    );
    await expect(late).rejects.toMatchObject({ exitCode: 124 });
    expect(reporter.warnings.at(-1)).toMatch(
      /and Deployment web \(3\) of the source runs again\. .* by hand \(what the target .*\): .*deployment\/next --replicas=0$/,
    );
    expect(events).toContain('web 1');
  });
});
