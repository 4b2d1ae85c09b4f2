/** Kubeconfigs of people who may do little: an administrator's, that acts as somebody else. */
import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import type { Resource } from '../../../src/kube/api/resources.ts';
import { kubeconfig } from './contexts.ts';
import { untilHeeded } from './heeded.ts';

interface Named {
  name: string;
}
/** What may be done with some resources of some groups. */
interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}
interface Kubeconfig {
  clusters: (Named & { cluster: object })[];
  users: (Named & { user: object })[];
  contexts: (Named & { context: { cluster: string; user: string } })[];
}

/** The cluster and the user behind a context of the tests' kubeconfig, as a file of one context. */
export function kubeconfigOf(context: string, path: string, name: string, change: object = {}): string {
  const { clusters, users, contexts } = parse(readFileSync(kubeconfig, 'utf8')) as Kubeconfig;
  const of = contexts.find((entry) => entry.name === context)?.context;
  const cluster = clusters.find((entry) => entry.name === of?.cluster)?.cluster;
  const user = users.find((entry) => entry.name === of?.user)?.user;
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [{ name, cluster }],
    users: [{ name, user: { ...user, ...change } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
  };
  // JSON is YAML.
  writeFileSync(path, JSON.stringify(config), { mode: 0o600 });
  return path;
}

const rbac = (kind: string, plural: string, namespaced: boolean): Resource => ({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  plural,
  kind,
  namespaced,
});
const roleBindings = rbac('RoleBinding', 'rolebindings', true);
const clusterRoles = rbac('ClusterRole', 'clusterroles', false);
const clusterRoleBindings = rbac('ClusterRoleBinding', 'clusterrolebindings', false);

/** Somebody without any rights, who can be given some. */
export class Person {
  readonly name: string;
  readonly #undo: (() => Promise<unknown>)[] = [];
  readonly #files: string[] = [];

  /** @param name of a user that there is already; a new one where it is absent */
  constructor(name = `x8s-test-${randomBytes(3).toString('hex')}`) {
    this.name = name;
  }

  /** A kubeconfig of this person for a cluster of the tests. */
  kubeconfigFor(context: string, path: string, name: string): string {
    this.#files.push(path);
    return kubeconfigOf(context, path, name, { as: this.name });
  }

  /** Lets them do everything in a namespace. Resolves once that is heeded. */
  async mayAllIn(kube: KubeClient, namespace: string): Promise<void> {
    const metadata = { name: this.name, namespace };
    await kube.create(roleBindings, this.#binding(metadata, 'cluster-admin'));
    this.#undo.push(() => kube.delete(roleBindings, metadata));
    await untilHeeded(kube, this.name, { verb: '*', group: '*', resource: '*', namespace });
  }

  /** Lets them do what these rules say, in the whole cluster. Resolves once that is heeded. */
  async may(kube: KubeClient, rules: readonly Rule[]): Promise<void> {
    const metadata = { name: this.name };
    await kube.create(clusterRoles, { metadata, rules } as KubeObject);
    this.#undo.push(() => kube.delete(clusterRoles, metadata));
    await kube.create(clusterRoleBindings, this.#binding(metadata, this.name));
    this.#undo.push(() => kube.delete(clusterRoleBindings, metadata));
    // They are of one object: where one is heeded, all are.
    for (const {
      apiGroups: [group = ''],
      resources: [resource = ''],
      verbs: [verb = ''],
    } of rules.slice(-1))
      await untilHeeded(kube, this.name, { verb, group, resource });
  }

  /** Takes all rights away, and the kubeconfigs. */
  async forget(): Promise<void> {
    for (const undo of this.#undo.splice(0)) await undo();
    for (const file of this.#files.splice(0)) rmSync(file, { force: true });
  }

  #binding(metadata: KubeObject['metadata'], role: string): KubeObject {
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role };
    return { metadata, roleRef, subjects: [{ kind: 'User', name: this.name }] } as KubeObject;
  }
}
