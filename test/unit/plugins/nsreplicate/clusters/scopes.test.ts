/** Where a kind is listed: as few lists as there can be, of no more than one may read. */
import { describe, expect, test } from '@jest/globals';
import { scopesOf } from '../../../../../plugins/nsreplicate/clusters/scopes.ts';
import { configMaps, namespaces } from '../../../../../src/kube/api/resources.ts';
import { fakeKube } from '../../../support/fake-kube.ts';

/** A cluster whose user may or may not read everything. */
function cluster(isAllowed: boolean) {
  const kube = fakeKube();
  kube.answers.set('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', () => ({
    status: { allowed: isAllowed },
  }));
  return { name: 'one', kube, id: 'ID' };
}

const many = Array.from({ length: 9 }, (_, index) => `ns-${index}`);

describe('scopesOf', () => {
  test('goes namespace by namespace where few are named, and asks nothing for it', async () => {
    const one = cluster(false);
    expect(await scopesOf(one, configMaps, ['a', 'b'])).toEqual(['a', 'b']);
    expect(one.kube.calls).toEqual([]);
  });

  test('reads the whole cluster where that may be read, and many or unnamed namespaces are meant', async () => {
    expect(await scopesOf(cluster(true), configMaps, many)).toEqual([undefined]);
    expect(await scopesOf(cluster(true), configMaps, undefined)).toEqual([undefined]);
    expect(await scopesOf(cluster(true), namespaces, ['a'])).toEqual([undefined]);
  });

  test('goes namespace by namespace, however many, where it may not', async () => {
    expect(await scopesOf(cluster(false), configMaps, many)).toEqual(many);
  });

  test('does without the list of namespaces where they are named', async () => {
    expect(await scopesOf(cluster(false), namespaces, ['a'])).toEqual([]);
  });

  test('says which right is missing where all namespaces are meant', async () => {
    await expect(scopesOf(cluster(false), configMaps, undefined)).rejects.toMatchObject({
      exitCode: 4,
      message: 'one: you may not list and watch configmaps in all namespaces.',
      hint: expect.stringContaining('--sync-namespaces'),
    });
  });
});
