import { describe, expect, test } from '@jest/globals';
import { whyNotBegin } from '../../../../../../plugins/x8sync/run/copy/may-begin.ts';
import { type CopyRequest, specSchema } from '../../../../../../plugins/x8sync/run/request/request.ts';
import type { TaskRecord } from '../../../../../../src/tasks/record.ts';
import { specHash } from '../../../../../../src/tasks/spec.ts';

const spec = { mode: 'merge' };
const asked = { name: 'db', mode: 'merge' } as CopyRequest;
const succeeded = {
  task: 'db',
  phase: 'Succeeded',
  specHash: specHash(specSchema, spec),
  message: '3 of 3 files copied',
} as TaskRecord;

describe('a name', () => {
  test('that is new, or stands for something else that was copied, may begin as far as this goes', () => {
    expect(whyNotBegin(undefined, spec, asked)).toBeUndefined();
    expect(whyNotBegin({ ...succeeded, specHash: 'another' }, spec, asked)).toBeUndefined();
  });

  test('that has been copied is copied again only where that is said, or nothing is written', () => {
    expect(whyNotBegin(succeeded, spec, asked)?.message).toBe(
      'task db has finished already: 3 of 3 files copied',
    );
    expect(whyNotBegin(succeeded, spec, { ...asked, again: true })).toBeUndefined();
    expect(whyNotBegin(succeeded, spec, { ...asked, cutover: true })).toBeUndefined();
    expect(whyNotBegin(succeeded, spec, { ...asked, mode: 'verify' })).toBeUndefined();
  });

  test.each(['Running', 'Failed', 'Incomplete', 'Interrupted'] as const)('that is %s goes on', (phase) => {
    expect(whyNotBegin({ ...succeeded, phase }, spec, asked)).toBeUndefined();
  });
});
