import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { bundledPackages, noticeText } from '../../../../scripts/release/bundled.ts';
import { sbom } from '../../../../scripts/release/sbom.ts';

const packages = bundledPackages();
const root = join(import.meta.dirname, '..', '..', '..', '..');

describe('what is bundled', () => {
  test('is every dependency, with what it needs in turn, and nothing that only builds', () => {
    const names = packages.map(({ name }) => name);
    const { dependencies, devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    expect(names).toEqual(expect.arrayContaining(Object.keys(dependencies)));
    expect(names).toContain('get-east-asian-width');
    for (const name of ['jest', 'esbuild', 'typescript']) {
      expect(devDependencies).toHaveProperty([name]);
      expect(names).not.toContain(name);
    }
  });

  test('is under licences that Apache-2.0 programs may bundle', () => {
    const allowed =
      /^(MIT|ISC|Apache-2\.0|BSD-[23]-Clause|0BSD|BlueOak-1\.0\.0|Unlicense|PSF-2\.0|Python-2\.0)$/;
    const others = packages.filter(
      ({ license }) =>
        !license
          .split(/ (?:OR|AND) |[()]/)
          .filter(Boolean)
          .every((one) => allowed.test(one)),
    );
    expect(others.map(({ name, license }) => `${name}: ${license}`)).toEqual([]);
  });

  test('stands in NOTICE, with each licence', () => {
    const text = noticeText(packages, 'v1.0.0');
    for (const { name, version } of packages) expect(text).toContain(`${name} ${version} (`);
    expect(text).toContain('Node.js v1.0.0');
  });
});

test('the bill of materials names every package with its digest, and is the same when made again', () => {
  const subject = {
    name: 'kubectl-x8sync',
    version: 'v1.2.3',
    nodeVersion: 'v1.0.0',
    digest: 'ab'.repeat(32),
  };
  const text = sbom(subject, packages);
  expect(sbom(subject, packages)).toBe(text);
  const { packages: listed, relationships, documentDescribes } = JSON.parse(text);
  expect(listed).toHaveLength(packages.length + 2);
  expect(new Set(listed.map(({ SPDXID }: { SPDXID: string }) => SPDXID)).size).toBe(listed.length);
  expect(relationships).toHaveLength(packages.length + 1);
  expect(documentDescribes).toEqual(['SPDXRef-kubectl-x8sync']);
  const undici = listed.find(({ name }: { name: string }) => name === 'undici');
  expect(undici.checksums[0]).toEqual({
    algorithm: 'SHA512',
    checksumValue: expect.stringMatching(/^[0-9a-f]{128}$/),
  });
});
