/** What is stopped with nothing to start in its place is said before, in the end, and in the record. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { leftStopped, leftStoppedLines } from '../../../../../plugins/x8sync/cutover/left-stopped.ts';
import { describeCutover } from '../../../../../plugins/x8sync/cutover/report.ts';
import type { Then } from '../../../../../plugins/x8sync/records/cutover-state.ts';
import { deployments } from '../../../../../src/kube/api/resources.ts';
import {
  events,
  kube,
  object,
  openShop,
  recordNow,
  reporter,
  run,
  volumes,
} from '../../../support/cutover-scene.ts';

describe('left stopped', () => {
  const [app, app2] = ['app', 'app2'].map((name) => ({
    kind: 'Deployment' as const,
    name,
    uid: name,
    replicas: 1,
  })) as [Workload, Workload];
  type Workload = { kind: 'Deployment'; name: string; uid: string; replicas: number };
  const set = { ...app, kind: 'StatefulSet' } as const;
  const other = { ...app, name: 'other' };
  const of = (source: readonly Workload[], target: readonly object[], afterwards: Then = 'target') =>
    leftStopped({ afterwards, source, target: target as Workload[] }).map(({ name }) => name);

  test('is what has nothing of its kind and name there', () => {
    expect(of([app, app2], [app])).toEqual(['app2']);
    expect(of([app, app2], [app, other])).toEqual(['app2']);
    expect(of([app, app2], [app, app2])).toEqual([]);
  });

  test('is none where all names differ, and all where fewer start', () => {
    expect(of([app, app2], [other, set])).toEqual([]);
    expect(of([app, app2], [other])).toEqual(['app', 'app2']);
    expect(of([app], [other])).toEqual([]);
    expect(of([], [other])).toEqual([]);
  });

  test('is refused by its names, and a line once that is agreed to', () => {
    const state = { afterwards: 'target', source: [app, app2], target: [app] } as const;
    const line =
      'Deployment app2 (1) of the source stays stopped: nothing of its kind and name, with the target claim, starts at the target';
    expect(() => leftStoppedLines(state, false)).toThrow(`${line}; nothing was stopped`);
    expect(leftStoppedLines(state, true)).toEqual([line]);
    expect(leftStoppedLines({ ...state, target: [app, app2] }, false)).toEqual([]);
  });

  test('is none where the target was not to start anything', () => {
    for (const afterwards of ['source', 'repoint', 'nothing'] as const)
      expect(of([app, app2], [], afterwards)).toEqual([]);
  });
});

describe('a cutover with two workloads at the source, and one at the target', () => {
  beforeEach(async () => {
    await openShop();
    const spec = { replicas: 1, template: { spec: volumes('old') } };
    await kube.create(deployments, object('app2', { spec }, { generation: 1 }) as never);
  });

  test('is refused, with nothing copied and nothing stopped', async () => {
    await expect(run()).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringMatching(/^Deployment app2 \(1\), Deployment web \(3\) of the source is stopped/),
    });
    expect(events).toEqual([]);
  });

  test('once agreed to says in its end what stays stopped', async () => {
    const result = await run(undefined, 'target', undefined, false, { confirmed: true });
    expect(reporter.warnings.join('\n')).toMatch(/app2 \(1\).* only Deployment next .* is started/);
    expect(result.leftStopped).toEqual(['Deployment app2 (1)', 'Deployment web (3)']);
    expect(describeCutover(result)).toMatch(/^ {2}left stopped Deployment app2 \(1\) of the source/m);
    expect((await recordNow()).message).toMatch(/; Deployment app2 \(1\), .*of the source stays stopped$/);
  });
});
