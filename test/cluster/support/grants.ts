/** Roles as `rbac` prints them, given to somebody, and single verbs that are taken away from them. */
import { join } from 'node:path';
import type { PolicyRule } from '../../../src/kube/access.ts';
import type { KubeClient } from '../../../src/kube/client.ts';
import { resolveResource } from '../../../src/kube/discovery.ts';
import type { KubeObject } from '../../../src/kube/objects.ts';
import { contextA, contextB } from './contexts.ts';
import { plugin } from './kubectl.ts';
import { Person } from './limited.ts';

export type Role = KubeObject & { rules: PolicyRule[] };

/** One verb of one rule of a role that was given. */
export interface GivenVerb {
  readonly kube: KubeClient;
  readonly role: Role;
  readonly rule: PolicyRule;
  readonly verb: string;
}

/** What was given to people on clusters. */
export class Grants {
  readonly #roles: [KubeClient, Role][] = [];
  readonly #undo: (() => Promise<unknown>)[] = [];

  /** Applies manifests in their order: namespaces, roles, bindings. */
  async give(kube: KubeClient, objects: readonly KubeObject[] = []): Promise<void> {
    for (const object of objects) {
      const { apiVersion = '', kind = '', metadata } = object;
      const [version, group] = apiVersion.split('/').reverse();
      const resource = await resolveResource(kube, group ? `${kind}.${version}.${group}` : kind);
      await kube.apply(resource, object, { fieldManager: 'an-administrator', force: true });
      if (kind === 'Role' || kind === 'ClusterRole') this.#roles.push([kube, object as Role]);
      if (kind !== 'Namespace') this.#undo.push(() => kube.delete(resource, metadata));
    }
  }

  /** Each verb that was given. */
  verbs(): GivenVerb[] {
    return this.#roles.flatMap(([kube, role]) =>
      role.rules.flatMap((rule) => rule.verbs.map((verb) => ({ kube, role, rule, verb }))),
    );
  }

  /** Does something while one verb is lacking, and gives it back. */
  async without<T>({ kube, role, rule, verb }: GivenVerb, work: () => Promise<T>): Promise<T> {
    const less = role.rules.map((one) =>
      one === rule ? { ...one, verbs: one.verbs.filter((given) => given !== verb) } : one,
    );
    await this.#write(
      kube,
      role,
      less.filter(({ verbs }) => verbs.length > 0),
    );
    try {
      return await work();
    } finally {
      await this.#write(kube, role, role.rules);
    }
  }

  /** Takes all of it back. */
  async takeBack(): Promise<void> {
    for (const undo of this.#undo.splice(0).reverse()) await undo().catch(() => undefined);
  }

  async #write(kube: KubeClient, { kind, metadata }: Role, rules: readonly PolicyRule[]): Promise<void> {
    const { name, namespace } = metadata;
    const resource = await resolveResource(kube, `${kind}.v1.rbac.authorization.k8s.io`);
    await kube.patch(resource, { name, namespace }, { rules }, { type: 'merge' });
  }
}

/** Somebody who is given what `rbac` prints, and the kubeconfigs by which they come to both clusters. */
export class Holder {
  readonly person = new Person();
  readonly grants = new Grants();
  /** Of the first cluster and of the second one; their contexts are called `from` and `to`. */
  readonly paths: readonly [string, string];

  constructor(folder: string) {
    const path = (name: string) => join(folder, `${this.person.name}-${name}.yaml`);
    this.paths = [
      this.person.kubeconfigFor(contextA, path('from'), 'from'),
      this.person.kubeconfigFor(contextB, path('to'), 'to'),
    ];
  }

  /** Gives what `rbac` prints for these flags; the state is kept by the primary. */
  async grant(primary: KubeClient, replica: KubeClient, flags: readonly string[]): Promise<void> {
    const bind = ['--bind-to', `user:${this.person.name}`, '-o', 'json'];
    const { stdout } = await plugin('nsreplicate', ['rbac', ...flags, ...bind]);
    const printed = JSON.parse(stdout) as Record<'primary' | 'replica' | 'state', KubeObject[]>;
    await this.grants.give(primary, [...printed.primary, ...printed.state]);
    await this.grants.give(replica, printed.replica);
  }

  /** Takes all rights back, and the kubeconfigs. */
  async forget(): Promise<void> {
    await this.grants.takeBack();
    await this.person.forget();
  }
}
