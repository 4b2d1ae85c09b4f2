import { expect, test } from '@jest/globals';
import { parseMoverLine } from '../../../../../../plugins/x8sync/mover/protocol/mover-lines.ts';
import { protocol } from '../../../../../../plugins/x8sync/mover/protocol/protocol.ts';
import { keyTrouble } from '../../../../../../plugins/x8sync/mover/ssh/ssh-config.ts';
import { type CopyRequest, furtherRun } from '../../../../../../plugins/x8sync/run/request/request.ts';
import {
  asAsked,
  emptinessOf,
  failureOf,
  isAskingBack,
  isNotBegun,
} from '../../../../../../plugins/x8sync/run/results/result.ts';
import { fakeKube } from '../../../../support/fake-kube.ts';

test('a mover that asks for a word of a person is told from one that failed', () => {
  for (const outcome of ['has-more', 'source-empty', 'too-many-deletions'] as const)
    expect([outcome, isAskingBack({ outcome })]).toEqual([outcome, true]);
  for (const outcome of ['no-room', 'failed', 'refused', 'closed'] as const)
    expect([outcome, isAskingBack({ outcome })]).toEqual([outcome, false]);
});

test('no hint leads to a target that is emptied once more', () => {
  const ref = { kube: fakeKube(), namespace: 'shop', claim: 'data' };
  const rest = {
    allowMounted: false,
    trustedXattrs: false,
    checksum: false,
    strategies: [],
    image: 'mover',
    timeoutMs: 0,
  };
  const line = parseMoverLine(
    `x8s:end {"protocol":${protocol},"nonce":"n","outcome":"io","message":"no disk"}`,
  );
  if (line.kind !== 'end') throw new Error('not an end');
  const hintFor = (mode: CopyRequest['mode'], name?: string, begun = true) =>
    failureOf(line.end, { source: ref, target: ref, mode, name, ...rest }, { diagnostics: [], begun }).hint;
  const same = 'what is copied so far stays at the target; run the same command again to go on';
  expect(hintFor('merge')).toBe(same);
  expect(hintFor('force', 'db')).toBe(same);
  expect(hintFor('force')).toContain('run it again without --force to go on');
  // Nothing is at the target yet that could stay there.
  expect(hintFor('force', undefined, false)).toBe(
    'no file was copied; run the same command again once that is fixed',
  );
  // Finished, though not with everything: the same name with --force begins anew, and without it is refused.
  expect(furtherRun({ mode: 'force', name: 'db' })).toBe('run it again without --force and --name');
});

test('that there was nothing to copy is said, and why that may be', () => {
  const source = { kube: fakeKube(), namespace: 'shop', claim: 'data' };
  const filters = [{ action: 'exclude', pattern: '*' }] as const;
  const said = (entries: number, selection: Partial<CopyRequest['selection']> = {}) =>
    emptinessOf(
      { stats: { entries } as never },
      { source, mode: 'merge', selection: selection as CopyRequest['selection'] },
    );
  expect(said(2)).toBeUndefined();
  expect(said(1)).toBe('fake/shop/data is empty: there is nothing to copy.');
  expect(said(1, { sourcePath: 'a/b' })).toBe(
    'folder a/b of fake/shop/data is empty: there is nothing to copy.',
  );
  expect(said(1, { filters })).toMatch(/^The patterns leave out all of fake\/shop\/data, or it is empty/);
  // A device has no entries.
  const device = { stats: { entries: 0 }, device: { blocks: 64 } } as never;
  expect(emptinessOf(device, { source, mode: 'merge', selection: undefined })).toBeUndefined();
});

test.each([
  ...(['has-more', 'source-empty', 'refused', 'source-closed', 'closed'] as const),
  ...(['no-room', 'too-many-deletions', 'unreachable', 'auth', 'io', 'failed'] as const),
])('%s is called not begun where its failure says so', (outcome) => {
  const ref = { kube: fakeKube(), namespace: 'shop', claim: 'data' };
  const line = parseMoverLine(`x8s:end ${JSON.stringify({ protocol, nonce: 'n', outcome, message: 'why' })}`);
  if (line.kind !== 'end') throw new Error('not an end');
  const { message } = failureOf(
    line.end,
    { source: ref, target: ref, mode: 'merge', name: 'db' },
    { diagnostics: [], begun: false },
  );
  expect(isNotBegun(line.end)).toBe(message.includes('was not begun'));
});

test('an empty source is refused, and the way on is named', () => {
  const ref = { kube: fakeKube(), namespace: 'shop', claim: 'data' };
  const end = { outcome: 'source-empty', message: 'the source is empty' };
  const line = parseMoverLine(`x8s:end ${JSON.stringify({ protocol, nonce: 'n', ...end })}`);
  if (line.kind !== 'end') throw new Error('not an end');
  const errorOf = (mode: CopyRequest['mode']) =>
    failureOf(
      line.end,
      { source: ref, target: ref, mode, name: undefined },
      { diagnostics: [], begun: false },
    );
  expect(errorOf('merge')).toMatchObject({
    exitCode: 3,
    message: expect.stringMatching(/^the copy .* was not begun: the source is empty/),
    hint: expect.stringMatching(/--allow-empty copies it all the same/),
  });
  expect(errorOf('verify').hint).toMatch(/--allow-empty compares it all the same/);
});

test('a target that has something of its own is refused, and the way on is named', () => {
  const ref = { kube: fakeKube(), namespace: 'shop', claim: 'data' };
  const end = { outcome: 'has-more', message: 'the target has 3 entries' };
  const line = parseMoverLine(`x8s:end ${JSON.stringify({ protocol, nonce: 'n', ...end })}`);
  if (line.kind !== 'end') throw new Error('not an end');
  const request = { source: ref, target: ref, mode: 'merge', name: 'db' } as const;
  expect(failureOf(line.end, request, { diagnostics: [], begun: false })).toMatchObject({
    exitCode: 3,
    message: expect.stringMatching(/^the copy .* was not begun: the target has 3 entries$/),
    hint: expect.stringMatching(/--delete takes them away/),
  });
});

test('who may not write to the target is told what to do, and nobody else is', () => {
  const ref = { kube: fakeKube(), namespace: 'shop', claim: 'data' };
  const request = { source: ref, target: ref, mode: 'merge' } as unknown as CopyRequest;
  const errorOf = (outcome: string) => {
    const line = parseMoverLine(
      `x8s:end ${JSON.stringify({ protocol, nonce: 'n', outcome, message: 'why' })}`,
    );
    if (line.kind !== 'end') throw new Error('not an end');
    return failureOf(line.end, request, { diagnostics: [], begun: false });
  };
  expect(errorOf('closed')).toMatchObject({
    exitCode: 3,
    message: expect.stringMatching(/was not begun: why$/),
    hint: expect.stringMatching(/--run-as UID\[:GID\].*--fs-group GID/),
  });
  expect(errorOf('refused').hint).toBeUndefined();
});

test('a root folder that is given to a group by wish is no loss; all else still is', () => {
  const endOf = (lost: string[], failures: string[] = []) => {
    const fields = { protocol, nonce: 'n', outcome: 'partial', lost, failures };
    const line = parseMoverLine(`x8s:end ${JSON.stringify(fields)}`);
    if (line.kind !== 'end') throw new Error('not an end');
    return line.end;
  };
  expect(asAsked(endOf(['root folder']), { fsGroup: 2000 })).toMatchObject({ outcome: 'ok', lost: [] });
  expect(asAsked(endOf(['root folder']), {})).toMatchObject({ outcome: 'partial', lost: ['root folder'] });
  expect(asAsked(endOf(['root folder', 'ownership']), { fsGroup: 2000 })).toMatchObject({
    outcome: 'partial',
    lost: ['ownership'],
  });
  expect(asAsked(endOf(['root folder'], ['a']), { fsGroup: 2000 })).toMatchObject({ outcome: 'partial' });
});

test('what does not have the key that was made for the task is named as that, and another strategy is the way on', () => {
  const ref = { kube: fakeKube(), namespace: 'shop', claim: 'data' };
  const at = '10.0.0.1:30022';
  const ends: readonly [outcome: string, said: string | undefined, why: RegExp][] = [
    [
      'auth',
      keyTrouble('Host key verification failed.', at),
      /each other's keys: .* does not have the host key/,
    ],
    [
      'auth',
      keyTrouble('Permission denied (publickey).', at),
      /each other's keys: .* does not accept the key/,
    ],
    ['unreachable', `${at}: connection refused`, /can't reach the source: .*connection refused/],
  ];
  const errors = ends.map(([outcome, message]) => {
    const line = parseMoverLine(`x8s:end ${JSON.stringify({ protocol, nonce: 'n', outcome, message })}`);
    if (line.kind !== 'end') throw new Error('not an end');
    const request = { source: ref, target: ref, mode: 'merge', name: 'db' } as const;
    return failureOf(line.end, request, { diagnostics: ['what ssh said'], begun: false });
  });
  for (const [index, [, , why]] of ends.entries()) {
    expect(errors[index]?.message).toMatch(why);
    expect(errors[index]?.message).toContain('fake/shop/data');
    expect(errors[index]?.details).toEqual(['what ssh said']);
  }
  // Who answers without the right key is no cluster that is away.
  expect(errors.map(({ exitCode }) => exitCode)).toEqual([1, 1, 4]);
  expect(errors[0]?.hint).toBe(
    'something else may answer at that address; try another strategy with --strategy',
  );
});
