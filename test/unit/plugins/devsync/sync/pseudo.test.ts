import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { requireWritable } from '../../../../../plugins/devsync/sync/glance.ts';
import { requireFiles } from '../../../../../plugins/devsync/sync/pseudo.ts';

(process.platform === 'linux' ? test : test.skip)(
  'what the kernel makes up is refused, and a volume is not',
  () => {
    for (const path of ['/proc', '/proc/self', '/sys'])
      expect(() => requireFiles(path)).toThrow(/it is on (proc|sysfs), which holds no files/);
    requireFiles(tmpdir());
    requireFiles('/dev');
  },
);

test('a file is no directory, whoever may write to it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pseudo-'));
  try {
    requireWritable(folder);
    writeFileSync(join(folder, 'file'), '');
    expect(() => requireWritable(join(folder, 'file'))).toThrow(expect.objectContaining({ code: 'ENOTDIR' }));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
