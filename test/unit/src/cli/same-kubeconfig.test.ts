import { expect, test } from '@jest/globals';
import {
  failureWithKubeconfig,
  printedWithKubeconfig,
  withKubeconfig,
} from '../../../../src/cli/same-kubeconfig.ts';
import { ExitCode, RefusedError } from '../../../../src/errors.ts';
import { podsCommand, runFake } from '../../support/fake-plugin.ts';

const typed = { kubeconfig: 'dev.yaml', binaryName: 'kubectl fake' };

test.each([
  [
    'to check: kubectl --context a auth can-i',
    'to check: kubectl --kubeconfig dev.yaml --context a auth can-i',
  ],
  ['kubectl fake watch web starts it.', 'kubectl fake --kubeconfig dev.yaml watch web starts it.'],
  ['`kubectl fake stop` ends it', '`kubectl fake --kubeconfig dev.yaml stop` ends it'],
  [
    'kubectl fake list | kubectl -n a get pod',
    'kubectl fake --kubeconfig dev.yaml list | kubectl --kubeconfig dev.yaml -n a get pod',
  ],
  ['kubectl --kubeconfig x get pods', 'kubectl --kubeconfig x get pods'],
  ['as kubectl shows it', 'as kubectl shows it'],
  ['kubectl fake: it is held', 'kubectl fake: it is held'],
])('%s', (text, expected) => {
  expect(withKubeconfig(text, typed)).toBe(expected);
  expect(withKubeconfig(text, { ...typed, kubeconfig: undefined })).toBe(text);
});

test('a path is one word for a shell', () => {
  expect(withKubeconfig('kubectl -n a', { ...typed, kubeconfig: "my $1's" })).toBe(
    String.raw`kubectl --kubeconfig 'my $1'\''s' -n a`,
  );
});

test('a manifest stays as it is', () => {
  const manifest = 'apiVersion: v1\nkind: ConfigMap\ndata: { by: kubectl fake go }';
  expect(printedWithKubeconfig(manifest, typed)).toBe(manifest);
  expect(printedWithKubeconfig('kubectl fake go', typed)).toBe('kubectl fake --kubeconfig dev.yaml go');
});

test('a failure stays what it is', () => {
  const error = new RefusedError('no', { hint: 'kubectl fake go', details: ['kubectl -n a get pods'] });
  const { name, message, exitCode, hint, details } = failureWithKubeconfig(error, typed);
  expect({ name, message, exitCode }).toEqual({
    name: 'RefusedError',
    message: 'no',
    exitCode: ExitCode.refused,
  });
  expect([hint, ...details]).toEqual([
    'kubectl fake --kubeconfig dev.yaml go',
    'kubectl --kubeconfig dev.yaml -n a get pods',
  ]);
});

test('every command of a plugin tells it so, and what it says of its result', async () => {
  const error = new RefusedError('no', { hint: 'kubectl fake go' });
  const command = podsCommand(async () => ({ text: 'kubectl fake pods shows it', error }));
  const { stdout, stderr } = await runFake(['get', 'pods', 'x', '--kubeconfig', 'f'], [command]);
  expect(stdout).toBe('kubectl fake --kubeconfig f pods shows it\n');
  expect(stderr).toContain('hint: kubectl fake --kubeconfig f go\n');
});
