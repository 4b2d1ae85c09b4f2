/** The service's document knows every phase that a task can be in. */
import { expect, test } from '@jest/globals';
import { taskSchema } from '../../../../../plugins/nsreplicate/server/tasks/task-document.ts';

test('a task that a promotion has fenced is a task of its document', () => {
  expect(JSON.stringify(taskSchema)).toContain('"Fenced"');
});
