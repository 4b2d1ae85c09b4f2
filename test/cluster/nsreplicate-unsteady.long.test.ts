/** A primary that is another one, or does not show all that it has: other kinds go on, and nothing goes that should not. */
import { afterEach, expect, test } from '@jest/globals';
import { ruleFor } from '../../plugins/nsreplicate/rules/rule.ts';
import { namespaces, type Resource } from '../../src/kube/api/resources.ts';
import { discover, resolveResource } from '../../src/kube/cluster/discovery.ts';
import { eventually, eventuallySees } from '../support/eventually.ts';
import { Person } from './support/limited.ts';
import { connectTo, Pair } from './support/nsreplicate.ts';
import { configMap, numbered, secret, widgets } from './support/objects.ts';
import { once, watch } from './support/replication.ts';
import { describeWithServers } from './support/servers.ts';

const apiServices: Resource = {
  group: 'apiregistration.k8s.io',
  version: 'v1',
  plural: 'apiservices',
  kind: 'APIService',
  namespaced: false,
};

describeWithServers('a primary', ['p', 'q'], (servers) => {
  let pair: Pair;
  const server = () => servers().named('p');
  const open = async (purpose: string) => {
    pair = await Pair.open(purpose, {
      primary: server().kubeconfig,
      replica: servers().named('q').kubeconfig,
    });
  };
  afterEach(() => pair.close());
  const there = async () => Object.keys(await pair.content(pair.to));

  test('becomes another cluster under the same name while it is watched: nothing goes until it is approved', async () => {
    await open('rebuilt');
    await pair.put(pair.from, ...numbered(6, '1'));
    // Its state is kept elsewhere, so that nothing of the task is lost with it.
    const watching = await watch({ ...(await pair.sides()), state: pair.to }, pair.spec());
    try {
      await server().empty();
      await pair.from.create(namespaces, { metadata: { name: pair.namespace } });
      await pair.put(pair.from, ...numbered(2, '2'), configMap('new', { a: '1' }));
      const said = () => watching.said.join('\n');
      await eventuallySees(said, (text) =>
        /is another cluster than before .*: nothing is deleted until/.test(text),
      );
      await eventually(async () => expect(await there()).toHaveLength(7));
      const copied = async (name: string) => (await pair.copyOf('configmaps', name)).data;
      expect([await copied('o-0'), await copied('o-5')]).toEqual([{ value: '1' }, { value: '1' }]);
      watching.task().approve('a person looked');
      await eventually(async () => expect(await copied('o-0')).toEqual({ value: '2' }));
      expect(await there()).toHaveLength(7);
      expect(watching.said.filter((line) => line.startsWith('FAILED'))).toEqual([]);
    } finally {
      await watching.stop();
    }
  });

  test('refuses one kind: the others go on, and it comes when rights are given back', async () => {
    await open('refuses');
    const person = new Person();
    await person.may(pair.from, [
      { apiGroups: [''], resources: ['namespaces', 'configmaps'], verbs: ['get', 'list', 'watch'] },
    ]);
    const kube = await server().client(person.name);
    await pair.put(pair.from, ...numbered(5, '1'), secret('s', { a: '1' }));
    const { primary, replicas } = await pair.sides();
    const sides = { primary: { ...primary, kube }, replicas, state: pair.from };
    try {
      const { phase, primary: seen, replicas: counted } = await once(sides, pair.spec());
      expect([phase, counted[0]?.counts]).toEqual(['Incomplete', { created: 6 }]);
      expect(seen.unlisted).toEqual({ Secret: expect.stringContaining('may not list secrets') });
      const watching = await watch(sides, pair.spec());
      try {
        await pair.put(pair.from, ...numbered(5, '2'));
        await eventually(async () =>
          expect(await pair.copyOf('configmaps', 'o-4')).toMatchObject({ data: { value: '2' } }),
        );
        expect([...watching.task().primary.refused.keys()]).toEqual(['Secret']);
        await person.forget();
        await person.may(pair.from, [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }]);
        await pair.equal();
        expect(watching.said.filter((line) => line.includes('FAILED'))).toEqual([]);
      } finally {
        await watching.stop();
      }
    } finally {
      await person.forget();
      await kube.close();
    }
  });

  test('has a group whose own server is down: other kinds go on, nothing of it goes, and it comes back', async () => {
    await open('silent');
    const group = 'silent.x8s.test';
    const serving = { name: `v1.${group}` };
    const widget = (size: number) => ({
      ...configMap('w', {}),
      apiVersion: `${group}/v1`,
      kind: 'Widget',
      spec: { size },
    });
    const rules = [ruleFor('', 'ConfigMap'), ruleFor(group, 'Widget')];
    for (const kube of [pair.from, pair.to]) {
      await pair.put(kube, widgets(group));
      await eventually(() => resolveResource(kube, `widgets.${group}`));
    }
    await pair.put(pair.from, ...numbered(2, '1'), widget(1));
    expect(await pair.compare({ rules })).toMatchObject({ phase: 'Done' });
    // As an aggregated API whose Service is gone.
    const service = { namespace: 'default', name: 'nobody' };
    const labels = { 'kube-aggregator.kubernetes.io/automanaged': null };
    const dead = { metadata: { labels }, spec: { service, insecureSkipTLSVerify: true } };
    await pair.from.patch(apiServices, serving, dead, { type: 'merge' });
    const kube = await connectTo(server().kubeconfig);
    const { primary, replicas } = await pair.sides();
    const sides = { primary: { ...primary, kube }, replicas };
    const lacking = { [`${group}/v1`]: expect.stringContaining('does not answer') };
    await eventuallySees(
      () => discover(kube, { refresh: true }),
      ({ unavailable }) => unavailable.length > 0,
    );
    const seen = await once(sides, pair.spec({ rules }));
    expect([seen.phase, seen.primary.unlisted]).toEqual(['Incomplete', lacking]);
    const watching = await watch(sides, pair.spec({ rules }));
    try {
      await pair.put(pair.from, ...numbered(2, '2'));
      await pair.equal();
      expect(watching.said.join('\n')).toContain(`${group}/v1: its API server does not answer`);
      expect((await pair.copyOf(`widgets.${group}`, 'w')).spec).toEqual({ size: 1 });
      // The server makes its own again.
      await pair.from.delete(apiServices, serving);
      await eventually(() => pair.put(pair.from, widget(2)));
      await eventually(async () =>
        expect((await pair.copyOf(`widgets.${group}`, 'w')).spec).toEqual({ size: 2 }),
      );
      await eventually(() => expect(watching.task().primary.refused.size).toBe(0));
    } finally {
      await watching.stop();
      await kube.close();
    }
  });
});
