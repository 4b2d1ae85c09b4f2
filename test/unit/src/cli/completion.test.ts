import { spawnSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { completionScript, type Shell, shells } from '../../../../src/cli/completion/scripts.ts';
import type { KubeAccess } from '../../../../src/cli/kube-access.ts';
import type { KubeObject } from '../../../../src/kube/api/objects.ts';
import { namespaces, pods } from '../../../../src/kube/api/resources.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { FakeCluster } from '../../support/fake-cluster.ts';
import { fakeKube } from '../../support/fake-kube.ts';
import { EchoCommand, podsCommand, runFake, workCommand } from '../../support/fake-plugin.ts';

const commands = [EchoCommand, workCommand(async () => ({})), podsCommand(async () => ({}))];

/** Two clusters behind the contexts `dev` and `arn:aws:eks/prod`, with one pod each in two namespaces. */
async function fakeAccess(): Promise<KubeAccess> {
  const cluster = new FakeCluster();
  const seed = fakeKube(cluster);
  for (const name of ['shop', 'system']) {
    await seed.create(namespaces, { metadata: { name } });
    const pod: KubeObject = { metadata: { name: `web-${name}`, namespace: name }, spec: { containers: [] } };
    await seed.create(pods, pod as never);
  }
  return {
    connect: async ({ context = 'dev' }) => fakeKube(cluster, { context, namespace: 'shop' }),
    contexts: async () => ['dev', 'arn:aws:eks/prod'],
    contextsOfServer: async () => [],
  };
}

/** Lines without descriptions; the directive is the last. */
async function complete(...argv: string[]): Promise<string[]> {
  const { exitCode, stdout, stderr } = await runFake(['__complete', ...argv], commands, {
    kubeAccess: await fakeAccess(),
  });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t')[0] ?? '');
}

describe('candidates', () => {
  test.each([
    [[''], ['work', 'w', 'get', 'version', 'completion', ':4']],
    [['w'], ['work', 'w', ':4']],
    [['get', ''], ['pods', 'web-shop', ':4'].filter((value) => value !== 'web-shop')],
    [
      ['--kubeconfig', 'f', 'get', 'p'],
      ['pods', ':4'],
    ],
    [
      ['one', '--mo'],
      ['--mode', ':4'],
    ],
    [
      ['one', '--mode', ''],
      ['safe', 'fast', ':4'],
    ],
    [
      ['one', '-m', 'f'],
      ['fast', ':4'],
    ],
    [
      ['one', '--mode=f'],
      ['--mode=fast', ':4'],
    ],
    [['one', '--mode=fast', '--mo'], [':4']],
    [
      ['one', '--label=a=b', '--lab'],
      ['--label', ':4'],
    ],
    [
      ['one', '--watch='],
      ['--watch=true', '--watch=false', ':4'],
    ],
    [['one', '--se'], [':4']],
    [['one', '--', '--mo'], [':4']],
    [
      ['completion', ''],
      ['install', 'kubectl', 'bash', 'zsh', 'fish', 'powershell', ':4'],
    ],
    [
      ['work', '-o', ''],
      ['json', 'yaml', 'wide', 'name', 'table', ':4'],
    ],
    [['nonsense', 'more', '--unknown', ''], [':4']],
  ])('for %j', async (argv, expected) => {
    expect(await complete(...argv)).toEqual(expected);
  });

  test('of flags bear their description', async () => {
    const { stdout } = await runFake(['__complete', 'one', '--mo'], commands);
    expect(stdout).toBe('--mode\tHow careful to be.\n:4\n');
  });
});

describe('candidates from clusters', () => {
  test.each([
    [
      ['get', 'pods', '--context', ''],
      ['dev', 'arn:aws:eks/prod', ':4'],
    ],
    [
      ['get', 'pods', '-n', 's'],
      ['shop', 'system', ':4'],
    ],
    [
      ['get', 'pods', '-n', 'sy'],
      ['system', ':4'],
    ],
    [
      ['get', 'pods', ''],
      ['web-shop', ':4'],
    ],
    [
      ['get', 'pods', '-n', 'system', ''],
      ['web-system', ':4'],
    ],
    [
      ['get', 'pods', '-nsystem', 'web-system', 'w'],
      ['web-system', ':4'],
    ],
    [
      ['get', 'pods', '--to', ''],
      ['dev/', 'arn:aws:eks/prod/', 'web-shop', ':6'],
    ],
    [
      ['get', 'pods', '--to', 'dev/'],
      ['dev/shop/', 'dev/system/', ':6'],
    ],
    [
      ['get', 'pods', '--to', 'dev/sy'],
      ['dev/system/', ':6'],
    ],
    [
      ['get', 'pods', '--to', 'arn:aws:eks/prod/shop/'],
      ['arn:aws:eks/prod/shop/web-shop', ':4'],
    ],
    [
      ['get', 'pods', '--to=dev/system/'],
      ['--to=dev/system/web-system', ':4'],
    ],
  ])('for %j', async (argv, expected) => {
    expect(await complete(...argv)).toEqual(expected);
  });

  test('are none where the cluster fails, and nothing is said', async () => {
    const { exitCode, stdout, stderr } = await runFake(['__complete', 'get', 'pods', ''], commands);
    expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 0, stdout: ':4\n', stderr: '' });
  });

  test('are none where the cluster takes longer than two seconds', async () => {
    const kubeAccess = { ...(await fakeAccess()), connect: () => new Promise<never>(() => {}) };
    const clock = fakeClock();
    const answer = runFake(['__complete', 'get', 'pods', ''], commands, { kubeAccess, clock });
    let isAnswered = false;
    void answer.then(() => {
      isAnswered = true;
    });
    await clock.advance(1999);
    expect(isAnswered).toBe(false);
    await clock.advance(1);
    expect((await answer).stdout).toBe(':4\n');
  });
});

describe('scripts', () => {
  test('for kubectl run the plugin with what kubectl hands over', () => {
    expect(completionScript('kubectl', 'kubectl-fake')).toBe(
      '#!/bin/sh\nexec kubectl-fake __complete "$@"\n',
    );
  });

  test('come from the completion command', async () => {
    for (const shell of shells) {
      const { stdout } = await runFake(['completion', shell], commands);
      expect(stdout).toBe(completionScript(shell, 'kubectl-fake'));
    }
    const { exitCode, stderr } = await runFake(['completion', 'tcsh'], commands);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('no completion for "tcsh"');
  });

  /** Runs bash with the script and a stand-in for the program that answers with its own arguments. */
  function bashReply(line: string): string[] {
    const script = `
      kubectl-fake() { shift; printf '%s\\tdescribed\\n' "--mode=fast" "dev/shop:1" "$#:\${*: -1}"; echo :4; }
      complete() { :; }
      ${completionScript('bash' satisfies Shell, 'kubectl-fake')}
      COMP_LINE=$1; COMP_POINT=\${#1}
      _kubectl_fake
      printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = spawnSync('bash', ['-c', script, 'bash', line], { encoding: 'utf8' });
    expect(stderr).toBe('');
    return stdout.trimEnd().split('\n');
  }

  test('for bash hand over the words, the empty last one too', () => {
    expect(bashReply('kubectl-fake one ')).toEqual(['--mode=fast', 'dev/shop:1', '2:']);
    expect(bashReply('kubectl-fake one tw')).toEqual(['--mode=fast', 'dev/shop:1', '2:tw']);
  });

  test('for bash cut off what bash takes for a word of its own', () => {
    expect(bashReply('kubectl-fake --mode=f')[0]).toBe('fast');
  });
});
