/** `kubectl nsreplicate controller`: KRMSyncers that have rights of a ServiceAccount. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { configMap } from './support/objects.ts';
import { ref, rule, type SyncerScene, trustedScene } from './support/syncers.ts';

describe('with rights', () => {
  let scene: SyncerScene;

  beforeAll(async () => {
    scene = await trustedScene('krmr');
  });
  afterAll(() => scene.close());

  test('a ServiceAccount has its own rights, and no more', async () => {
    await scene.kubectl(['create', 'serviceaccount', 'robot']);
    const spec = {
      destination: ref,
      serviceAccountName: 'robot',
      rules: [rule('ConfigMap', { namespaces: [scene.namespace] })],
    };
    await scene.syncer('robots', spec);
    await eventually(async () => {
      const condition = await scene.condition('robots');
      expect(condition?.status).toBe('False');
      expect(condition?.message).toMatch(/ConfigMap|configmaps/);
    });
    await scene.kubectl([
      'create',
      'rolebinding',
      'robot',
      '--clusterrole=view',
      `--serviceaccount=${scene.namespace}:robot`,
    ]);
    await scene.is('robots', 'InSync');
    await scene.pair.put(scene.pair.from, configMap('by-robot', { a: '1' }));
    await eventually(async () => expect(await scene.there('by-robot')).toBeDefined());
    await scene.syncer('robots', { ...spec, rules: [rule('Secret', { namespaces: [scene.namespace] })] });
    await scene.is('robots', 'NotListed');
  });
});
