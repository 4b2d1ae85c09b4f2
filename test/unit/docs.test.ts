/** What the docs list, kept equal to what there is. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { ExitCode } from '../../src/errors.ts';

const read = (...path: string[]) => readFileSync(join(import.meta.dirname, '..', '..', ...path), 'utf8');

/** First cells of every row of every table, with what stands in them between commas. */
function firstCells(markdown: string): string[] {
  return [...markdown.matchAll(/^\| ([^|]+) \|/gm)]
    .flatMap(([, cell = '']) => cell.split(', '))
    .map((cell) => cell.trim())
    .filter((cell) => cell !== 'package' && cell !== 'code' && !/^-+$/.test(cell));
}

test('docs/dependencies.md has a reason for each package of package.json, and for no other', () => {
  const { dependencies, devDependencies, optionalDependencies } = JSON.parse(read('package.json'));
  const packages = Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies });
  expect(firstCells(read('docs', 'dependencies.md')).sort()).toEqual(packages.sort());
});

test('docs/exit-codes.md has every exit code', () => {
  const codes = Object.values(ExitCode).map(String);
  expect(firstCells(read('docs', 'exit-codes.md')).sort()).toEqual(codes.sort());
});

test('every test that the docs name is there', () => {
  const root = join(import.meta.dirname, '..', '..');
  const under = (folder: string) => readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  const tests = under('test').map((path) => `/test/${path}`);
  const pages = under('docs').filter((path) => path.endsWith('.md'));
  const named = pages.flatMap((page) =>
    [...read('docs', page).matchAll(/`([\w./-]+\.test\.ts)`/g)].map(([, name]) => ({ page, name })),
  );
  expect(named.length).toBeGreaterThan(50);
  const absent = named.filter(({ name }) => !tests.some((path) => path.endsWith(`/${name}`)));
  expect(absent).toEqual([]);
});

test('every platform that is packaged for has the same Node.js', () => {
  const platforms = Object.values(JSON.parse(read('scripts', 'platforms.json'))) as { package: string }[];
  const { optionalDependencies } = JSON.parse(read('package.json')) as {
    optionalDependencies: Record<string, string>;
  };
  expect(Object.keys(optionalDependencies).sort()).toEqual(platforms.map((entry) => entry.package).sort());
  expect(new Set(Object.values(optionalDependencies)).size).toBe(1);
});
