/** People who are given what `nsreplicate rbac` prints for a task, object by object, and all that is undone afterwards. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import type { PolicyRule } from '../../../src/kube/cluster/access.ts';
import { resolveResource } from '../../../src/kube/cluster/discovery.ts';
import { contextA, contextB } from './contexts.ts';
import { plugin } from './kubectl.ts';
import { Person } from './limited.ts';
import type { Pair } from './nsreplicate.ts';

export type Role = KubeObject & { rules: PolicyRule[] };

/** Somebody, the kubeconfig files by which they come, and what gives them what `rbac` prints. */
export interface Helper {
  readonly person: Person;
  readonly paths: readonly [from: string, to: string];
  readonly grant: (...more: string[]) => Promise<void>;
}

export class Granted {
  /** Roles that were given, by where they are. */
  readonly roles: [KubeClient, Role][] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), 'x8s-test-'));
  readonly #undo: (() => Promise<unknown>)[] = [];

  /** Somebody who is given what `rbac` prints for the task of a pair. */
  helper(to: Pair, ...flags: string[]): Helper {
    const person = new Person();
    this.later(() => person.forget());
    const paths = [
      person.kubeconfigFor(contextA, join(this.#folder, `${person.name}-from.yaml`), 'from'),
      person.kubeconfigFor(contextB, join(this.#folder, `${person.name}-to.yaml`), 'to'),
    ] as const;
    const grant = async (...more: string[]) => {
      const bind = ['--bind-to', `user:${person.name}`, '-o', 'json'];
      const printed = await plugin('nsreplicate', ['rbac', ...to.flags, ...flags, ...bind, ...more]);
      const {
        primary = [],
        replica = [],
        state = [],
      } = JSON.parse(printed.stdout) as Record<string, KubeObject[]>;
      for (const object of [...primary, ...state]) await this.give(to.from, object);
      for (const object of replica) await this.give(to.to, object);
    };
    return { person, paths, grant };
  }

  async give(kube: KubeClient, object: KubeObject): Promise<void> {
    const { apiVersion = '', kind = '', metadata } = object;
    const [version, group] = apiVersion.split('/').reverse();
    const resource = await resolveResource(kube, group ? `${kind}.${version}.${group}` : kind);
    await kube.apply(resource, object, { fieldManager: 'an-administrator', force: true });
    if (kind === 'Role' || kind === 'ClusterRole') this.roles.push([kube, object as Role]);
    if (kind !== 'Namespace') this.later(() => kube.delete(resource, metadata));
  }

  /** Is done when this is closed, the last first. */
  later(undo: () => Promise<unknown>): void {
    this.#undo.push(undo);
  }

  async close(): Promise<void> {
    for (const one of this.#undo.reverse()) await one().catch(() => undefined);
    rmSync(this.#folder, { recursive: true });
  }
}
