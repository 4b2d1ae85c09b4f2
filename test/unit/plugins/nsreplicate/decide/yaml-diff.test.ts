import { describe, expect, test } from '@jest/globals';
import { yamlDiff } from '../../../../../plugins/nsreplicate/decide/yaml-diff.ts';
import type { KubeObject } from '../../../../../src/kube/api/objects.ts';

const map = (data: object): KubeObject => ({
  kind: 'ConfigMap',
  apiVersion: 'v1',
  metadata: { name: 'x' },
  data,
});
const short = { whole: false };
const whole = { whole: true };

describe('differences as YAML', () => {
  test('are a unified diff with sorted keys, three lines around each change', () => {
    expect(yamlDiff(map({ a: '1', b: '2', c: '3' }), map({ a: '1', b: 'two', c: '3' }), short)).toEqual([
      '@@ -1,7 +1,7 @@',
      ' apiVersion: v1',
      ' data:',
      '   a: "1"',
      '-  b: two',
      '+  b: "2"',
      '   c: "3"',
      ' kind: ConfigMap',
      ' metadata:',
    ]);
    expect(yamlDiff(map({ a: '1' }), map({ a: '1' }), short)).toEqual([]);
  });

  test('an object that comes is all new, one that goes is all gone', () => {
    const lines = ['apiVersion: v1', 'data:', '  a: "1"', 'kind: ConfigMap', 'metadata:', '  name: x'];
    const [comes, goes] = [
      yamlDiff(map({ a: '1' }), undefined, short),
      yamlDiff(undefined, map({ a: '1' }), short),
    ];
    expect(comes).toEqual(['@@ -0,0 +1,6 @@', ...lines.map((line) => `+${line}`)]);
    expect(goes).toEqual(['@@ -1,6 +0,0 @@', ...lines.map((line) => `-${line}`)]);
  });

  test('a text of many lines is shown by its lines', () => {
    const text = (middle: string) => map({ conf: `one\n${middle}\nthree\n` });
    expect(yamlDiff(text('2'), text('two'), short)).toEqual(
      expect.arrayContaining(['-    two', '+    2', '     one']),
    );
  });

  test('the order of a list counts', () => {
    const of = (...items: string[]) => ({ ...map({}), spec: { items } });
    expect(yamlDiff(of('a', 'b'), of('b', 'a'), short).filter((line) => /^[-+]/.test(line))).toHaveLength(2);
  });

  test('integers beyond 2^53 are shown exactly', () => {
    const of = (big: bigint) => ({ ...map({}), spec: { big } }) as unknown as KubeObject;
    const lines = yamlDiff(of(9007199254740993n), of(9007199254740992n), short);
    expect(lines).toEqual(expect.arrayContaining(['-  big: 9007199254740992', '+  big: 9007199254740993']));
  });
});

describe('long values', () => {
  const long = 'x'.repeat(500);

  test('are cut where they part, so that what differs is seen, and whole where asked for', () => {
    const [wanted, present] = [map({ a: `${long}new${long}` }), map({ a: `${long}old${long}` })];
    const changed = yamlDiff(wanted, present, short).filter((line) => /^[-+]/.test(line));
    expect(changed).toEqual([
      expect.stringMatching(/^- {2}a: …x+old/),
      expect.stringMatching(/^\+ {2}a: …x+new/),
    ]);
    for (const line of changed) expect([...line].length).toBeLessThanOrEqual(120);
    expect(yamlDiff(wanted, present, whole)).toContain(`+  a: ${long}new${long}`);
  });

  test('of another key are cut at their end', () => {
    const lines = yamlDiff(map({ a: long }), map({ b: long }), short);
    expect(lines).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^\+ {2}a: x+…$/),
        expect.stringMatching(/^- {2}b: x+…$/),
      ]),
    );
  });

  test('are cut by whole characters', () => {
    const lines = yamlDiff(map({ a: '💾'.repeat(300) }), undefined, short);
    expect(lines.join('\n').isWellFormed()).toBe(true);
  });

  test('texts of very many lines too, with the number of the others', () => {
    const text = Array.from({ length: 5000 }, (_, index) => `line ${index}\n`).join('');
    const lines = yamlDiff(map({ a: text }), undefined, short);
    expect(lines.length).toBeLessThan(60);
    expect(lines.at(-1)).toMatch(/^\+… \d+ more lines: -o wide shows them$/);
    expect(yamlDiff(map({ a: text }), undefined, whole).length).toBeGreaterThan(5000);
  });

  test('texts that have nothing in common take no time to compare', () => {
    const text = (word: string) => Array.from({ length: 8000 }, (_, index) => `${word} ${index}\n`).join('');
    expect(yamlDiff(map({ a: text('new') }), map({ a: text('old') }), short).length).toBeLessThan(100);
  });
});

describe('what must not be shown', () => {
  const secret = (data: unknown, rest: object = {}): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'x', labels: { app: 'shop' } },
    type: 'Opaque',
    data,
    ...rest,
  });

  test('values of Secrets, in whatever way they differ; that they differ is said', () => {
    const changed = yamlDiff(
      secret({ a: 'c2VjcmV0', same: 'c2FtZQ==' }),
      secret({ a: 'b3RoZXI=', same: 'c2FtZQ==' }),
      whole,
    );
    expect(changed).toEqual(
      expect.arrayContaining(['-  a: •••••• (before)', '+  a: •••••• (after)', '   same: ••••••']),
    );
    const cases = [
      changed,
      yamlDiff(secret({ a: 'c2VjcmV0' }), undefined, whole),
      yamlDiff(undefined, secret({ a: 'c2VjcmV0' }), whole),
      yamlDiff(secret('c2VjcmV0'), secret(undefined), whole),
      yamlDiff(secret(['c2VjcmV0']), secret({ a: 'b3RoZXI=' }), whole),
      yamlDiff(secret({}, { stringData: { a: 'c2VjcmV0' } }), secret({}), whole),
    ].map((lines) => lines.join('\n'));
    for (const text of cases) {
      expect(text).toContain('••••••');
      expect(text).not.toMatch(/c2Vjc|b3Ro|c2Ft/);
    }
  });

  test('values under keys that JavaScript has a meaning for', () => {
    const [keyed, bare] = [JSON.parse('{"__proto__":"c2VjcmV0"}'), {}];
    const lines = yamlDiff(secret({ ...bare, constructor: 'b3RoZXI=' }), secret(keyed), whole);
    expect(lines).toEqual(expect.arrayContaining(['-  __proto__: ••••••', '+  constructor: ••••••']));
  });

  test('escape sequences, and marks that turn the direction of writing', () => {
    const lines = yamlDiff(map({ a: '\u001b[31mred', b: 'x\u202egnp.exe' }), undefined, short).join('\n');
    for (const mark of ['\u001b', '\u202e']) expect(lines).not.toContain(mark);
    expect(lines).toContain('\\u{202e}');
  });
});
