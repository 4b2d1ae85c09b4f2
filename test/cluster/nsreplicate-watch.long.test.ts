/** More of a watch: keys of others, objects that leave its scope, edits that are reported, namespaces by glob. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { configMaps, namespaces } from '../../src/kube/api/resources.ts';
import { eventually } from '../support/eventually.ts';
import { Pair } from './support/nsreplicate.ts';
import { configMap } from './support/objects.ts';
import type { Running } from './support/process.ts';

describe('a watch', () => {
  let pair: Pair;
  let running: Running;

  beforeAll(async () => {
    pair = await Pair.open('watch');
    await pair.put(pair.from, configMap('first', { a: '2' }));
    running = await pair.watch();
    await pair.equal();
  });
  afterAll(() => pair.close());

  const edit = (name: string, data: object) =>
    pair.to.patch(configMaps, { namespace: pair.namespace, name }, { data }, { type: 'merge' });

  test('a key that somebody adds stays, and is said', async () => {
    await edit('first', { extra: 'key' });
    await eventually(async () => {
      const { stdout } = await pair.ask('status');
      expect(stdout).toContain('1 object has keys of others; --exact removes them');
    });
    expect(await pair.copyOf('configmaps', 'first')).toMatchObject({ data: { a: '2', extra: 'key' } });
    await edit('first', { extra: null });
    await eventually(async () => expect((await pair.ask('status')).stdout).not.toContain('keys of others'));
    await pair.equal();
  });

  test('an object that leaves the scope is left, though a watch says that it is gone', async () => {
    running.child.kill('SIGTERM');
    await running.ended;
    running = await pair.watch('-l', 'scope=in');
    const inScope = configMap('scoped', { a: '1' }, { labels: { scope: 'in' } });
    await pair.put(pair.from, inScope);
    await eventually(() => pair.copyOf('configmaps', 'scoped'));
    await pair.put(pair.from, configMap('scoped', { a: '2' }));
    await eventually(async () =>
      expect((await pair.ask('status')).stdout).toMatch(/left: .*no rule covers it any more/),
    );
    expect(await pair.copyOf('configmaps', 'scoped')).toMatchObject({ data: { a: '1' } });
  });
});

describe('with --drift report', () => {
  let pair: Pair;
  afterAll(() => pair.close());

  test('edits by hand are reported and left', async () => {
    pair = await Pair.open('report');
    await pair.put(pair.from, configMap('kept', { a: '1' }));
    await pair.watch('--drift', 'report');
    await eventually(() => pair.copyOf('configmaps', 'kept'));
    await pair.to.patch(
      configMaps,
      { namespace: pair.namespace, name: 'kept' },
      { data: { a: 'by hand' } },
      { type: 'merge' },
    );
    await eventually(async () =>
      expect((await pair.ask('status')).stdout).toContain('left: 1 (it was edited on the replica)'),
    );
    expect(await pair.copyOf('configmaps', 'kept')).toMatchObject({ data: { a: 'by hand' } });
    const { code, stdout } = await pair.look('drift', '-o', 'json');
    expect(code).toBe(5);
    expect(JSON.parse(stdout).lines).toContainEqual(
      expect.objectContaining({ kind: 'ConfigMap', edited: 1 }),
    );
  });
});

describe('namespaces by glob', () => {
  let pair: Pair;
  afterAll(() => pair.close());

  test('one that is made later is copied with all that is in it; one that is deleted stays', async () => {
    pair = await Pair.open('globs');
    await pair.watch('--sync-namespaces', `${pair.namespace}*`);
    const later = await pair.addNamespace('later');
    const object = configMap('inside', { a: '1' }, { namespace: later });
    await pair.put(pair.from, object);
    await eventually(async () =>
      expect(await pair.content(pair.to, later)).toEqual(await pair.content(pair.from, later)),
    );
    await pair.from.delete(namespaces, { name: later });
    await eventually(async () =>
      expect(await pair.find(pair.to, 'configmaps', 'inside', later)).toBeUndefined(),
    );
    expect((await pair.to.get(namespaces, { name: later })).metadata.deletionTimestamp).toBeUndefined();
  });
});
