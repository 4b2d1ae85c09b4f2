/** What `status` says of who is at work. */
import { expect, test } from '@jest/globals';
import { describeHolder } from '../../../../../plugins/nsreplicate/commands/status-text.ts';

const holder = {
  holder: 'alice@laptop pid=42 id=ab',
  since: '2026-01-01T00:00:00Z',
  renewed: '2026-01-01T00:10:00Z',
  staleAfterMs: 8000,
  purpose: 'nsreplicate watch',
};

test('a task that should be at work says who holds it, and when that was last said', () => {
  const [line, ...more] = describeHolder({ phase: 'Watching' }, holder);
  expect(line).toContain('alice@laptop, who last said so at 2026-01-01T00:10:00Z');
  expect(line).not.toContain('pid=');
  expect(more).toEqual([]);
});

test('a task whose state says that it is at work, and that nobody holds, is not at work', () => {
  expect(describeHolder({ phase: 'Watching' }, null)).toEqual([
    '  no instance is at work: all of this is as it was last written',
  ]);
});

test('nothing is said of a task that ended, and where Leases may not be read', () => {
  expect(describeHolder({ phase: 'Stopped' }, null)).toEqual([]);
  expect(describeHolder({ phase: 'Done' }, holder)).toEqual([]);
  expect(describeHolder({ phase: 'Watching' }, undefined)).toEqual([]);
});
