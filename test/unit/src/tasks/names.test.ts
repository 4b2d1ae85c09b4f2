import { describe, expect, test } from '@jest/globals';
import { UsageError } from '../../../../src/errors.ts';
import {
  checkTaskName,
  maxTaskNameLength,
  newTaskName,
  recordName,
  selectorOf,
  taskLabels,
} from '../../../../src/tasks/names.ts';

const roles = ['source', 'target'];

describe('the name of a task', () => {
  test.each(['web', 'a', '0', 'web-2', 'x'.repeat(38)])('%s is good', (name) => {
    expect(() => checkTaskName('x8sync', name, roles)).not.toThrow();
  });

  test.each(['', 'Web', 'web_2', '-web', 'web-', 'we.b', 'wéb', 'a b', 'a\n'])('%j is refused', (name) => {
    expect(() => checkTaskName('x8sync', name, roles)).toThrow(UsageError);
  });

  test('is called what a person calls that which is named', () => {
    expect(() => checkTaskName('x8sync', 'Web', roles)).toThrow(`"Web" can't be the name of a task.`);
    expect(() => checkTaskName('devsync', 'Web', ['sync'], 'sync')).toThrow(
      `"Web" can't be the name of a sync.`,
    );
    expect(() => checkTaskName('devsync', 'x'.repeat(99), ['sync'], 'sync')).toThrow(
      /^The sync name "x+" is too/,
    );
  });

  test('is refused where a StatefulSet named after it would never make a pod', () => {
    const name = 'x'.repeat(39);
    expect(recordName('x8sync', name, 'source')).toHaveLength(53);
    expect(() => checkTaskName('x8sync', name, roles)).toThrow(/too long \(39 characters\)/);
  });

  test('leaves room for a new name, in every role', () => {
    const name = newTaskName();
    expect(() => checkTaskName('x8sync', name, roles)).not.toThrow();
    expect(newTaskName()).not.toBe(name);
    expect(maxTaskNameLength('nsreplicate', ['primary', 'replica'])).toBe(32);
  });
});

test('a selector asks for what is given, and for nothing else', () => {
  expect(selectorOf({ ...taskLabels('x8sync', 'web', 'source'), missing: undefined })).toBe(
    'app.kubernetes.io/managed-by=kubectl-x8sync,x8s.dev/task=web,x8s.dev/role=source',
  );
});
