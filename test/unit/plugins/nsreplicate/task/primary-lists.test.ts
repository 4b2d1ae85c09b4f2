import { afterEach, expect, test } from '@jest/globals';
import type { TaskSpec } from '../../../../../plugins/nsreplicate/decide/spec.ts';
import { ruleFor } from '../../../../../plugins/nsreplicate/rules/rule.ts';
import { mayBeLacking } from '../../../../../plugins/nsreplicate/task/primary-lists.ts';
import { UnreachableError } from '../../../../../src/errors.ts';
import { apiError } from '../../../support/fake-cluster.ts';
import { configMap, configMaps, replication } from '../../../support/replication.ts';

let scene: ReturnType<typeof replication>;

afterEach(() => scene?.end());

const forbidden = apiError(403, 'not allowed', 'Forbidden');
const front = { key: 'tier', operator: 'in', values: ['front'] } as const;
const everywhere = { include: [], exclude: [], selector: [], sensitive: false };
const tiered: TaskSpec['namespaces'] = { ...everywhere, selector: [front] };

test.each([
  ['a refused kind', 'ConfigMap', forbidden, everywhere, true],
  ['namespaces, where names decide', 'Namespace', forbidden, everywhere, true],
  ['namespaces, where labels decide', 'Namespace', forbidden, tiered, false],
  ['a primary that does not answer', 'ConfigMap', new UnreachableError('gone'), everywhere, false],
  ['a defect', 'ConfigMap', new TypeError('oh'), everywhere, false],
])('whether other kinds go on without %s', (_what, name, error, namespaces, expected) => {
  const kind = { name } as Parameters<typeof mayBeLacking>[0];
  expect(mayBeLacking(kind, error, { namespaces })).toBe(expected);
});

test('a kind that may not be read is told of and holds up no other; once it may be, it is copied', async () => {
  scene = replication({ rules: [ruleFor('', 'ConfigMap')] });
  const { from, to, clock, task } = scene;
  from.objects.create(configMaps, configMap('a'));
  from.before = ({ collection, verb }) => {
    if (collection === configMaps && verb === 'list') throw forbidden;
  };
  await scene.begin();
  expect([...task.primary.refused.keys()]).toEqual(['ConfigMap']);
  expect(task.primary.away).toBeUndefined();
  expect(to.objects.all(configMaps)).toEqual([]);
  from.before = () => undefined;
  await clock.advance(60_000);
  expect(task.primary.refused.size).toBe(0);
  expect(to.objects.all(configMaps)).toHaveLength(1);
});

test('a primary that stops answering is away, and refuses nothing by that', async () => {
  scene = replication();
  const { from, clock, task } = scene;
  await scene.begin();
  from.before = () => {
    throw new UnreachableError('the connection was lost');
  };
  from.objects.cutWatches();
  await clock.advance(1000);
  expect(task.primary.away?.message).toContain('the connection was lost');
  expect(task.primary.refused.size).toBe(0);
  from.before = () => undefined;
  await clock.advance(60_000);
  expect(task.primary.away).toBeUndefined();
});
