import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { explanationText, ruleText } from '../../../../../plugins/nsreplicate/commands/output/object-text.ts';
import type { JobRecord } from '../../../../../plugins/nsreplicate/jobs/records.ts';
import { explainObject } from '../../../../../plugins/nsreplicate/preview/explain-object.ts';
import { look } from '../../../../../plugins/nsreplicate/preview/look.ts';
import { ruleFor } from '../../../../../plugins/nsreplicate/rules/rule.ts';
import { parseSelector } from '../../../../../plugins/nsreplicate/rules/selector.ts';
import { configMaps as resource } from '../../../../../src/kube/api/resources.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { apiError } from '../../../support/fake-cluster.ts';
import { configMap, configMaps, namespace, namespaces, sides } from '../../../support/replication.ts';

const { signal } = new AbortController();
let pair: ReturnType<typeof sides>;

beforeEach(() => {
  pair = sides();
  pair.to.objects.create(namespaces, namespace('shop'));
});
afterEach(() => Promise.all([pair.from.close(), pair.to.close()]));

async function explain(name: string, { kind = 'ConfigMap', shop = 'shop', jobs = [] as JobRecord[] } = {}) {
  const place = { kind, namespace: shop, name };
  const surveyed = await look({ ...pair.assignment, state: pair.from, clock: fakeClock(), signal }, place);
  return explainObject(surveyed, { place, resource, jobs, signal });
}

test('an object that the replica lacks is to be created, by the rule that covers it', async () => {
  pair.from.objects.create(configMaps, configMap('new'));
  const found = await explain('new');
  expect(found.primary).toMatchObject({ name: 'from', exists: true, rule: { kind: 'ConfigMap' } });
  expect(found.replicas).toMatchObject([
    { replica: 'to', exists: false, outcome: 'create', digests: { present: undefined }, owners: [] },
  ]);
  expect(found.replicas[0]?.digests.wanted).toMatch(/^d1:/);
});

test("somebody else's object is refused, and who wrote its fields is named", async () => {
  pair.from.objects.create(configMaps, configMap('theirs', '1'));
  const theirs = configMap('theirs', '2');
  const fieldsV1 = { 'f:data': { 'f:value': {} } };
  const managedFields = [{ manager: 'kubectl-edit', operation: 'Update', fieldsV1 }];
  pair.to.objects.create(configMaps, { ...theirs, metadata: { ...theirs.metadata, managedFields } });
  const found = await explain('theirs');
  expect(found.replicas).toMatchObject([
    { exists: true, outcome: 'refuse', because: expect.stringContaining('--adopt') },
  ]);
  const text = explanationText(found, { whole: false, now: new Date() });
  expect(text).toMatch(/ {2}to: refuse: it is there and was not made by this tool/);
  expect(text).toContain('fields of kubectl-edit (written): data.value');
});

test('why the primary does not copy an object is said', async () => {
  pair.from.objects.create(configMaps, configMap('kube-root-ca.crt'));
  pair.from.objects.create(configMaps, configMap('elsewhere', '1', 'pay'));
  const reason = async (...args: Parameters<typeof explain>) => (await explain(...args)).primary.because;
  expect(await reason('kube-root-ca.crt')).toContain('cluster');
  expect(await reason('elsewhere', { shop: 'pay' })).toBe('the task does not cover its namespace');
  expect(await reason('kube-root-ca.crt', { kind: 'Other' })).toBe('no rule covers the kind Other');
});

test('what the primary has and does not copy is not called gone, nor is a copy of it to be deleted', async () => {
  pair.from.objects.create(configMaps, configMap('kube-root-ca.crt'));
  const { primary, replicas } = await explain('kube-root-ca.crt');
  expect(primary.exists).toBe(true);
  expect(replicas).toMatchObject([
    { outcome: 'leave', because: 'it is not copied, and the replica does not have it' },
  ]);
  expect((await explain('never')).replicas).toMatchObject([{ outcome: 'gone' }]);
  const [name, shop] = ['kube-root-ca.crt', 'shop'] as const;
  const origin = `of=ConfigMap/${shop}/${name} cluster=${pair.assignment.primary.id} task=t namespace=shop uid=1 applied=d`;
  const fieldsV1 = { 'f:metadata': { 'f:annotations': { 'f:x8s.dev/origin': {} } } };
  const metadata = {
    ...{ name, namespace: shop, labels: { 'x8s.dev/replica-of': 't' } },
    annotations: { 'x8s.dev/origin': origin },
    managedFields: [{ manager: 'kubectl-nsreplicate', operation: 'Apply', fieldsV1 }],
  };
  pair.to.objects.create(configMaps, { ...configMap(name), metadata });
  expect((await explain(name)).replicas).toMatchObject([
    { outcome: 'leave', because: 'it is still on the primary, but no rule covers it any more' },
  ]);
  pair.from.objects.delete(configMaps, shop, name);
  expect((await explain(name)).replicas).toMatchObject([{ outcome: 'delete' }]);
});

test('what may not be listed on the replica is not called anything', async () => {
  pair.from.objects.create(configMaps, configMap('new'));
  pair.to.before = ({ verb, collection }) => {
    if (verb === 'list' && collection === configMaps) throw apiError(403, 'you may not list configmaps');
  };
  const { replicas } = await explain('new');
  expect(replicas).toMatchObject([{ outcome: undefined, unread: 'you may not list configmaps' }]);
});

test('the last job of each replica is told', async () => {
  pair.from.objects.create(configMaps, configMap('new'));
  const job: JobRecord = {
    ...{ change: 'd', kind: 'ConfigMap', namespace: 'shop', name: 'new', replica: 'to', state: 'failed' },
    ...{ reason: 'forbidden', message: 'no', attempts: 3, startedAt: '2026-01-01T00:00:00.000Z' },
  };
  const found = await explain('new', { jobs: [{ ...job, replica: 'other' }, job] });
  expect(found.replicas[0]?.job).toBe(job);
  const now = new Date('2026-01-01T00:01:00.000Z');
  expect(explanationText(found, { whole: false, now })).toContain(
    'fails after 3 attempts, 60s ago: forbidden: no',
  );
});

test('rules are told as a person writes them', () => {
  const rule = ruleFor('apps', 'Deployment');
  expect(ruleText(rule)).toBe('Deployment.apps (whole)');
  const selector = parseSelector('app=web,tier!=db,!legacy,env in (a,b)');
  const carry = { what: 'fields', fields: [['spec', 'replicas']], status: true } as const;
  expect(ruleText({ ...rule, version: 'v1', namespaces: ['shop', 'pay'], selector, carry })).toBe(
    'Deployment.v1.apps in shop, pay with app=web,tier!=db,!legacy,env in (a,b) (fields spec.replicas and its status)',
  );
});
