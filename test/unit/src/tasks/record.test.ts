import { expect, test } from '@jest/globals';
import { Annotation, Label } from '../../../../src/tasks/names.ts';
import { parseRecord } from '../../../../src/tasks/record.ts';

const record = (annotations: Record<string, string>) =>
  parseRecord('x8sync', 1, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'x8sync-a-target', labels: { [Label.task]: 'a' }, annotations },
  });

test('annotations that somebody has edited are read as far as they say something', () => {
  const { run, startedAt, finishedAt, heartbeat, message, holder } = record({
    [Annotation.run]: 'many',
    [Annotation.startedAt]: '\u001b]0;pwn\u0007',
    [Annotation.heartbeat]: '2026-11-29T07:00:00Z',
    [Annotation.message]: 'failed\nDone: all is well\u001b[8m',
    [Annotation.holder]: 'me\r',
  });
  expect({ run, startedAt, finishedAt, heartbeat, message, holder }).toEqual({
    run: 1,
    startedAt: undefined,
    finishedAt: undefined,
    heartbeat: '2026-11-29T07:00:00Z',
    message: 'failed Done: all is well [8m',
    holder: 'me ',
  });
});

test('what a person has made of its data is named by the first thing that is broken', () => {
  const spec = '{"a":"b"}';
  const whyOf = (data: Record<string, string>, annotations: Record<string, string> = {}) =>
    parseRecord('x8sync', 1, {
      metadata: { name: 'x8sync-a-target', annotations: { [Annotation.schema]: '1', ...annotations } },
      data: { spec, ...data },
    }).unreadable;
  expect(whyOf({})).toBeUndefined();
  expect(whyOf({ checkpoints: '[]' })).toBe('its data.checkpoints is not a map');
  expect(whyOf({ peer: '{"server":"https://a"}' })).toMatch(/its data\.peer is not the API server/);
  expect(whyOf({ spec: '{' })).toMatch(/its data\.spec is not JSON/);
  expect(whyOf({}, { [Annotation.phase]: 'Well' })).toBe('its annotation x8s.dev/phase is no phase');
  expect(whyOf({}, { [Annotation.schema]: '' })).toBe('its annotation x8s.dev/schema is no number');
});
