import { expect, test } from '@jest/globals';
import {
  parseToleration,
  podOptionsOf,
} from '../../../../../../plugins/x8sync/commands/options/pod-flags.ts';

const none = {
  ...{ imagePullSecret: [], serviceAccount: undefined, cpu: undefined, memory: undefined, nodeSelector: [] },
  ...{ toleration: [], priorityClass: undefined, podLabel: [], podAnnotation: [], podPatch: [] },
};

test.each([
  ['dedicated', { key: 'dedicated', operator: 'Exists' }],
  ['dedicated:NoSchedule', { key: 'dedicated', operator: 'Exists', effect: 'NoSchedule' }],
  ['dedicated=db', { key: 'dedicated', operator: 'Equal', value: 'db' }],
  ['example.org/x=:NoExecute', { key: 'example.org/x', operator: 'Equal', value: '', effect: 'NoExecute' }],
])('--toleration %s', (text, toleration) => expect(parseToleration(text)).toEqual(toleration));

test.each(['', '=db', 'dedicated:Never', 'a b'])('--toleration %p is none', (text) =>
  expect(() => parseToleration(text)).toThrow(expect.objectContaining({ exitCode: 2 })),
);

test.each([
  ['1', { request: '1', limit: undefined }],
  ['100m:2', { request: '100m', limit: '2' }],
  [':2', { request: undefined, limit: '2' }],
])('--cpu %s', async (cpu, amount) => expect((await podOptionsOf({ ...none, cpu })).cpu).toEqual(amount));

test.each([
  [{ cpu: 'much' }],
  [{ cpu: '1:2:3' }],
  [{ memory: ':' }],
  [{ nodeSelector: ['disk'] }],
  [{ podLabel: ['=x'] }],
  [{ podPatch: ['source=/no/such/file'] }],
  [{ podPatch: [import.meta.filename] }],
])('%j is wrong usage', async (flags) =>
  expect(podOptionsOf({ ...none, ...flags })).rejects.toMatchObject({ exitCode: 2 }),
);
