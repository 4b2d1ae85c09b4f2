import { expect, test } from '@jest/globals';
import { type OutputFormat, Printer } from '../../../../src/cli/output.ts';
import { table } from '../../../../src/cli/table.ts';
import { FakeTerminal } from '../../support/fake-terminal.ts';

const path = `src/${'deep/'.repeat(20)}app.ts`;
const columns = [{ header: 'PATH', value: (name: string) => name, isPath: true }];
const outcome = { data: [{ path }], table: table([path], columns, ''), names: [path] };

async function printed(format: OutputFormat | undefined, isTTY: boolean): Promise<string> {
  const stdout = new FakeTerminal({ isTTY, columns: 40 });
  await new Printer({ stdout, stderr: new FakeTerminal() }, format).outcome(outcome);
  return stdout.text;
}

test.each([undefined, 'table'] as const)('a long path is cut to a terminal, with -o %s', async (format) => {
  expect(await printed(format, true)).toBe('PATH\nsrc/deep/deep/deep/…eep/deep/deep/app.ts\n');
  expect(await printed(format, false)).toContain(path);
});

test.each(['wide', 'json', 'yaml', 'name'] as const)(
  'a path is whole with -o %s, wherever that goes',
  async (format) => {
    expect((await printed(format, true)).replace(/\s+/g, '')).toContain(path);
    expect(await printed(format, false)).toContain(path);
  },
);
