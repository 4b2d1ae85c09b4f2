/** The line between the workstation and the cluster: one that is refused. What else befalls it: devsync-line.long.test.ts. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { saidBy } from './support/first-word.ts';

test('a cluster that refuses the connection is said so at once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'devsync-refused-'));
  const clusters = [{ name: 'gone', cluster: { server: 'https://127.0.0.1:1' } }];
  const contexts = [{ name: 'gone', context: { cluster: 'gone' } }];
  writeFileSync(
    join(folder, 'kubeconfig'),
    JSON.stringify({ apiVersion: 'v1', kind: 'Config', clusters, contexts }),
  );
  try {
    const args = ['get', '--context', 'gone', '--kubeconfig', join(folder, 'kubeconfig')];
    const { code, stderr, firstWord } = await saidBy([], ...args);
    expect([code, stderr]).toEqual([
      4,
      expect.stringMatching(/no answer from https:\/\/127\.0\.0\.1:1: .*refused/),
    ]);
    expect(firstWord).toBeLessThan(5_000);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
