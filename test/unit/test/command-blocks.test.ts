/** Which commands documents show; test/long/documentation runs them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { caseOf, cases, exceptions } from '../../long/documentation/cases.ts';
import { blockThatBegins, commandBlocks } from '../../support/command-blocks.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const documents = [
  ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md'],
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md') && !name.startsWith('reference/'))
    .map((name) => `docs/${name}`),
];
const all = documents.flatMap((name) =>
  commandBlocks(readFileSync(join(root, name), 'utf8')).map(({ script }) => ({ name, script })),
);

test('commands of a console are what follows a prompt, and lines that go on', () => {
  const text =
    '```console\n$ a b \\\n> --c\nanswer\n$ d\n```\n\n```yaml\nx: y\n```\n1. x\n\n   ```sh\n   e # f\n   ```\n';
  expect(commandBlocks(text)).toEqual([
    { line: 1, script: 'a b \\\n--c\nd' },
    { line: 13, script: 'e # f' },
  ]);
  expect(blockThatBegins(text, 'x: y')).toBe('x: y\n');
});

describe('each block of commands in README and docs', () => {
  test('is run by a test, or is a named exception', () => {
    const untold = all.filter(
      ({ name, script }) => caseOf(name, script) === undefined && !(script in (exceptions[name] ?? {})),
    );
    expect(untold).toEqual([]);
  });

  test('is no exception but for one in ten', () => {
    const named = Object.entries(exceptions).flatMap(([name, scripts]) =>
      Object.keys(scripts).map((script) => ({ name, script })),
    );
    for (const exception of named) expect(all).toContainEqual(exception);
    expect(named.length).toBeLessThanOrEqual(all.length / 10);
  });

  test('is there for each test of one', () => {
    const unused = Object.entries(cases).flatMap(([name, { blocks }]) =>
      blocks.filter(({ begins }) => !all.some((one) => one.name === name && one.script.startsWith(begins))),
    );
    expect(unused).toEqual([]);
  });
});
