/** Commands that would write to a claim which a workload was moved to: each is refused, with whatever options. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from '@jest/globals';
import { CopyCommand } from '../../../../../plugins/x8sync/commands/copy.ts';
import type { KubeAccess } from '../../../../../src/cli/kube-access.ts';
import { kube, openShop, run } from '../../../support/cutover-scene.ts';
import { runFake } from '../../../support/fake-plugin.ts';

const folder = mkdtempSync(join(tmpdir(), 'x8sync-list-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The workload of the shop is moved to claim `new`. */
beforeEach(async () => {
  await openShop();
  await run();
  kube.calls.length = 0;
});

const kubeAccess = () => {
  const contexts = async () => [{ name: 'fake', cluster: 'fake', namespace: 'shop' }];
  return {
    connect: async () => kube,
    contexts,
    contextsOfServer: async () => ['fake'],
  } as unknown as KubeAccess;
};

const x8sync = (...args: string[]) => runFake(args, [CopyCommand], { kubeAccess: kubeAccess() });

const written = () =>
  kube.calls.filter(({ verb }) => ['create', 'update', 'apply', 'patch', 'delete'].includes(verb));

describe('a copy onto it is refused', () => {
  test.each([
    ['plain', []],
    ['that deletes', ['--delete', '--yes']],
    ['that empties it first', ['--force', '--yes']],
    ['that is left to itself', ['--detach', '--name', 'beside']],
    ['that is to be made again and again', ['--every', '15m', '--name', 'fresh']],
    ['whose target would be made where it is missing', ['--create-target']],
  ])('%s', async (_, options) => {
    const { exitCode, stderr } = await x8sync(...options, 'shop/old', 'shop/new');
    expect(stderr).toMatch(/target claim fake\/shop\/new was cut over to from shop\/old by cutover-/);
    expect(stderr).toMatch(/--again/);
    expect(exitCode).toBe(3);
    expect(written()).toEqual([]);
  });

  test.each([
    ['plain', []],
    ['again', ['--again']],
    ['of a cutover', ['--cutover']],
    ['of a cutover again', ['--cutover', '--again']],
  ])('of a claim to itself, %s: what was moved to it is no matter then', async (_, options) => {
    const { exitCode, stderr } = await x8sync(...options, 'shop/new', 'shop/new');
    expect(stderr).toMatch(/source and target are the same volume: fake\/shop\/new and fake\/shop\/new/);
    expect(stderr).not.toMatch(/--again/);
    expect(exitCode).toBe(3);
    expect(written()).toEqual([]);
  });

  test('of a list, and its other entries are another matter', async () => {
    const list = join(folder, 'list.yaml');
    writeFileSync(
      list,
      JSON.stringify([
        { source: 'shop/old', target: 'shop/new' },
        { source: 'shop/old', target: 'shop/none' },
      ]),
    );
    const { exitCode, stdout, stderr } = await x8sync('-f', list, '-o', 'json');
    const { copies } = JSON.parse(stdout) as { copies: { message?: string }[] };
    expect(JSON.stringify(copies[0])).toMatch(/target claim fake\/shop\/new was cut over to/);
    expect(JSON.stringify(copies[1])).not.toMatch(/was cut over to/);
    expect(stderr).toMatch(/was cut over to/);
    expect(exitCode).not.toBe(0);
  });
});
