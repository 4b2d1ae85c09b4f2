/** What the service is made of is loaded when it is asked for, and not before. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';

const plugin = join(import.meta.dirname, '..', '..', '..', '..', '..', 'plugins', 'nsreplicate');

/** What a file imports when it is loaded: not for types alone, and not when something is called. */
function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  return [...text.matchAll(/^(?:import|export)\s+(?!type\s)[^;]*?['"]([^'"]+)['"];/gm)].map(
    ([, name = '']) => name,
  );
}

/** All that is loaded with a file: paths, and names of packages. */
function loadedWith(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const name of importsOf(file))
    if (name.startsWith('.')) loadedWith(join(dirname(file), name), seen);
    else seen.add(name);
  return seen;
}

const libraries = ['fastify', 'prom-client', 'jose', 'bcryptjs'];

test('no library of the service is loaded by the command line', () => {
  const loaded = [...loadedWith(join(plugin, 'main.ts'))];
  expect(loaded.length).toBeGreaterThan(20);
  expect(loaded.filter((one) => libraries.includes(one) || one.includes('/server/'))).toEqual([]);
});

test('all but the hashing of passwords, which is a thread of its own, are loaded by the service', () => {
  const loaded = loadedWith(join(plugin, 'server', 'service.ts'));
  expect(libraries.filter((name) => !loaded.has(name))).toEqual(['bcryptjs']);
});
