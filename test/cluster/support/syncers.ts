/** KRMSyncer resources in a namespace of a test's own, and a controller of that namespace. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import {
  krmSyncers,
  type SyncerCondition,
  type SyncerObject,
} from '../../../plugins/nsreplicate/controller/resource/resource.ts';
import { taskName } from '../../../plugins/nsreplicate/controller/resource/task-names.ts';
import { configMaps, namespaces, type Resource, secrets } from '../../../src/kube/api/resources.ts';
import { eventually } from '../../support/eventually.ts';
import { contextA, contextB } from './contexts.ts';
import { kubectl, startPlugin } from './kubectl.ts';
import { kubeconfigOf } from './limited.ts';
import { Pair } from './nsreplicate.ts';
import type { Running } from './process.ts';

/** The other side as most resources name it. */
export const ref = { clusterConfig: { kubeConfigSecretRef: { name: 'destination-kubeconfig' } } };

/** A KRMSyncer, to be created as it is. */
export const syncerObject = (namespace: string, name: string, spec: object): SyncerObject => ({
  apiVersion: 'syncer.gkelabs.io/v1alpha1',
  kind: 'KRMSyncer',
  metadata: { namespace, name },
  spec,
});

/** Makes the Secret that {@link ref} names, with a kubeconfig of the other side. */
export async function putDestination({ from }: Pair, namespace: string, kubeconfig: string): Promise<void> {
  const data = { kubeconfig: Buffer.from(kubeconfig).toString('base64') };
  await from.create(secrets, { metadata: { namespace, name: 'destination-kubeconfig' }, data });
}

/** A namespace on both sides, and a controller of it. */
export class SyncerScene {
  readonly pair: Pair;
  readonly #folder = mkdtempSync(join(tmpdir(), 'x8s-krm-'));
  #controller: Running | undefined;

  private constructor(pair: Pair) {
    this.pair = pair;
  }

  static async open(purpose: string, ...flags: string[]): Promise<SyncerScene> {
    const scene = new SyncerScene(await Pair.open(purpose));
    const { namespace } = scene.pair;
    const named = flags.map((flag) => flag.replace('NAMESPACE', namespace));
    const controller = startPlugin('nsreplicate', [
      'controller',
      '--context',
      contextA,
      '-n',
      namespace,
      ...named,
    ]);
    scene.#controller = controller;
    await controller.saw('leading');
    return scene;
  }

  get namespace(): string {
    return this.pair.namespace;
  }

  /** What the controller has told so far. */
  get stderr(): string {
    return this.#controller?.output.stderr ?? '';
  }

  path(name: string): string {
    return join(this.#folder, name);
  }

  kubectl(args: readonly string[], input?: string): Promise<string> {
    return kubectl(contextA, ['-n', this.namespace, ...args], input);
  }

  /** The state of a KRMSyncer's task is gone afterwards. */
  knows(name: string): void {
    this.pair.alsoTask(taskName(this.namespace, name));
  }

  /** Makes a KRMSyncer, or changes it. */
  syncer(name: string, spec: object): Promise<string> {
    this.knows(name);
    return this.kubectl(['apply', '-f', '-'], JSON.stringify(syncerObject(this.namespace, name, spec)));
  }

  async condition(name: string, type = 'Ready'): Promise<SyncerCondition | undefined> {
    const object = await this.pair.from.find(krmSyncers, { namespace: this.namespace, name });
    const { generation } = object?.metadata ?? {};
    const conditions = object?.status?.conditions ?? [];
    return conditions.find((one) => one.type === type && one.observedGeneration === generation);
  }

  /** Waits until `Ready` has this reason, for the newest generation. */
  is(name: string, reason: string, limitMs?: number): Promise<SyncerCondition> {
    return eventually(async () => {
      const condition = await this.condition(name);
      expect(condition).toMatchObject({ reason });
      return condition as SyncerCondition;
    }, limitMs);
  }

  there(name: string, resource: Resource = configMaps) {
    return this.pair.to.find(resource, { namespace: this.namespace, name });
  }

  putSecret(name: string, text: string, key = 'kubeconfig'): Promise<unknown> {
    const data = { [key]: Buffer.from(text).toString('base64') };
    const object = { metadata: { namespace: this.namespace, name }, data };
    return this.pair.from.apply(secrets, object, { fieldManager: 'a-person', force: true });
  }

  async close(): Promise<void> {
    this.#controller?.child.kill('SIGTERM');
    await this.#controller?.ended;
    rmSync(this.#folder, { recursive: true });
    await this.pair.close();
  }
}

/** A rule for a kind of the core group. */
export const rule = (kind: string, more: object = {}) => ({ group: '', version: 'v1', kind, ...more });

/** A scene of a trusted namespace, which is on the other side too, with the Secret that {@link ref} names. */
export async function trustedScene(purpose: string): Promise<SyncerScene> {
  const scene = await SyncerScene.open(purpose, '--trusted-namespaces', 'NAMESPACE');
  await scene.pair.to.create(namespaces, { metadata: { name: scene.namespace } });
  const kubeconfig = readFileSync(kubeconfigOf(contextB, scene.path('b'), 'b'), 'utf8');
  await scene.putSecret('destination-kubeconfig', kubeconfig);
  return scene;
}
