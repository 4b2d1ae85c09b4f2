/** Lists of copies, as people write them. */
import { describe, expect, test } from '@jest/globals';
import { listName, parseList } from '../../../../../plugins/x8sync/batch/list-file.ts';
import type { BatchFlags } from '../../../../../plugins/x8sync/commands/options/batch-flags.ts';
import { withListedOptions } from '../../../../../plugins/x8sync/commands/options/listed-options.ts';
import type { UsageError } from '../../../../../src/errors.ts';

const pairs = (text: string) =>
  parseList(text, 'file').map(({ source, target, options }) => ({ source, target, ...options }));

describe('a list of copies', () => {
  const expected = [
    { source: 'a/shop/db', target: 'b/shop/db', verify: true },
    { source: 'x', target: 'y' },
  ];
  test.each([
    ['YAML', '- {source: a/shop/db, target: b/shop/db, verify: true}\n- source: x\n  target: y\n'],
    ['JSON', JSON.stringify(expected)],
    ['a List of Kubernetes', JSON.stringify({ apiVersion: 'v1', kind: 'List', items: expected })],
    ['objects with a specification', JSON.stringify(expected.map((spec) => ({ kind: 'Copy', spec })))],
    ['several documents', 'source: a/shop/db\ntarget: b/shop/db\nverify: true\n---\nsource: x\ntarget: y\n'],
  ])('may be %s', (_, text) => {
    expect(pairs(text)).toEqual(expected);
  });

  test.each([
    ['', /lists no copies/],
    ['[]', /lists no copies/],
    ['- source: a', /copy 1: source and target are missing/],
    ['- [a, b]', /copy 1: this is no copy/],
    ['{', /is no YAML/],
    ['- *nobody', /is no YAML/],
    [
      [
        'a: &a [x,x,x,x,x,x,x,x,x,x]',
        ...[...'abcd'].map((key, at, all) => `${key}${key}: &${all[at + 1]} [${Array(10).fill(`*${key}`)}]`),
      ].join('\n'),
      /is no YAML/,
    ],
    ['- {source: a, target: b, spec: {source: c, target: d}}', /copy 1: "source" stands beside spec/],
  ])('%j is none', (text, message) => {
    expect(() => pairs(text)).toThrow(message);
  });

  const claim = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'db', namespace: 'shop' },
    spec: { accessModes: ['ReadWriteOnce'] },
    status: { phase: 'Bound' },
  };
  const copy = { source: 'a/shop/db', target: 'b/shop/db' };
  const refusal = (value: unknown): UsageError | undefined => {
    try {
      parseList(JSON.stringify(value), 'file');
      return undefined;
    } catch (error) {
      return error as UsageError;
    }
  };

  test.each([
    ['a List of them', { apiVersion: 'v1', kind: 'List', items: [claim, claim] }, 1],
    ['one alone', claim, 1],
    ['one without a status among copies', [copy, { ...claim, status: undefined }], 2],
  ])('claims as kubectl prints them are told for what they are: %s', (_, value, at) => {
    expect(refusal(value)).toMatchObject({
      exitCode: 2,
      message: `file: item ${at} is a PersistentVolumeClaim, and what is listed are copies, each with a source and a target`,
      hint: expect.stringMatching(
        /source: a\/shop\/db, target: b\/shop\/db.*; --all NAMESPACE NAMESPACE copies every claim of a namespace, -l LABELS those with these labels$/,
      ),
    });
  });

  test('another object is told likewise, without --all; one that names a source is a copy', () => {
    const snapshot = { kind: 'VolumeSnapshot', spec: { source: { persistentVolumeClaimName: 'db' } } };
    const error = refusal([snapshot]);
    expect(error?.message).toMatch(/^file: item 1 is a VolumeSnapshot, and /);
    expect(error?.hint).not.toContain('--all');
    expect(refusal([{ kind: 'Copy', spec: { source: 'a' } }])?.message).toMatch(
      /copy 1: source and target are missing/,
    );
    expect(refusal([{ kind: 7, spec: {} }])?.message).toMatch(/copy 1: source and target are missing/);
  });
});

test('what comes by standard input is called so', () => {
  expect(() => parseList('[]', listName('-'))).toThrow('standard input lists no copies');
  expect(listName('./-')).toBe('./-');
});

describe('options of one copy', () => {
  const flags = { verify: undefined, exclude: ['a'], checksum: true } as unknown as BatchFlags;
  const options = (given: Record<string, unknown>) =>
    withListedOptions(flags, { source: 's', target: 't', options: given, where: 'file, copy 1' });

  test('take the place of the command line', () => {
    expect(
      options({ verify: true, sourcePath: 'x', exclude: 'b', strategy: ['nodeport'], runAs: 7 }),
    ).toEqual({
      verify: true,
      sourcePath: 'x',
      exclude: ['b'],
      checksum: true,
      strategies: ['nodeport'],
      runAs: '7',
    });
  });

  test.each([
    [{ verfy: true }, /"verfy" is no option of a copy/],
    [{ verify: 'yes' }, /verify: "yes" is not a value of it/],
    [{ strategy: 'teleport' }, /strategy: "teleport"/],
    [{ 'partition-files': -1 }, /partition-files: -1/],
    [{ constructor: true }, /"constructor" is no option/],
    [{ exclude: [null] }, /exclude: \[null\] is not a value/],
    [{ sourcePath: 'a', 'source-path': 'b' }, /"source-path" is given twice/],
  ])('%j is refused', (given, message) => {
    expect(() => options(given)).toThrow(message);
  });
});

test('entries may be merged into others, as kubectl takes them', () => {
  const text = '- &a { source: a/n/c, target: b/n/c, verify: true }\n- { <<: *a, target: b/n/d }\n';
  expect(parseList(text, 'f').map(({ target, options }) => [target, options])).toEqual([
    ['b/n/c', { verify: true }],
    ['b/n/d', { verify: true }],
  ]);
});
