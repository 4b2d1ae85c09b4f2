/** The executables for linux-arm64, by qemu on a machine of another kind: their first words, and a real copy. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { fetchPackages } from '../../scripts/images/debian-packages.ts';
import { recipes } from '../../scripts/images/recipes.ts';
import { makeRootFileSystem } from '../../scripts/images/root-file-system.ts';
import { distOf, packagePlugins } from '../../scripts/package.ts';
import { releasePlugins } from '../../scripts/release/targets.ts';
import { contextA, contextB } from '../cluster/support/contexts.ts';
import { someFiles } from '../cluster/support/files.ts';
import { environment } from '../cluster/support/kubectl.ts';
import { run } from '../cluster/support/process.ts';
import { Scene } from '../cluster/support/scene.ts';
import { differences, treeOf } from '../cluster/support/tree.ts';
import { saidBy } from '../cluster/support/x8sync.ts';
import { debianProgram } from './support/debian-program.ts';

jest.setTimeout(1_800_000);

const qemu = debianProgram('qemu-aarch64-static', 'qemu-user-static');
const work = mkdtempSync(join(tmpdir(), 'x8s-arm64-'));
/** arm64's own libraries, which the executables are linked to. */
const libraries = join(work, 'root');

const onArm64 = (plugin: string, ...args: string[]) =>
  run(qemu, ['-L', libraries, join(distOf('linux-arm64'), `kubectl-${plugin}`), ...args], {
    env: environment,
  });

let scene: Scene | undefined;
beforeAll(async () => {
  mkdirSync(libraries);
  makeRootFileSystem(libraries, await fetchPackages(recipes.controller.debian, 'arm64', work));
  await packagePlugins(['linux-arm64']);
  scene = await Scene.open('arm64');
});
afterAll(async () => {
  rmSync(work, { recursive: true, force: true });
  await scene?.close();
});

test.each(releasePlugins)('%s says its version and its help', async (plugin) => {
  expect(saidBy(await onArm64(plugin, '--version'), 0)).toMatch(new RegExp(`^${plugin} v\\d`));
  expect(saidBy(await onArm64(plugin, '--help'), 0)).toContain(`kubectl ${plugin}`);
});

test('x8sync copies a claim, and the target is equal', async () => {
  if (!scene) throw new Error('there is no scene');
  await scene.claim(contextA, 'source');
  await scene.claim(contextB, 'target');
  await scene.shell(contextA, 'source', someFiles(6));
  const ended = await onArm64(
    'x8sync',
    scene.ref(contextA, 'source'),
    scene.ref(contextB, 'target'),
    '--verify',
  );
  saidBy(ended, 0);
  const trees = await Promise.all([treeOf(scene, contextA, 'source'), treeOf(scene, contextB, 'target')]);
  expect(differences(...trees)).toEqual([]);
});
