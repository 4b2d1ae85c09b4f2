/** `kubectl nsreplicate controller`: KRMSyncer resources, as their users write them, are carried out. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { krmSyncers, type SyncerObject } from '../../plugins/nsreplicate/controller/resource.ts';
import { configMaps } from '../../src/kube/resources.ts';
import { eventually } from '../support/eventually.ts';
import { contextA, contextB } from './support/contexts.ts';
import { kubectl, startPlugin } from './support/kubectl.ts';
import { Pair } from './support/nsreplicate.ts';
import type { Running } from './support/process.ts';

let pair: Pair;
let controller: Running;
let folder: string;
const inNamespace = (...args: string[]) => kubectl(contextA, ['-n', pair.namespace, ...args]);
const syncer = async (name: string): Promise<SyncerObject | undefined> =>
  pair.from.find(krmSyncers, { namespace: pair.namespace, name });
const condition = async (name: string, type: string) =>
  (await syncer(name))?.status?.conditions?.find((one) => one.type === type);

beforeAll(async () => {
  pair = await Pair.open('krm');
  folder = mkdtempSync(join(tmpdir(), 'x8s-krm-'));
  controller = startPlugin('nsreplicate', ['controller', '--context', contextA, '-n', pair.namespace]);
  await controller.saw('leading');
}, 60_000);
afterAll(async () => {
  controller.child.kill('SIGTERM');
  await controller.ended;
  rmSync(folder, { recursive: true });
  await pair.close();
}, 60_000);

describe("KRMSyncer's own example, step by step", () => {
  test('a ConfigMap is copied whole, changed and deleted within seconds', async () => {
    const file = join(folder, 'dest-kubeconfig.yaml');
    writeFileSync(
      file,
      await kubectl(contextB, ['config', 'view', '--context', contextB, '--minify', '--flatten']),
    );
    await inNamespace(
      'create',
      'secret',
      'generic',
      'destination-kubeconfig',
      `--from-file=kubeconfig=${file}`,
    );
    const resource = `
apiVersion: syncer.gkelabs.io/v1alpha1
kind: KRMSyncer
metadata:
  name: configmap-sync
spec:
  suspend: false
  rules:
    - group: ""
      version: "v1"
      kind: "ConfigMap"
      namespaces: ["${pair.namespace}"]
  destination:
    clusterConfig:
      kubeConfigSecretRef:
        name: "destination-kubeconfig"
`;
    await kubectl(contextA, ['-n', pair.namespace, 'apply', '-f', '-'], resource);
    await inNamespace('create', 'configmap', 'test-sync-data', '--from-literal=key=value1');
    const there = () => pair.to.find(configMaps, { namespace: pair.namespace, name: 'test-sync-data' });
    await eventually(async () => expect((await there())?.data).toEqual({ key: 'value1' }));
    await eventually(async () =>
      expect(await condition('configmap-sync', 'Ready')).toMatchObject({
        status: 'True',
        reason: 'InSync',
        observedGeneration: 1,
      }),
    );
    await inNamespace('patch', 'configmap', 'test-sync-data', '-p', '{"data":{"key":"value2"}}');
    await eventually(async () => expect((await there())?.data).toEqual({ key: 'value2' }), 5000);
    await inNamespace('delete', 'configmap', 'test-sync-data');
    await eventually(async () => expect(await there()).toBeUndefined(), 5000);
  }, 90_000);
});
