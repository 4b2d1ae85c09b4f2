/** Deletions that would take others along: namespaces with all that is in them. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { configMaps, namespaces, persistentVolumeClaims } from '../../src/kube/api/resources.ts';
import { waitGone } from '../../src/kube/watch/wait.ts';
import { eventually } from '../support/eventually.ts';
import { patienceMs } from './support/clients.ts';
import { Pair } from './support/nsreplicate.ts';
import { claim, configMap } from './support/objects.ts';

describe('a namespace that goes on the primary', () => {
  let pair: Pair;
  let gone: string;
  const flags = () => ['--sync-namespaces', `${pair.namespace}*`, '--prune', '--prune-namespaces'];

  beforeAll(async () => {
    pair = await Pair.open('emptied');
    gone = await pair.addNamespace('gone');
    for (const name of ['ours', 'too', 'three'])
      await pair.put(pair.from, configMap(name, { a: '1' }, { namespace: gone }));
    await pair.copy(...flags());
    await pair.from.delete(namespaces, { name: gone });
    await waitGone(pair.from, namespaces, { name: gone }, { timeoutMs: patienceMs, what: 'the namespace' });
  });
  afterAll(() => pair.close());

  test('stays while it holds anything of somebody else, whatever that is', async () => {
    const theirs = { namespace: gone, name: 'theirs' };
    await pair.to.create(configMaps, { metadata: theirs, data: { a: 'theirs' } });
    expect((await pair.look('plan', ...flags())).stdout).toMatch(/can't delete Namespace.*theirs would go/);
    expect(await pair.once(...flags())).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('guarded'),
    });
    expect(await pair.to.find(configMaps, theirs)).toBeDefined();
    await pair.to.delete(configMaps, theirs);
  });

  test('stays while it holds claims that others made, also with --prune-claims', async () => {
    const { metadata, ...rest } = claim('disk');
    const theirs = { ...metadata, namespace: gone };
    await pair.to.create(persistentVolumeClaims, { ...rest, metadata: theirs } as never);
    const ended = await pair.once(...flags(), '--prune-claims');
    expect(ended).toMatchObject({ code: 5, stderr: expect.stringContaining('guarded') });
    await pair.to.delete(persistentVolumeClaims, theirs);
  });

  test('goes when nothing is in it but copies and what every namespace has', async () => {
    // Four objects, each of which counts once.
    const limit = ['--prune-limit', '4'];
    await eventually(async () => {
      await pair.copy(...flags(), ...limit);
      expect(await pair.to.find(namespaces, { name: gone })).toBeUndefined();
    });
  });
});
