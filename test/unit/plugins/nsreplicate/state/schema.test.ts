/** The state of a task beside another version of this plugin: older ones are understood, newer ones refused. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  listStatuses,
  readEarlierRuns,
  readSavedState,
  readStatus,
  SCHEMA,
} from '../../../../../plugins/nsreplicate/state/state.ts';
import { metadataOf } from '../../../../../plugins/nsreplicate/state/task-objects.ts';
import { RefusedError } from '../../../../../src/errors.ts';
import { Annotation } from '../../../../../src/tasks/names.ts';
import type { FakeKube } from '../../../support/fake-kube.ts';
import { configMaps, sides } from '../../../support/replication.ts';

let kube: FakeKube;
beforeEach(() => {
  kube = sides().from;
});
afterEach(() => kube.close());

function written(schema: string, data: Record<string, string>) {
  const metadata = { ...metadataOf('t', 'state'), annotations: { [Annotation.schema]: schema } };
  kube.objects.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data });
}

describe('state of an earlier version', () => {
  test('is read as it was meant', async () => {
    const memory = { primary: 'A', marker: 7, sites: { standby: 'B' }, approval: 'x' };
    written('1', { memory: JSON.stringify(memory), view: JSON.stringify({ task: 't', phase: 'Stopped' }) });
    expect(await readSavedState(kube, 't')).toMatchObject({
      ...{ primary: 'A', sequence: 7, clusters: { standby: 'B' }, approval: 'x', brakes: {}, done: {} },
    });
    expect(await readStatus(kube, 't')).toMatchObject({ task: 't', phase: 'Stopped' });
  });
});

describe('state of a newer version', () => {
  test.each([String(SCHEMA + 1), '2.5', 'next'])(
    'schema %s is refused by whoever would read it',
    async (schema) => {
      written(schema, { status: JSON.stringify({ task: 't' }), saved: JSON.stringify({ sequence: 1 }) });
      for (const reading of [readSavedState(kube, 't'), readStatus(kube, 't'), readEarlierRuns(kube, 't')]) {
        await expect(reading).rejects.toThrow(
          `Task t was run by a newer version of this plugin (schema ${schema}`,
        );
        await expect(reading).rejects.toBeInstanceOf(RefusedError);
      }
    },
  );

  test('keeps nobody from seeing the other tasks; of that one, only that it is newer is told', async () => {
    written(String(SCHEMA + 1), { status: JSON.stringify({ task: 't' }) });
    const data = { status: JSON.stringify({ task: 'u', phase: 'Stopped' }) };
    kube.objects.create(configMaps, { metadata: metadataOf('u', 'state'), data });
    expect(await listStatuses(kube)).toEqual({
      statuses: [expect.objectContaining({ task: 'u', phase: 'Stopped' })],
      newer: [{ task: 't', schema: String(SCHEMA + 1) }],
    });
  });

  test('of another task is nobody’s business', async () => {
    written(String(SCHEMA + 1), {});
    expect(await readStatus(kube, 'other')).toBeUndefined();
    expect(await readSavedState(kube, 'other')).toMatchObject({ sequence: 0 });
  });
});
