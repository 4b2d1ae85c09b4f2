/** Verification through the real sshd and ssh of this machine. */
import { rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import type { MessageWriter } from '../../../../../plugins/x8sync/mover/protocol/runtime.ts';
import { VerifyGauge } from '../../../../../plugins/x8sync/mover/verify/gauge.ts';
import { type Pair, pair, withPrograms } from '../../../support/mover-programs.ts';

let both: Pair;
beforeEach(async () => {
  both = await pair();
});
afterEach(() => both[Symbol.dispose]());

const verify = { X8S_MODE: 'verify' };
const differences = (lines: readonly string[]) => lines.filter((line) => line.startsWith('x8s:difference'));

test('how far a comparison is says that it is one', () => {
  const now = jest.spyOn(Date, 'now').mockReturnValue(1000);
  const told: unknown[] = [];
  const messages = { write: (_: string, message: unknown) => told.push(message), log: () => {} };
  const gauge = new VerifyGauge({ totals: { bytes: 8, entries: 2 } }, messages as unknown as MessageWriter);
  now.mockReturnValue(2000);
  gauge.read(4);
  now.mockRestore();
  expect(told).toEqual([expect.objectContaining({ comparing: true, bytes: 4, totalBytes: 8 })]);
});

withPrograms(
  'a copy is verified with it and by itself, and what is changed afterwards is told',
  async () => {
    for (let file = 0; file < 3000; file += 1) writeFileSync(join(both.source, `${file}`), `content ${file}`);
    writeFileSync(join(both.source, 'large'), Buffer.alloc(20 << 20, 'x'));
    await both.serve();
    const copied = await both.copy({ X8S_VERIFY: '1' });
    expect(copied).toMatchObject({ code: 0, outcome: 'ok', stats: { transferredFiles: 3001 } });
    expect(copied.verification).toMatchObject({ entries: 3002, files: 3001, different: 0, extraneous: 0 });

    writeFileSync(join(both.target, '7'), 'CONTENT 7');
    for (const path of [join(both.target, '7'), both.target]) utimesSync(path, 1, 1);
    utimesSync(join(both.source, '7'), 1, 1);
    utimesSync(both.source, 1, 1);
    const verified = await both.copy(verify);
    expect(verified).toMatchObject({ code: 5, outcome: 'differs' });
    expect(verified.message).toMatch(/^1 of 3002 entries differ/);
    expect(differences(verified.lines)).toEqual([
      expect.stringContaining('"path":"7","aspects":["content"],"detail":"content differs"'),
    ]);
  },
  60_000,
);

withPrograms(
  'nothing can be compared with a source that is empty, or not whole',
  async () => {
    await both.serve();
    expect(await both.copy(verify)).toMatchObject({
      code: 3,
      outcome: 'source-empty',
      message: expect.stringMatching(/the source is empty, and so is the target/),
    });
    const allowed = { ...verify, X8S_ALLOW_EMPTY: '1' };
    for (const folder of [both.source, both.target]) utimesSync(folder, 1, 1);
    expect(await both.copy(allowed)).toMatchObject({ code: 0, verification: { entries: 1, extraneous: 0 } });
    writeFileSync(join(both.target, 'one'), '');
    utimesSync(both.target, 1, 1);
    expect(await both.copy(verify)).toMatchObject({
      code: 3,
      message: expect.not.stringMatching(/so is the target/),
    });
    expect(await both.copy(allowed)).toMatchObject({ code: 5, verification: { extraneous: 1 } });
    rmSync(both.source, { recursive: true });
    expect(await both.copy(verify)).toMatchObject({ code: 1, outcome: 'source-failed' });
  },
  60_000,
);
