import { expect, test } from '@jest/globals';
import {
  asReloadSpec,
  parseReloadRule,
  reloadDigest,
  ruleText,
} from '../../../../../plugins/devsync/spec/reload-spec.ts';
import { UsageError } from '../../../../../src/errors.ts';

test.each([
  ['*.ts=exec:npm run build', '*.ts', { kind: 'exec', command: 'npm run build' }],
  ['a=b=exec:x=y restart', 'a=b', { kind: 'exec', command: 'x=y restart' }],
  ['nginx.conf=signal:HUP', 'nginx.conf', { kind: 'signal', signal: 'HUP' }],
  ['*=signal:sigusr1', '*', { kind: 'signal', signal: 'USR1' }],
  ['/src=restart', '/src', { kind: 'restart' }],
  ['*=rollout', '*', { kind: 'rollout' }],
])('%s', (text, pattern, action) => {
  const rule = parseReloadRule(text);
  expect(rule).toEqual({ pattern, action });
  expect(parseReloadRule(ruleText(rule))).toEqual(rule);
});

test.each(['restart', '=restart', '*.ts', '*=exec:', '*=exec: ', '*=signal:KILL', '*=signal:9', '*=stop'])(
  '%s is refused as wrong usage',
  (text) => {
    expect(() => parseReloadRule(text)).toThrow(UsageError);
  },
);

test('what the cluster holds is read as it was written, and anything else is refused', () => {
  const spec = {
    rules: ['*.ts=exec:make', '*=signal:HUP', 'x=restart'].map(parseReloadRule),
    every: 2000,
    onFirstSync: false,
    restartAnyway: true,
  };
  expect(asReloadSpec(JSON.parse(JSON.stringify(spec)))).toEqual(spec);
  expect(asReloadSpec(undefined)).toBeUndefined();
  const signal = { pattern: '*', action: { kind: 'signal', signal: 'KILL' } };
  for (const rules of ['x', [{}], [{ pattern: '*', action: { kind: 'delete' } }], [signal]])
    expect(() => asReloadSpec({ ...spec, rules })).toThrow();
});

test('rules that were changed in any way are others', () => {
  const spec = {
    rules: [parseReloadRule('*=exec:make')],
    every: 2000,
    onFirstSync: false,
    restartAnyway: false,
  };
  const digest = reloadDigest(spec);
  expect(reloadDigest({ ...spec })).toBe(digest);
  const others = [
    { ...spec, rules: [parseReloadRule('*=exec:make evil')] },
    { ...spec, rules: [...spec.rules, parseReloadRule('*=restart')] },
    { ...spec, onFirstSync: true },
    { ...spec, restartAnyway: true },
    undefined,
  ];
  for (const other of others) expect(reloadDigest(other)).not.toBe(digest);
});
