/** The compiled plugins, as kubectl finds and runs them. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { root } from '../../scripts/build.ts';
import { hostPlatform } from '../../scripts/node-binaries.ts';
import { distOf } from '../../scripts/package.ts';
import { contextA } from './support/contexts.ts';
import { environment, kubectl, kubectlBinary, plugin } from './support/kubectl.ts';
import { run } from './support/process.ts';

const plugins = ['x8sync', 'nsreplicate', 'devsync'];
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

/** Tests of other files run the plugins themselves. */
const throughKubectl = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  run(kubectlBinary, args, { env: { ...environment, ...env } });

describe.each(plugins)('kubectl-%s', (name) => {
  const binary = join(distOf(hostPlatform), `kubectl-${name}`);
  let elsewhere = '';

  beforeAll(() => {
    elsewhere = mkdtempSync(join(tmpdir(), 'x8s-binary-'));
    copyFileSync(binary, join(elsewhere, 'tool'));
  });
  afterAll(() => rmSync(elsewhere, { recursive: true, force: true }));

  test('runs alone, with nothing of its sources or of Node.js around', async () => {
    const env = { PATH: elsewhere, HOME: elsewhere };
    const { code, stdout, stderr } = await run(join(elsewhere, 'tool'), ['--version'], { env });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^${name} v${version.replaceAll('.', '\\.')}`));
  });

  test('holds no path of the machine that made it', () => {
    expect(readFileSync(binary).includes(root)).toBe(false);
  });

  test('is a kubectl plugin, and calls itself so', async () => {
    const { code, stdout, stderr } = await throughKubectl([name, '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`Usage:\n  kubectl ${name} `);
  });

  test("is not moved by NODE_OPTIONS, which are other programs'", async () => {
    const env = { NODE_OPTIONS: '--require /nowhere/at-all.js --max-old-space-size=1' };
    expect((await throughKubectl([name, '--version'], env)).code).toBe(0);
  });

  test('ends with 2 and a suggestion for a slip', async () => {
    const { code, stdout, stderr } = await throughKubectl([name, 'version', '--otput', 'json']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toBe('error: unknown flag --otput\nhint: did you mean --output?\n');
  });

  test('completes inside of kubectl', async () => {
    const { stdout: script } = await plugin(name, ['completion', 'kubectl']);
    writeFileSync(join(elsewhere, `kubectl_complete-${name}`), script, { mode: 0o755 });
    const PATH = `${elsewhere}:${environment.PATH}`;
    const { stdout } = await throughKubectl(['__complete', name, 'vers'], { PATH });
    expect(stdout).toMatch(/^version\b.*\n:4\n/);
  });
});

describe('clusters', () => {
  test('an unknown context is named beside those that exist', async () => {
    const { code, stderr } = await plugin('x8sync', ['list', '--context', 'nowhere']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: .*nowhere/);
    expect(stderr).toContain(contextA);
  });

  test('an API server that is not there is exit 4', async () => {
    const server = ['--context', contextA, '-s', 'https://192.0.2.1:6443', '--request-timeout=2s'];
    const { code, stderr } = await plugin('x8sync', ['list', ...server]);
    expect(code).toBe(4);
    expect(stderr).toContain('no answer from https://192.0.2.1:6443');
  });

  test('names of contexts and namespaces complete', async () => {
    const complete = async (...words: string[]) => (await plugin('x8sync', ['__complete', ...words])).stdout;
    expect(await complete('list', '--context', '')).toContain(`${contextA}\n`);
    const names = (await kubectl(contextA, ['get', 'namespaces', '-o', 'name'])).trim().split('\n');
    const offered = (await complete('list', '--context', contextA, '-n', '')).trim().split('\n');
    const some = names
      .map((name) => name.replace('namespace/', ''))
      .filter((name) => name.startsWith('kube-'));
    expect(some.length).toBeGreaterThan(0);
    expect(offered).toEqual(expect.arrayContaining(some));
    expect(offered.at(-1)).toBe(':4');
  });
});
