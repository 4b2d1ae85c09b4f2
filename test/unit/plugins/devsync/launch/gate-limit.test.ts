/** For how long a program may be held back before a kubelet takes it for dead. */
import { expect, test } from '@jest/globals';
import { gateSeconds } from '../../../../../plugins/devsync/launch/gate-limit.ts';
import { Declined } from '../../../../../plugins/devsync/launch/launcher.ts';
import type { Pod } from '../../../../../src/kube/api/objects.ts';

const target = (container: object, spec: object = {}) => ({
  pod: {
    metadata: { name: 'p' },
    spec: { containers: [{ name: 'app', ...container }], ...spec },
  } as unknown as Pod,
  container: 'app',
});

test.each<[string, object, number]>([
  ['no probe', {}, 30],
  ['only a readiness probe, which ends nothing', { readinessProbe: { periodSeconds: 1 } }, 30],
  [
    'a liveness probe as the API server fills it in',
    { livenessProbe: { periodSeconds: 10, failureThreshold: 3 } },
    18,
  ],
  ['one that says nothing', { livenessProbe: {} }, 18],
  ['a patient one', { livenessProbe: { initialDelaySeconds: 60 } }, 30],
  [
    'a startup probe, before which no liveness probe is asked',
    { startupProbe: { periodSeconds: 1, failureThreshold: 11 }, livenessProbe: { periodSeconds: 1 } },
    8,
  ],
])('with %s', (_, container, seconds) => {
  expect(gateSeconds(target(container))).toBe(seconds);
});

test.each<[string, object, object, RegExp]>([
  [
    'an impatient probe',
    { livenessProbe: { periodSeconds: 2 } },
    {},
    /its liveness probe would end it after 4 s/,
  ],
  [
    'an impatient startup probe',
    { startupProbe: { failureThreshold: 1 } },
    {},
    /its startup probe would end it after 0 s/,
  ],
  ['a hook that may wait for it', { lifecycle: { postStart: { exec: {} } } }, {}, /postStart hook/],
  ['a shared process namespace', {}, { shareProcessNamespace: true }, /namespace of their own/],
  ["the node's process namespace", {}, { hostPID: true }, /namespace of their own/],
])('not with %s', (_, container, spec, words) => {
  expect(() => gateSeconds(target(container, spec))).toThrow(words);
  expect(() => gateSeconds(target(container, spec))).toThrow(Declined);
});
