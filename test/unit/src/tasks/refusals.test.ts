import { describe, expect, test } from '@jest/globals';
import type { TaskRecord } from '../../../../src/tasks/record.ts';
import { Refusals } from '../../../../src/tasks/refusals.ts';
import { specHash } from '../../../../src/tasks/spec.ts';
import { fakeKube } from '../../support/fake-kube.ts';

const kube = fakeKube();
const refusals = new Refusals({ kube, tool: 'x8sync', schema: 1 });
const spec = { mode: 'merge' };
const record = {
  task: 'web',
  namespace: 'prod',
  name: 'x8sync-web-target',
  schema: 1,
  spec,
  specHash: specHash(1, spec),
} as unknown as TaskRecord;
const named = `ConfigMap prod/x8sync-web-target (context ${kube.cluster.context})`;

describe('a record', () => {
  test('is one of the task where its specification is the same', () => {
    expect(refusals.otherTask(record, spec)).toBeUndefined();
  });

  test('of another specification is refused with the differences', () => {
    const why = refusals.otherTask(record, { mode: 'force' });
    expect(why?.message).toBe(`Task "web" exists already and is about something else: ${named}.`);
    expect(why?.details).toEqual([expect.stringMatching(/^mode: /)]);
  });

  test('one whose specification was edited behind its hash is not gone on with', () => {
    const why = refusals.otherTask({ ...record, spec: { mode: 'force' } }, spec);
    expect(why?.message).toBe(
      `Task "web" can't be worked on: somebody has edited its specification; ${named}.`,
    );
    expect(why?.details).toEqual(['mode: force → merge']);
  });

  test('of another version of the specification says so first', () => {
    const why = refusals.otherTask({ ...record, schema: 0, specHash: specHash(0, spec) }, spec);
    expect(why?.details[0]).toBe('schema: 0 → 1 (version of the plugin)');
  });

  test('that can’t be read is not compared', () => {
    const why = refusals.otherTask({ ...record, unreadable: 'no spec' }, spec);
    expect(why?.message).toBe(`Task "web" can't be worked on: no spec; ${named}.`);
    expect(why?.hint).toMatch(/^Somebody has changed it/);
    const newer = refusals.unreadable({ ...record, unreadable: 'newer', isNewer: true });
    expect(newer.hint).toMatch(/^Use the version of kubectl x8sync that wrote it/);
  });
});
