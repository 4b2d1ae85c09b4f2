/** `kubectl nsreplicate` between two clusters, on namespaces and a task of a test's own. */
import { randomBytes } from 'node:crypto';
import { expect } from '@jest/globals';
import type { KubeClient } from '../../../src/kube/client.ts';
import { connect } from '../../../src/kube/connect.ts';
import { resolveResource } from '../../../src/kube/discovery.ts';
import type { KubeObject } from '../../../src/kube/objects.ts';
import { configMaps, leases, namespaces, type Resource, secrets } from '../../../src/kube/resources.ts';
import { contextA, contextB, kubeconfig } from './contexts.ts';
import { eventually } from './eventually.ts';
import { plugin, startPlugin } from './kubectl.ts';
import type { Ended, Running } from './process.ts';

/** Where tasks keep their state. */
export const stateNamespace = 'x8s-nsreplicate';

/** What an object says, without what a cluster adds to it: the tests' own idea of "the same". */
export function essence({ metadata, status: _status, ...rest }: KubeObject): Record<string, unknown> {
  const { apiVersion: _version, kind: _kind, ...content } = rest;
  const own = (map: Readonly<Record<string, string>> = {}) =>
    Object.fromEntries(
      Object.entries(map).filter(([key]) => !/^(x8s\.dev|kubectl\.kubernetes\.io)\//.test(key)),
    );
  return { ...content, labels: own(metadata.labels), annotations: own(metadata.annotations) };
}

export interface PairOptions {
  readonly primary?: string;
  readonly replica?: string;
  /** Labels and annotations of the primary's namespace. */
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
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
    { primary = contextA, replica = contextB, labels = {}, annotations = {} }: PairOptions = {},
  ): Promise<Pair> {
    const [from, to] = await Promise.all([connectTo(primary), connectTo(replica)]);
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

  /** The name of one more task, whose state is gone afterwards. */
  otherTask(suffix: string): string {
    const name = `${this.task}-${suffix}`;
    this.#tasks.push(name);
    return name;
  }

  /** The flags of the task. */
  get flags(): string[] {
    const clusters = ['--primary', this.primary, '--replica', this.replica];
    return [...clusters, '--name', this.task, '--sync-namespaces', this.namespace];
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

  /** A command for a task that has run. */
  ask(command: string, ...args: string[]): Promise<Ended> {
    return plugin('nsreplicate', [command, '--primary', this.primary, '--name', this.task, ...args]);
  }

  /** Server-side applies objects, in the pair's namespace where they name none. */
  async put(on: KubeClient, ...objects: KubeObject[]): Promise<void> {
    for (const object of objects) {
      const resource = await resourceOf(on, object);
      const metadata = resource.namespaced
        ? { namespace: this.namespace, ...object.metadata }
        : object.metadata;
      await on.apply(resource, { ...object, metadata }, { fieldManager: 'a-person', force: true });
    }
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
  async equal(limitMs = 20_000): Promise<void> {
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

  /** Ends what still runs, and deletes namespaces and the task's state; nobody has to wait for the former. */
  async close(): Promise<void> {
    for (const { child } of this.#running) child.kill('SIGKILL');
    await Promise.allSettled(this.#running.map(({ ended }) => ended));
    const labelSelector = `x8s.dev/task in (${this.#tasks.join(',')})`;
    for (const kind of [configMaps, secrets, leases]) {
      const { items } = await this.from.list(kind as Resource, { namespace: stateNamespace, labelSelector });
      for (const { metadata } of items)
        await this.from.delete(kind, { namespace: stateNamespace, name: metadata.name });
    }
    for (const kube of [this.from, this.to])
      for (const name of this.#namespaces) await kube.delete(namespaces, { name });
    await Promise.all([this.from.close(), this.to.close()]);
  }
}

/** A client of any context of the tests' kubeconfig. */
export const connectTo = (context: string): Promise<KubeClient> =>
  connect({ kubeconfig, context, requestTimeoutMs: 30_000 });

function resourceOf(kube: KubeClient, { apiVersion = 'v1', kind = '' }: KubeObject): Promise<Resource> {
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  return resolveResource(kube, group === '' ? kind : `${kind}.${version}.${group}`);
}

export const configMap = (name: string, data: Record<string, string>, metadata = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
  data,
});

export const secret = (name: string, stringData: Record<string, string>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name },
  type: 'Opaque',
  data: Object.fromEntries(
    Object.entries(stringData).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
  ),
});

const labels = { app: 'test' };

/** A Deployment or StatefulSet of no pods. */
export const workload = (kind: 'Deployment' | 'StatefulSet', name: string, spec = {}): KubeObject => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name },
  spec: {
    replicas: 0,
    selector: { matchLabels: labels },
    ...(kind === 'StatefulSet' ? { serviceName: name } : {}),
    template: { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'test.invalid/none' }] } },
    ...spec,
  },
});

export const claim = (name: string, spec = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } }, ...spec },
});
