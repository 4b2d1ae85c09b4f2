import { expect, test } from '@jest/globals';
import { limitRangeFindings, quotaFindings } from '../../../../../plugins/x8sync/doctor/limits.ts';
import type { KubeObject } from '../../../../../src/kube/api/objects.ts';

const place = { side: 'target', check: 'quota' } as const;
const pod = { requests: { cpu: '10m', memory: '64Mi' }, limits: { memory: '1Gi' } };
const addition = { objects: { secrets: '1', 'jobs.batch': '1', services: '0' }, pods: [pod] };

const quota = (
  hard: Record<string, string>,
  used: Record<string, string>,
  spec: object = {},
): KubeObject => ({
  metadata: { name: 'small' },
  spec,
  status: { hard, used },
});

test.each([
  ['pods', '3', '3', /pods: 3 of 3 is used, and 1 more would be/],
  ['count/pods', '3', '3', /count\/pods/],
  ['requests.cpu', '100m', '95m', /requests\.cpu: 95m of 100m is used, and 10m more/],
  ['memory', '128Mi', '65Mi', /memory: 65Mi of 128Mi/],
  ['limits.memory', '1Gi', '1', /limits\.memory/],
  ['count/secrets', '1', '1', /count\/secrets/],
  ['count/jobs.batch', '0', '0', /jobs\.batch/],
])('a quota of %s that is full is named, and what a copy adds', (resource, hard, used, words) => {
  const [finding, ...others] = quotaFindings(
    place,
    [quota({ [resource]: hard }, { [resource]: used })],
    addition,
  );
  expect(others).toEqual([]);
  expect(finding).toMatchObject({ verdict: 'failed', exitCode: 3, message: expect.stringMatching(words) });
});

test.each([
  ['requests.cpu', '100m', '90m'],
  ['services', '0', '0'],
  ['requests.storage', '1Gi', '1Gi'],
  ['pods', '4', '3'],
])('a quota of %s has room where %s is the most and %s is used', (resource, hard, used) => {
  const findings = quotaFindings(place, [quota({ [resource]: hard }, { [resource]: used })], addition);
  expect(findings).toMatchObject([{ verdict: 'ok' }]);
});

test('a quota of some pods only is not judged, and that is said', () => {
  const findings = quotaFindings(place, [quota({ pods: '0' }, {}, { scopes: ['BestEffort'] })], addition);
  expect(findings).toMatchObject([{ verdict: 'note', message: expect.stringMatching(/not looked into/) }]);
});

test('a limit range that the pods do not keep to says by how much', () => {
  const range = (item: object): KubeObject => ({ metadata: { name: 'tight' }, spec: { limits: [item] } });
  const judge = (item: object) => limitRangeFindings(place, [range(item)], pod);
  expect(judge({ type: 'Container', min: { cpu: '50m' } })).toMatchObject([
    { verdict: 'failed', exitCode: 3, message: 'limit range tight: cpu: 10m is asked for, 50m is the least' },
  ]);
  expect(judge({ type: 'Pod', max: { memory: '512Mi' } })).toMatchObject([
    { verdict: 'failed', message: 'limit range tight: memory: 1Gi is asked for, 512Mi is the most' },
  ]);
  expect(judge({ type: 'PersistentVolumeClaim', min: { storage: '1Gi' } })).toMatchObject([
    { verdict: 'ok' },
  ]);
  expect(judge({ type: 'Container', max: { cpu: '1', memory: '1Gi' } })).toMatchObject([{ verdict: 'ok' }]);
});
