/** Each right of a promotion, taken away by itself: it fails, or goes on, with that verb's name. The servers are fakes. */
import { expect, test } from '@jest/globals';
import { requireIdentity, unidentified } from '../../../../../plugins/nsreplicate/clusters/cluster.ts';
import { promotionRights } from '../../../../../plugins/nsreplicate/preflight/failover-rights.ts';
import { apiError } from '../../../support/fake-cluster.ts';
import { type FakeCall, fakeKube } from '../../../support/fake-kube.ts';
import { awake, optionsFor, run, scene } from '../../../support/promotion.ts';

const verbOf = ({ verb }: FakeCall): string => (verb === 'apply' ? 'patch' : verb);
const pluralOf = ({ collection }: FakeCall): string => collection.split('/')[1] ?? '';

/** What a promotion asks for, as `SIDE VERB PLURAL`, and what comes of it where one of these is refused. */
async function promoted(denied?: string) {
  const { connect, told, objects } = scene();
  // What rbac prints has that namespace in it.
  for (const one of Object.values(objects))
    one.create('/namespaces', { metadata: { name: 'x8s-nsreplicate' } });
  const asked = new Set<string>();
  const kubes = connect((side, call) => {
    if (call.verb === 'request') return;
    const right = `${side} ${verbOf(call)} ${pluralOf(call)}`;
    asked.add(right);
    if (right !== denied) return;
    const what = `${pluralOf(call)} is forbidden: User "tester" cannot ${verbOf(call)} resource "${pluralOf(call)}"`;
    throw apiError(403, what, 'Forbidden');
  });
  const said: string[] = [];
  const ended = await run(optionsFor(kubes, { info: (text) => said.push(text) })).then(
    (report) => JSON.stringify(report).replaceAll('\\"', '"'),
    (error: unknown) => String(error),
  );
  await Promise.all([kubes.from.close(), kubes.to.close()]);
  return { asked, state: told(), told: [...said, ended].join('\n') };
}

const unhindered = await promoted();

test('unhindered it wakes all, and asks for no more than what rbac prints for it', () => {
  expect(unhindered.state).toEqual(expect.arrayContaining(awake));
  expect(unhindered.told).not.toContain('cannot');
  const watch = { primary: [], replica: [], state: [], replicaNamespaces: [] };
  const { primary, replica } = promotionRights(watch);
  const printed = [
    ...primary.map((one) => ['from', one] as const),
    ...replica.map((one) => ['to', one] as const),
  ];
  const names = new Set(printed.map(([side, { verb, resource }]) => `${side} ${verb} ${resource.plural}`));
  // The primary keeps the state here: what is asked of that is a watch's right.
  const ofState = /^from (get|list|create|update|patch|watch) (leases|configmaps)$/;
  expect([...unhindered.asked].filter((one) => !names.has(one) && !ofState.test(one))).toEqual([]);
});

/**
 * Whether the state's namespace is there is only looked at; and a Lease that was taken to await the run that was at work,
 * and can't be given back, runs out by itself.
 */
const needed = [...unhindered.asked].filter(
  (asked) => !asked.endsWith(' get namespaces') && asked !== 'from update leases',
);

test.each(needed)('without the right to %s it is told so', async (denied) => {
  const [, verb, plural] = denied.split(' ');
  const { told } = await promoted(denied);
  expect(told).toContain(`cannot ${verb} resource "${plural}"`);
});

test.each(['promote', 'demote'] as const)(
  '%s: who may not ask which cluster it is gets that verb named',
  async (doing) => {
    const kube = fakeKube();
    expect(() => requireIdentity(unidentified('to', kube), doing)).toThrow(
      'may not get namespaces "kube-system"',
    );
    await kube.close();
  },
);
