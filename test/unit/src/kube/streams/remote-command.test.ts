import { expect, test } from '@jest/globals';
import { exitStatusOf } from '../../../../../src/kube/streams/remote-command.ts';

// As kubelets send them: without kind and apiVersion.
test('a command that ended with 0', () => {
  expect(exitStatusOf('{"metadata":{},"status":"Success"}')).toEqual({ code: 0, reason: '' });
});

test('a command that ended with another code', () => {
  const text =
    '{"metadata":{},"status":"Failure","message":"command terminated with non-zero exit code","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"7"}]}}';
  expect(exitStatusOf(text)).toEqual({ code: 7, reason: 'command terminated with non-zero exit code' });
});

test('a command that did not start', () => {
  const text =
    '{"metadata":{},"status":"Failure","message":"no such file","reason":"InternalError","code":500}';
  expect(exitStatusOf(text)).toEqual({ code: undefined, reason: 'no such file' });
});

test('words that are no status', () => {
  expect(exitStatusOf('container not found')).toEqual({ code: undefined, reason: 'container not found' });
});
