/** A claim that a workload was moved to holds what nobody else has: what would overwrite that is refused, whoever it is. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import {
  requireNothingStandsStill,
  requireNotMovedHere,
} from '../../../../../plugins/x8sync/cutover/moved-here.ts';
import type { Then } from '../../../../../plugins/x8sync/records/cutover-state.ts';
import type { CopyRequest } from '../../../../../plugins/x8sync/run/request/request.ts';
import { configMaps, deployments, persistentVolumeClaims } from '../../../../../src/kube/api/resources.ts';
import {
  clock,
  counts,
  cutOff,
  cutOffBeforeStart,
  events,
  failLast,
  forgetEvents,
  kube,
  markNow,
  namespace,
  object,
  openShop,
  reconnect,
  recordNow,
  replicas,
  run,
  scale,
  scaleWeb,
  volumes,
} from '../../../support/cutover-scene.ts';
import { apiError } from '../../../support/fake-cluster.ts';

beforeEach(openShop);

const ref = (claim: string) => ({ kube, namespace, claim });

const asked = { clock, signal: new AbortController().signal };

/** A copy without --cutover. */
const copying = (from: string, more: Partial<CopyRequest> = {}) => {
  const request = { mode: 'merge', source: ref(from), target: ref('new'), ...more } as CopyRequest;
  return requireNotMovedHere(request, { clock, signal: new AbortController().signal });
};

const byRecord = {
  exitCode: 3,
  message: expect.stringMatching(
    /^target claim fake\/shop\/new was cut over to from shop\/old by cutover-\w+ of fake\/shop, at \d{4}-.*: what was written to it since would be overwritten$/,
  ),
  hint: expect.stringMatching(
    /^kubectl x8sync verify fake\/shop\/\w+ fake\/shop\/new shows what differs; --again copies all the same/,
  ),
};

async function forgetRecord(): Promise<void> {
  const { name } = await recordNow();
  await kube.delete(configMaps, { namespace, name });
}

describe('a copy to a claim that was cut over to is refused', () => {
  test.each([
    ['as it was', 'merge', 'old'],
    ['that empties it first', 'force', 'old'],
    ['of another source', 'merge', 'other'],
  ] as const)('%s', async (_, mode, from) => {
    await run();
    await expect(copying(from, { mode })).rejects.toMatchObject(byRecord);
    await copying(from, { mode, again: true });
  });

  test.each<Then>(['target', 'nothing', 'repoint'])('with --then %s', async (then) => {
    await run(undefined, then);
    await expect(copying('old')).rejects.toMatchObject(byRecord);
  });

  test('also where a later run that was to make it again has failed', async () => {
    await run();
    await scale('next', 0);
    await scaleWeb(1);
    await expect(run(failLast, 'target', undefined, true)).rejects.toThrow('the disk is gone');
    await expect(copying('old')).rejects.toMatchObject(byRecord);
  });

  test('by the mark on what was moved, where the record is gone', async () => {
    await run();
    await forgetRecord();
    await expect(copying('old')).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringMatching(
        /^Deployment web \(3\) of fake\/shop was moved to claim shop\/new by cutover cutover-\w+ before: what that has written since would be overwritten$/,
      ),
      hint: expect.stringMatching(/--again/),
    });
    await copying('old', { again: true });
  });
});

describe('a copy is not refused', () => {
  test('where it changes nothing, or is a copy of a cutover itself', async () => {
    await run();
    await copying('old', { mode: 'dry-run' });
    await copying('old', { cutover: true });
  });

  test('where nothing was moved, or the workload went back to the source', async () => {
    await copying('old');
    await expect(run(failLast)).rejects.toThrow('the disk is gone');
    await copying('old');
    await run(undefined, 'source');
    await copying('old');
  });

  test('where it went back to the source, and was not moved once more by a later run that failed', async () => {
    await run(undefined, 'source');
    await expect(run(failLast, 'target', undefined, true)).rejects.toThrow('the disk is gone');
    await copying('old');
    await expect(run(failLast, 'source', undefined, true)).rejects.toThrow('the disk is gone');
    await copying('old');
  });

  test('to a claim that was made anew since', async () => {
    await run();
    await kube.delete(persistentVolumeClaims, { namespace, name: 'new' });
    await copying('old');
    const claim = { spec: { accessModes: ['ReadWriteOnce'] }, status: { phase: 'Bound' } };
    await kube.create(persistentVolumeClaims, object('new', claim) as never);
    await copying('old');
  });

  test('where this user may not see marks: the record has been asked', async () => {
    await run();
    await forgetRecord();
    kube.before = ({ verb, collection }) => {
      if (verb === 'list' && collection.startsWith('apps/')) throw apiError(403, 'no', 'Forbidden');
    };
    await copying('old');
  });
});

describe('what stands still for a cutover in its middle has the only whole files: nothing is copied over them', () => {
  const refusal = {
    exitCode: 3,
    message: expect.stringMatching(
      /^Deployment web \(3\) of fake\/shop stands still for cutover cutover-\w+ to claim shop\/new, which has not ended$/,
    ),
  };
  const back = () => ({ source: ref('new'), target: ref('old') });
  const copyingBack = (more: Partial<CopyRequest> = {}) => {
    const request = { mode: 'merge', ...back(), ...more } as CopyRequest;
    return requireNothingStandsStill(request, asked);
  };

  beforeEach(async () => {
    await expect(run(cutOff)).rejects.toThrow('no answer');
    reconnect();
    forgetEvents();
  });

  test.each<Then>(['target', 'source', 'nothing'])(
    'by a cutover the other way with --then %s',
    async (then) => {
      await expect(run(undefined, then, undefined, false, back())).rejects.toMatchObject(refusal);
      await expect(run(undefined, then, undefined, true, back())).rejects.toMatchObject(refusal);
      expect(events).toEqual([]);
    },
  );

  test('by a copy, whoever says --again', async () => {
    await expect(copyingBack()).rejects.toMatchObject(refusal);
    await expect(copyingBack({ again: true })).rejects.toMatchObject(refusal);
    await copyingBack({ mode: 'dry-run' });
    // Its plan is asked for that.
    await copyingBack({ cutover: true });
  });

  test('but once it has ended, there or here', async () => {
    await run();
    await copyingBack();
    await run(undefined, 'target', undefined, false, back());
    expect(await counts()).toEqual({ web: replicas, next: 0 });
  });

  test('where this user may not see the workloads there, it is copied', async () => {
    kube.before = ({ verb, collection }) => {
      if (verb === 'list' && collection.startsWith('apps/')) throw apiError(403, 'no', 'Forbidden');
    };
    await copyingBack();
  });
});

describe('a claim that a cutover copies to gets no files of others, whoever says --again', () => {
  const copyingThere = (more: Partial<CopyRequest> = {}) => {
    const request = { mode: 'merge', source: ref('other'), target: ref('new'), ...more } as CopyRequest;
    return requireNothingStandsStill(request, asked);
  };
  const byOther = () => ({ source: ref('other') });

  beforeEach(async () => {
    const claim = { spec: { accessModes: ['ReadWriteOnce'] }, status: { phase: 'Bound' } };
    await kube.create(persistentVolumeClaims, object('other', claim) as never);
  });

  test.each([
    ['is being stopped', () => run(cutOff)],
    [
      'has copied all',
      () => {
        cutOffBeforeStart();
        return run();
      },
    ],
  ])('once the source %s, and the run was cut off', async (_, cutShort) => {
    await expect(cutShort()).rejects.toThrow('no answer');
    reconnect();
    forgetEvents();
    const refusal = {
      exitCode: 3,
      message: expect.stringMatching(
        /^cutover cutover-\w+ from shop\/old to target claim fake\/shop\/new has not ended: what is to run there would find the files of both$/,
      ),
      hint: expect.stringMatching(/x8sync status cutover-\w+ -n shop .*x8sync cleanup cutover-\w+ -n shop/),
    };
    for (const again of [false, true]) {
      await expect(copyingThere({ again })).rejects.toMatchObject(refusal);
      await expect(run(undefined, 'nothing', undefined, again, byOther())).rejects.toMatchObject(refusal);
    }
    await copyingThere({ mode: 'dry-run' });
    expect(events).toEqual([]);
    await run();
    await copyingThere();
  });

  test('while a run is at it, between two of its copies as well', async () => {
    let refused: unknown;
    await run(async (_, pass) => {
      if (pass === 1) refused = await copyingThere().catch((error: unknown) => error);
    });
    expect(refused).toMatchObject({
      exitCode: 3,
      message: expect.stringMatching(
        /^target claim fake\/shop\/new is being cut over to at this moment, by /,
      ),
    });
    await copyingThere();
  });

  test('where it has gone back to its source, there is nothing against it', async () => {
    await expect(run(failLast)).rejects.toThrow('the disk is gone');
    await copyingThere();
  });
});

test('a cutover of another source to it is refused as well, before anything is copied', async () => {
  await run();
  await scale('next', 0);
  expect(await markNow()).toMatchObject({ moved: true });
  const claim = { spec: { accessModes: ['ReadWriteOnce'] }, status: { phase: 'Bound' } };
  await kube.create(persistentVolumeClaims, object('other', claim) as never);
  const spec = { replicas: 1, template: { spec: volumes('other') } };
  await kube.create(deployments, object('second', { spec }, { generation: 1 }) as never);
  forgetEvents();
  const refused = run(undefined, 'target', undefined, false, { source: ref('other') });
  await expect(refused).rejects.toMatchObject(byRecord);
  expect(events).toEqual([]);
  expect(replicas).toBe(3);
});
