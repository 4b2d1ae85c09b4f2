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
