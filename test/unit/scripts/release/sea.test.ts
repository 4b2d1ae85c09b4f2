/** The Node.js that runs the tests makes blobs, as in a release. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { withSeed } from '../../../../scripts/release/sea.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'x8s-sea-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A program of many names, whose order in a code cache goes by their hashes. */
const names = Array.from({ length: 300 }, (_, index) => `name${index}: () => ${index}`);
const program = `const all = { ${names.join(', ')} }; console.log(all.name7());`;

function blob(name: string): Buffer {
  const [main, output] = [join(folder, 'main.cjs'), join(folder, `${name}.blob`)];
  const config = join(folder, 'config.json');
  writeFileSync(main, program);
  writeFileSync(config, JSON.stringify({ main, output, useCodeCache: true }));
  execFileSync(process.execPath, [...withSeed(['--experimental-sea-config', config])], { stdio: 'ignore' });
  return readFileSync(output);
}

test('a blob with a code cache is the same bytes each time', () => {
  const first = blob('one');
  for (let again = 0; again < 3; again++) expect(blob('one').equals(first)).toBe(true);
});

test('V8 takes such a cache in a process without the seed', () => {
  const cache = join(folder, 'cache');
  const [make, use] = [join(folder, 'make.cjs'), join(folder, 'use.cjs')];
  const script = (more: string) =>
    `const { Script } = require('vm'); const fs = require('fs');
     const script = new Script(${JSON.stringify(program)}${more});`;
  writeFileSync(make, `${script('')} fs.writeFileSync(${JSON.stringify(cache)}, script.createCachedData());`);
  const cached = `, { cachedData: fs.readFileSync(${JSON.stringify(cache)}) }`;
  writeFileSync(use, `${script(cached)} console.log(script.cachedDataRejected);`);
  const [seed = ''] = withSeed(['--experimental-sea-config']);
  execFileSync(process.execPath, [seed, make]);
  expect(execFileSync(process.execPath, [use], { encoding: 'utf8' })).toBe('false\n');
});
