/** `kubectl nsreplicate`, and its engine in this process, between two clusters on a namespace and a task of a test's own. */

import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { expect } from '@jest/globals';
import { type Cluster, identify } from '../../../plugins/nsreplicate/clusters/cluster.ts';
import type { TaskSpec } from '../../../plugins/nsreplicate/decide/spec.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { configMaps, leases, namespaces, type Resource, secrets } from '../../../src/kube/api/resources.ts';
import { resolveResource } from '../../../src/kube/cluster/discovery.ts';
import { connect } from '../../../src/kube/connect/connect.ts';
import { eventually } from '../../support/eventually.ts';
import { contextA, contextB, kubeconfig } from './contexts.ts';
import { plugin, startPlugin } from './kubectl.ts';
import { essence } from './objects.ts';
import type { Ended, Running } from './process.ts';
import { each, once, specOf, type Watching, watch } from './replication.ts';

/** Where tasks keep their state. */
export const stateNamespace = 'x8s-nsreplicate';

export interface PairOptions {
  /** A context, or the path of a kubeconfig. */
  readonly primary?: string;
  readonly replica?: string;
  /** Labels and annotations of the primary's namespace. */
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
  /** Of the clients and of the engine in this process. */
  readonly requestTimeoutMs?: number;
}

export class Pair {
  readonly primary: string;
  readonly replica: string;
  readonly task: string;
  /** Namespace of the primary; not on the replica before the first run. */
  readonly namespace: string;
  readonly from: KubeClient;
  readonly to: KubeClient;
  readonly #namespaces: string[];
  readonly #tasks: string[];
  readonly #running: Running[] = [];
  readonly #watching: Watching[] = [];

  private constructor(primary: string, replica: string, task: string, from: KubeClient, to: KubeClient) {
    this.primary = primary;
    this.replica = replica;
    this.task = task;
    this.namespace = `x8s-test-${task}`;
    this.#namespaces = [this.namespace];
    this.#tasks = [task];
    this.from = from;
    this.to = to;
  }

  /** Makes the namespace on the primary, and connects to both clusters. */
  static async open(
    purpose: string,
    {
      primary = contextA,
      replica = contextB,
      labels = {},
      annotations = {},
      requestTimeoutMs,
    }: PairOptions = {},
  ): Promise<Pair> {
    const [from, to] = await Promise.all([
      connectTo(primary, requestTimeoutMs),
      connectTo(replica, requestTimeoutMs),
    ]);
    const pair = new Pair(primary, replica, `${purpose}-${randomBytes(3).toString('hex')}`, from, to);
    await from.create(namespaces, { metadata: { name: pair.namespace, labels, annotations } });
    return pair;
  }

  /** Makes one more namespace, gone afterwards on both sides. */
  async addNamespace(suffix: string, on: KubeClient = this.from): Promise<string> {
    const name = this.alsoNamespace(suffix);
    await on.create(namespaces, { metadata: { name } });
    return name;
  }

  /** The name of one more namespace, that is gone afterwards. */
  alsoNamespace(suffix: string): string {
    const name = `${this.namespace}-${suffix}`;
    this.#namespaces.push(name);
    return name;
  }

  /** A namespace of somebody else's that is gone afterwards too. */
  alsoOwns(namespace: string): void {
    this.#namespaces.push(namespace);
  }

  /** The name of one more task, whose state is gone afterwards. */
  otherTask(suffix: string): string {
    const name = `${this.task}-${suffix}`;
    this.#tasks.push(name);
    return name;
  }

  /** A task of another name, whose state is gone afterwards. */
  alsoTask(name: string): void {
    this.#tasks.push(name);
  }

  /** The flags of the task. */
  get flags(): string[] {
    const clusters = ['--primary', this.primary, '--replica', this.replica];
    return [...clusters, '--name', this.task, '--sync-namespaces', this.namespace];
  }

  /** Both sides, for the engine. */
  async sides(): Promise<{ primary: Cluster; replica: Cluster; replicas: [Cluster] }> {
    const [primary, replica] = await Promise.all([
      identify(shortName(this.primary), this.from),
      identify(shortName(this.replica), this.to),
    ]);
    return { primary, replica, replicas: [replica] };
  }

  /** The task, for the engine. */
  spec(change: Partial<TaskSpec> = {}): TaskSpec {
    const namespaces = { include: [this.namespace], exclude: [], selector: [], sensitive: false };
    return specOf({ name: this.task, namespaces, ...change });
  }

  /** One comparison by the engine, in this process. */
  async compare(change: Partial<TaskSpec> = {}) {
    return once(await this.sides(), this.spec(change));
  }

  /** The engine watches in this process, its first comparison through; ended by `close` at the latest. */
  async follow(change: Partial<TaskSpec> = {}): Promise<Watching> {
    const watching = await watch(await this.sides(), this.spec(change));
    this.#watching.push(watching);
    return watching;
  }

  once(...args: string[]): Promise<Ended> {
    return plugin('nsreplicate', ['--once', ...this.flags, ...args]);
  }

  /** `--once` that has to end well. */
  async copy(...args: string[]): Promise<Ended> {
    const ended = await this.once(...args);
    if (ended.code !== 0) throw new Error(`--once ended with ${ended.code}:\n${ended.stderr}${ended.stdout}`);
    return ended;
  }

  /** Starts watching, and resolves when the first comparison is through. */
  async watch(...args: string[]): Promise<Running> {
    const running = this.start(...args);
    await running.saw('compared: ');
    return running;
  }

  /** Starts watching; ended by `close` at the latest. */
  start(...args: string[]): Running {
    const running = startPlugin('nsreplicate', [...this.flags, ...args]);
    this.#running.push(running);
    return running;
  }

  /** One of the other commands that look at both sides. */
  look(command: 'plan' | 'drift', ...args: string[]): Promise<Ended> {
    return plugin('nsreplicate', [command, ...this.flags, ...args]);
  }

  /** What a plan would change, field by field. */
  async fields(...args: string[]): Promise<string> {
    const { changes } = JSON.parse((await this.look('plan', ...args, '-o', 'json')).stdout);
    return changes.flatMap(({ diff }: { diff: string[] }) => diff).join('\n');
  }

  /** A command for a task that has run. */
  ask(command: string, ...args: string[]): Promise<Ended> {
    return plugin('nsreplicate', [command, '--primary', this.primary, '--name', this.task, ...args]);
  }

  /** Server-side applies objects, in the pair's namespace where they name none; many of them not in order. */
  async put(on: KubeClient, ...objects: KubeObject[]): Promise<void> {
    const kinds = new Map(objects.map((object) => [`${object.apiVersion} ${object.kind}`, object]));
    const found = new Map<string, Resource>();
    for (const [kind, object] of kinds) found.set(kind, await resourceOf(on, object));
    await each(objects, objects.length > 50 ? 16 : 1, async (object) => {
      const resource = found.get(`${object.apiVersion} ${object.kind}`) as Resource;
      const metadata = resource.namespaced
        ? { namespace: this.namespace, ...object.metadata }
        : object.metadata;
      await on.apply(resource, { ...object, metadata }, { fieldManager: 'a-person', force: true });
    });
  }

  /** An object in the pair's namespace, undefined where there is none. */
  async find<T extends KubeObject = KubeObject>(
    on: KubeClient,
    what: string,
    name: string,
    namespace = this.namespace,
  ): Promise<T | undefined> {
    const resource = await resolveResource(on, what);
    return on.find(resource as Resource as Resource<T>, {
      name,
      ...(resource.namespaced ? { namespace } : {}),
    });
  }

  /** As `find`, of the replica; throws where there is none. */
  async copyOf<T extends KubeObject = KubeObject>(what: string, name: string): Promise<T> {
    const found = await this.find<T>(this.to, what, name);
    if (!found) throw new Error(`${this.replica} has no ${what} ${name}`);
    return found;
  }

  async delete(on: KubeClient, what: string, name: string): Promise<void> {
    const resource = await resolveResource(on, what);
    await on.delete(resource, { name, namespace: this.namespace });
  }

  /** What a side has, by kind and name; kube-root-ca.crt left out. */
  async content(
    on: KubeClient,
    namespace = this.namespace,
    kinds: readonly Resource[] = [configMaps, secrets],
  ): Promise<Record<string, unknown>> {
    const lists = await Promise.all(kinds.map((kind) => on.list(kind, { namespace })));
    return Object.fromEntries(
      lists.flatMap(({ items }, index) =>
        items
          .filter(({ metadata: { name } }) => name !== 'kube-root-ca.crt')
          .map((object) => [`${kinds[index]?.kind} ${object.metadata.name}`, essence(object)]),
      ),
    );
  }

  /** Waits until both sides have the same. */
  async equal(limitMs?: number): Promise<void> {
    await eventually(async () => {
      const [there, here] = await Promise.all([this.content(this.to), this.content(this.from)]);
      expect(there).toEqual(here);
    }, limitMs);
  }

  /** resourceVersions of a side's objects, to see that nothing was written. */
  async versions(on: KubeClient = this.to): Promise<Record<string, string | undefined>> {
    const lists = await Promise.all(
      [configMaps, secrets].map((kind) => on.list(kind as Resource, { namespace: this.namespace })),
    );
    return Object.fromEntries(
      lists.flatMap(({ items }) => items.map(({ metadata }) => [metadata.name, metadata.resourceVersion])),
    );
  }

  /** Ends all that was started: what a test removes would otherwise be made anew by a watch. */
  async end(): Promise<void> {
    for (const { child } of this.#running) child.kill('SIGKILL');
    await Promise.allSettled([
      ...this.#running.map(({ ended }) => ended),
      ...this.#watching.map((watching) => watching.stop()),
    ]);
  }

  /** Ends what still runs, and deletes namespaces and the task's state; nobody has to wait for the former. */
  async close(): Promise<void> {
    await this.end();
    const sides = [this.from, this.to];
    // On both: the way back keeps its state on the replica.
    await Promise.all(
      sides.flatMap((kube) => [configMaps, secrets, leases].map((kind) => this.#forget(kube, kind))),
    );
    await Promise.all(
      sides.flatMap((kube) => this.#namespaces.map((name) => kube.delete(namespaces, { name }))),
    );
    await Promise.all(sides.map((kube) => kube.close()));
  }

  async #forget(kube: KubeClient, kind: Resource): Promise<void> {
    const labelSelector = `x8s.dev/task in (${this.#tasks.join(',')})`;
    const { items } = await kube.list(kind, { namespace: stateNamespace, labelSelector });
    await Promise.all(
      items.map(({ metadata: { name } }) => kube.delete(kind, { namespace: stateNamespace, name })),
    );
  }
}

const shortName = (text: string): string => basename(text).replace(/\.yaml$/, '');

/** A client of any context of the tests' kubeconfig, or of a kubeconfig of its own. */
export const connectTo = async (text: string, requestTimeoutMs = 20_000): Promise<KubeClient> =>
  connect({ ...(existsSync(text) ? { kubeconfig: text } : { context: text, kubeconfig }), requestTimeoutMs });

function resourceOf(kube: KubeClient, { apiVersion = 'v1', kind = '' }: KubeObject): Promise<Resource> {
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  return resolveResource(kube, group === '' ? kind : `${kind}.${version}.${group}`);
}
