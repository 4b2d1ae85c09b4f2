/** What a command leaves in the records that was refused: nothing of its own, and all that an earlier run has noted. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { RefusedError } from '../../../../../src/errors.ts';
import type { KubeObject } from '../../../../../src/kube/api/objects.ts';
import { configMaps } from '../../../../../src/kube/api/resources.ts';
import {
  type Asked,
  counts,
  cutOff,
  events,
  forgetEvents,
  killedOnceStarted,
  kube,
  left,
  namespace,
  openShop,
  reconnect,
  recordNow,
  replicas,
  run,
  scale,
  scaleWeb,
} from '../../../support/cutover-scene.ts';
import { apiError } from '../../../support/fake-cluster.ts';

beforeEach(openShop);

const refused = () => {
  throw new RefusedError('the target is in use');
};
const refusedLast = ({ isLast }: Asked) => {
  if (isLast) refused();
};
const begunAndRefused = ({ begins }: Asked) => {
  begins();
  refused();
};
/** A policy against all that stops a workload. */
function frozen(): void {
  kube.admits = ({ spec }: KubeObject) => {
    if ((spec as { replicas?: number }).replicas === 0) throw apiError(403, 'frozen', 'Forbidden');
  };
}
const thaw = () => {
  kube.admits = () => undefined;
};
const recordsNow = async () =>
  (await kube.list(configMaps, { namespace })).items.map(({ metadata }) => metadata.name);
const agreed = (during?: (request: Asked) => unknown) =>
  run(during, 'target', undefined, false, { deletes: 'all' });

describe('a command that was refused before it made anything', () => {
  test.each([
    ['by a policy against the stop', undefined],
    ['by its first copy', refused],
  ])('%s leaves no record, and its name is free for other options', async (_, during) => {
    if (!during) frozen();
    await expect(run(during, 'target', 'move')).rejects.toMatchObject({ exitCode: 3 });
    thaw();
    expect(await recordsNow()).toEqual([]);
    await run(undefined, 'target', 'move', false, { checksum: true });
    expect(await counts()).toEqual({ web: 0, next: replicas });
  });

  test('leaves a record once it has begun to copy', async () => {
    await expect(run(begunAndRefused, 'target', 'move')).rejects.toThrow('in use');
    expect(await recordNow()).toMatchObject({ phase: 'Failed', message: 'the target is in use' });
  });

  test.each([
    ['by a policy', undefined],
    ['by its first copy', refused],
  ])('%s leaves a cutover that has ended as it ended', async (_, during) => {
    await run();
    const { object: __, heartbeat: ___, ...before } = await recordNow();
    await scaleWeb(replicas);
    await scale('next', 0);
    if (!during) frozen();
    await expect(run(during, 'target', undefined, true)).rejects.toMatchObject({ exitCode: 3 });
    thaw();
    expect(await recordNow()).toMatchObject(before);
    await expect(run()).rejects.toThrow(/has finished already/);
  });

  test('leaves one that has ended as not made once more, where a copy has begun', async () => {
    await run();
    await scaleWeb(replicas);
    await scale('next', 0);
    await expect(run(begunAndRefused, 'target', undefined, true)).rejects.toThrow('in use');
    expect(await recordNow()).toMatchObject({ phase: 'Failed', message: 'the target is in use' });
    await expect(run()).rejects.toThrow(/has finished already/);
  });

  test('leaves what stands still noted, with the counts, and says how the run before has ended', async () => {
    await expect(run(cutOff)).rejects.toThrow('no answer');
    reconnect();
    const { object: _, ...before } = await recordNow();
    await expect(run(undefined, 'source')).rejects.toThrow('begun with --then target');
    expect(await recordNow()).toMatchObject(before);
  });
});

describe('what the target has written since, and a person has agreed to lose', () => {
  const refusal =
    /^Deployment next of the target was changed since the source was stopped: .* take away what/;
  const isKept = async () => {
    forgetEvents();
    await expect(run()).rejects.toThrow(refusal);
    expect(events).toEqual([]);
  };

  beforeEach(async () => {
    await killedOnceStarted();
    await scale('next', 0);
  });

  test.each([
    ['a policy', undefined, 2],
    ['the first copy', refused, 2],
    ['a first copy that had begun', begunAndRefused, 2],
    ['the last copy', refusedLast, 0],
  ])('is asked for again where %s has refused that command', async (_, during, count) => {
    await scaleWeb(count);
    if (!during) frozen();
    await expect(agreed(during)).rejects.toMatchObject({ exitCode: 3 });
    thaw();
    await isKept();
    await agreed();
    expect(await counts()).toEqual({ web: 0, next: count || replicas });
  });

  test('does not make it say that the source stands still where that runs while it is copied', async () => {
    await scaleWeb(2);
    let told: readonly string[] = [];
    await agreed(({ isLast }) => {
      if (!isLast) told = left();
    });
    expect(told).toEqual([]);
  });

  test('is lost with the first copy: a refusal later on asks for nothing more', async () => {
    await scaleWeb(2);
    await expect(agreed(refusedLast)).rejects.toThrow('in use');
    expect(await counts()).toEqual({ web: 2, next: 0 });
    await run();
    expect(await counts()).toEqual({ web: 0, next: 2 });
  });
});
