import { describe, expect, test } from '@jest/globals';
import type { PodPrivileges } from '../../../../../plugins/x8sync/objects/manifests/pod-security.ts';
import { admittedPrivileges } from '../../../../../plugins/x8sync/preflight/pod-privileges.ts';
import { ApiError } from '../../../../../src/kube/api/api-error.ts';
import type { KubeClient } from '../../../../../src/kube/api/client.ts';
import type { Pod, PodSpec } from '../../../../../src/kube/api/objects.ts';
import { fakeKube } from '../../../support/fake-kube.ts';

const reviews = '/apis/authorization.k8s.io/v1';
const signal = new AbortController().signal;
/** A pod specification that only names who it would run as. */
const spec = (privileges: PodPrivileges) =>
  ({ containers: [], serviceAccountName: privileges }) as unknown as PodSpec;

/** A namespace that admits pods with these privileges only. */
function admitting(...admitted: PodPrivileges[]): { kube: KubeClient; tried: string[] } {
  const kube = fakeKube();
  kube.answers.set(`${reviews}/selfsubjectrulesreviews`, () => ({ status: {} }));
  kube.answers.set(`${reviews}/selfsubjectaccessreviews`, () => ({ status: { allowed: true } }));
  const tried: string[] = [];
  kube.create = async (_resource, object, options = {}) => {
    if (!options.dryRun) throw new Error('only dry runs are expected');
    const { serviceAccountName = '' } = (object as unknown as Pod).spec as { serviceAccountName?: string };
    tried.push(serviceAccountName);
    if (!admitted.includes(serviceAccountName as PodPrivileges))
      throw new ApiError(403, undefined, `violates PodSecurity: ${serviceAccountName}`);
    return object;
  };
  return { kube, tried };
}

const ask = (kube: KubeClient, ...choice: PodPrivileges[]) =>
  admittedPrivileges(kube, 'shop', choice, spec, signal);

describe('the first pod of the choice that the namespace admits', () => {
  test('is taken, and no further one is tried', async () => {
    const { kube, tried } = admitting('root', 'user');
    expect(await ask(kube, 'root', 'user')).toBe('root');
    expect(tried).toEqual(['root']);
  });

  test('may be a lesser one', async () => {
    expect(await ask(admitting('user').kube, 'admin', 'root', 'user')).toBe('user');
  });
});

describe('where none is admitted', () => {
  test("the server's words for each are shown, and the exit code is 3", async () => {
    await expect(ask(admitting().kube, 'root', 'user')).rejects.toMatchObject({
      exitCode: 3,
      details: ['violates PodSecurity: root', 'violates PodSecurity: user'],
    });
  });

  test('--run-as 0 is told that an ordinary user may copy', async () => {
    await expect(ask(admitting('user').kube, 'root')).rejects.toMatchObject({
      exitCode: 3,
      hint: expect.stringMatching(/without --run-as 0 an ordinary user copies/),
    });
  });

  test('--trusted-xattrs is told of the level that it takes', async () => {
    await expect(ask(admitting('user').kube, 'admin')).rejects.toMatchObject({
      hint: expect.stringMatching(/'privileged'; without --trusted-xattrs/),
    });
  });

  test('no privilege is blamed where not even an ordinary user is admitted', async () => {
    await expect(ask(admitting().kube, 'root')).rejects.toMatchObject({
      exitCode: 3,
      hint: expect.not.stringMatching(/--run-as/),
    });
  });
});

test('a server that fails otherwise is not taken for one that declines', async () => {
  const { kube } = admitting();
  kube.create = async () => {
    throw new ApiError(500, undefined, 'etcd is away');
  };
  await expect(ask(kube, 'root', 'user')).rejects.toThrow('etcd is away');
});
