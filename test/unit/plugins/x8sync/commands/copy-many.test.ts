/** Many copies by one command: what is refused before anything is made, and why there is nothing to copy. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from '@jest/globals';
import { CopyCommand } from '../../../../../plugins/x8sync/commands/copy.ts';
import type { KubeAccess } from '../../../../../src/cli/kube-access.ts';
import { apiError } from '../../../support/fake-cluster.ts';
import { type FakeKube, fakeKube } from '../../../support/fake-kube.ts';
import { runFake } from '../../../support/fake-plugin.ts';

const folder = mkdtempSync(join(tmpdir(), 'x8sync-many-'));
afterAll(() => rmSync(folder, { recursive: true }));

let kube: FakeKube;
beforeEach(() => {
  kube = fakeKube();
  kube.objects.create('/namespaces', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'empty' },
  });
});

const x8sync = (...args: string[]) => {
  const kubeAccess = { connect: async () => kube } as unknown as KubeAccess;
  return runFake(args, [CopyCommand], { kubeAccess });
};

test('two copies of a list with one name: neither is begun', async () => {
  const list = join(folder, 'list.yaml');
  const copies = ['a', 'b'].map((claim) => ({
    source: `old/${claim}`,
    target: `new/${claim}`,
    name: 'move',
  }));
  writeFileSync(list, JSON.stringify(copies));
  const { exitCode, stderr } = await x8sync('-f', list);
  expect(stderr).toMatch(/list\.yaml, copy 1 and .*list\.yaml, copy 2 have the same name "move"/);
  expect(exitCode).toBe(2);
  expect(kube.calls).toEqual([]);
});

describe('all claims of a namespace', () => {
  test.each([
    [['--all'], 'gone', 'fake has no namespace gone'],
    [['-l', 'app=db'], 'gone', 'fake has no namespace gone'],
    [['--all'], 'empty', 'namespace empty of fake has no claim'],
    [['-l', 'app=db'], 'empty', 'namespace empty of fake has no claim with app=db'],
  ])('%j of %s: %s', async (flags, namespace, message) => {
    const { exitCode, stderr } = await x8sync(...flags, namespace, 'new');
    expect(stderr).toContain(`error: ${message}\n`);
    expect(exitCode).toBe(2);
  });

  test('of a namespace that this user may not look at are as many as are listed', async () => {
    kube.before = ({ collection }) => {
      if (collection === '/namespaces') throw apiError(403, 'no');
    };
    const { exitCode, stderr } = await x8sync('--all', 'gone', 'new');
    expect(stderr).toContain('error: namespace gone of fake has no claim\n');
    expect(exitCode).toBe(2);
  });
});
