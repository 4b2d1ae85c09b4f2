/** Whose an object on a replica is: others' objects and fields, immutable fields, claims. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { configMaps, namespaces, persistentVolumeClaims } from '../../src/kube/api/resources.ts';
import { eventually } from '../support/eventually.ts';
import { Pair } from './support/nsreplicate.ts';
import { claim, configMap } from './support/objects.ts';

let pair: Pair;

beforeAll(async () => {
  pair = await Pair.open('owners');
  await pair.to.create(namespaces, { metadata: { name: pair.namespace } });
});
afterAll(() => pair.close());

/** `--once` for one object alone, so that tests do not see each other's failures. */
const only = (name: string) => ['-l', `only=${name}`];
const labelled = (name: string) => ({ labels: { only: name } });
const remove = (name: string) => ({ namespace: pair.namespace, name });

describe('an object that is there already, made by somebody else', () => {
  test('is not touched, and reported', async () => {
    await pair.put(pair.to, configMap('theirs', { of: 'theirs', more: 'keys' }, labelled('theirs')));
    await pair.put(pair.from, configMap('theirs', { of: 'ours' }, labelled('theirs')));
    const { code, stderr } = await pair.once(...only('theirs'));
    expect({ code, stderr }).toMatchObject({ code: 5, stderr: expect.stringContaining('not-ours') });
    expect(await pair.copyOf('configmaps', 'theirs')).toMatchObject({ data: { of: 'theirs' } });
    const jobs = await pair.ask('jobs', '--failed', '-o', 'wide');
    expect(jobs.stdout).toContain('was not made by this tool; --adopt takes it over');
  });

  test('is taken over with --adopt; keys of others stay, and go with --exact', async () => {
    await pair.copy('--adopt', ...only('theirs'));
    expect(await pair.copyOf('configmaps', 'theirs')).toMatchObject({ data: { of: 'ours', more: 'keys' } });
    await pair.copy('--adopt', '--exact', ...only('theirs'));
    expect((await pair.copyOf('configmaps', 'theirs')).data).toEqual({ of: 'ours' });
  });

  test('of another task of ours is not touched either', async () => {
    const { code, stderr } = await pair.once(...only('theirs'), '--name', pair.otherTask('x'));
    expect({ code, stderr }).toMatchObject({ code: 5, stderr: expect.stringContaining('other-task') });
  });
});

describe('a field that another manager applies', () => {
  beforeAll(async () => {
    await pair.put(pair.from, configMap('shared', { a: '1' }, labelled('shared')));
    await pair.copy(...only('shared'));
    await pair.put(pair.to, configMap('shared', { a: 'from gitops' }));
    await pair.put(pair.from, configMap('shared', { a: '2' }, labelled('shared')));
  });

  test('is a conflict, reported and left', async () => {
    const { code, stderr } = await pair.once(...only('shared'), '--drift', 'report');
    expect({ code, stderr }).toMatchObject({ code: 5, stderr: expect.stringContaining('conflict') });
    expect(await pair.copyOf('configmaps', 'shared')).toMatchObject({ data: { a: 'from gitops' } });
    expect((await pair.ask('jobs', '--failed', '-o', 'wide')).stdout).toContain('a-person');
  });

  test('is taken over with --force-conflicts', async () => {
    await pair.copy(...only('shared'), '--force-conflicts');
    expect(await pair.copyOf('configmaps', 'shared')).toMatchObject({ data: { a: '2' } });
  });
});

describe('an immutable field', () => {
  const immutable = (value: string) => ({
    ...configMap('fixed', { value }, labelled('fixed')),
    immutable: true,
  });
  const remake = async (value: string) => {
    await pair.from.delete(configMaps, remove('fixed'));
    await pair.put(pair.from, immutable(value));
  };

  test('is reported by default, and the old object stays', async () => {
    await pair.put(pair.from, immutable('1'));
    await pair.copy(...only('fixed'));
    await remake('2');
    const planned = async (...flags: string[]) =>
      (await pair.look('plan', ...only('fixed'), ...flags)).stdout;
    const difference = '(?:.*\n)*?- {2}value: "1"\n\\+ {2}value: "2"';
    expect(await planned()).toMatch(
      new RegExp(`can't update ConfigMap \\S+/fixed \\(.*immutable.*\n${difference}`),
    );
    expect(await planned('--on-immutable', 'recreate')).toMatch(
      new RegExp(`: recreate ConfigMap \\S+/fixed \\(.*\n${difference}`),
    );
    const { code, stderr } = await pair.once(...only('fixed'));
    expect({ code, stderr }).toMatchObject({ code: 5, stderr: expect.stringContaining('immutable') });
    expect(await pair.copyOf('configmaps', 'fixed')).toMatchObject({ data: { value: '1' } });
  });

  test('is changed by making the object anew, with --on-immutable recreate', async () => {
    await pair.copy(...only('fixed'), '--on-immutable', 'recreate');
    expect((await pair.ask('jobs', '--failed')).stdout).toBe('');
    expect(await pair.copyOf('configmaps', 'fixed')).toMatchObject({ data: { value: '2' } });
  });

  test('a claim that was bound is never made anew; one that was not, is', async () => {
    const bound = { volumeName: 'none-such', storageClassName: '' };
    for (const name of ['bound', 'unbound'])
      await pair.put(pair.from, {
        ...claim(name, { storageClassName: 'one' }),
        metadata: { name, ...labelled('claims') },
      });
    await pair.copy(...only('claims'));
    // As if it had been bound on the replica: such a claim bears the name of its volume.
    await pair.to.delete(persistentVolumeClaims, remove('bound'));
    const there = await eventually(async () => {
      expect(await pair.find(pair.to, 'persistentvolumeclaims', 'bound')).toBeUndefined();
      return pair.to.create(persistentVolumeClaims, {
        ...claim('bound', bound),
        metadata: { name: 'bound', namespace: pair.namespace },
      } as never);
    });
    for (const name of ['bound', 'unbound']) {
      await pair.from.delete(persistentVolumeClaims, remove(name));
      await eventually(async () =>
        expect(await pair.find(pair.from, 'persistentvolumeclaims', name)).toBeUndefined(),
      );
      await pair.put(pair.from, {
        ...claim(name, { storageClassName: 'two' }),
        metadata: { name, ...labelled('claims') },
      });
    }
    const { code } = await pair.once(...only('claims'), '--on-immutable', 'recreate', '--adopt');
    expect(code).toBe(5);
    expect((await pair.copyOf('persistentvolumeclaims', 'bound')).metadata.uid).toBe(there.metadata.uid);
    expect(await pair.copyOf('persistentvolumeclaims', 'unbound')).toMatchObject({
      spec: { storageClassName: 'two' },
    });
    expect((await pair.ask('jobs', '--failed', '-o', 'wide')).stdout).toContain('it stands for data');
  });
});
