/** Somebody whose credentials are valid until a test ends them: a service account's token. */
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serviceAccounts } from '../../../src/kube/api/resources.ts';
import { clientOf } from './clients.ts';
import { contextA, contextB } from './contexts.ts';
import { kubectl } from './kubectl.ts';
import { kubeconfigOf } from './limited.ts';
import { grantIn } from './roles.ts';

interface Config {
  clusters: unknown[];
  users: { user: object }[];
  contexts: unknown[];
}

export interface Doomed {
  /** A kubeconfig of both clusters, in which this context has the token. */
  readonly kubeconfig: string;
  /** From now on the API server answers 401. */
  end(): Promise<void>;
  remove(): Promise<void>;
}

/** May do everything in one namespace of this context's cluster until `end`; in the other cluster for good. */
export async function doomedIn(context: string, namespace: string): Promise<Doomed> {
  const name = 'doomed';
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } };
  const binding = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', name, namespace }],
  };
  await grantIn(
    context,
    namespace,
    [account, binding],
    ['--as', `system:serviceaccount:${namespace}:${name}`],
  );
  const token = (await kubectl(context, ['-n', namespace, 'create', 'token', name])).trim();
  const folder = await mkdtemp(join(tmpdir(), 'x8s-test-'));
  const files = [contextA, contextB].map((one) => {
    const path = kubeconfigOf(one, join(folder, one), one);
    const config = JSON.parse(readFileSync(path, 'utf8')) as Config;
    if (one === context) for (const user of config.users) user.user = { token };
    writeFileSync(path, JSON.stringify(config), { mode: 0o600 });
    return path;
  });
  return {
    kubeconfig: files.join(':'),
    end: async () => {
      await (await clientOf(context)).delete(serviceAccounts, { namespace, name });
    },
    remove: () => rm(folder, { recursive: true }),
  };
}
