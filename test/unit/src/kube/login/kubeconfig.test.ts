import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { UsageError } from '../../../../../src/errors.ts';
import {
  contextsOfServer,
  loadKubeconfig,
  loadKubeconfigFile,
} from '../../../../../src/kube/login/kubeconfig.ts';

let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
});

afterEach(() => rm(folder, { recursive: true }));

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, text);
  return path;
}

const config = (context: string, server: string, current = '') => `
apiVersion: v1
kind: Config
current-context: "${current}"
contexts: [{ name: ${context}, context: { cluster: c, user: u, namespace: of-${context} } }]
clusters: [{ name: c, cluster: { server: "${server}" } }]
users: [{ name: u, user: { token: t-${context} } }]
`;

describe('loadKubeconfig', () => {
  test('takes the file that is named and no other', async () => {
    const named = await file('named', config('a', 'https://a', 'a'));
    const other = await file('other', config('b', 'https://b', 'b'));
    const { currentContext, contexts } = await loadKubeconfig(named, { KUBECONFIG: other });
    expect([currentContext, ...contexts.keys()]).toEqual(['a', 'a']);
  });

  test('merges the files of KUBECONFIG: the first definition wins, missing files are skipped', async () => {
    const first = await file('first', config('a', 'https://first'));
    const second = await file('second', config('b', 'https://second', 'b'));
    const list = [first, join(folder, 'missing'), second].join(delimiter);
    const merged = await loadKubeconfig(undefined, { KUBECONFIG: list });
    expect(merged.currentContext).toBe('b');
    expect([...merged.contexts.keys()].sort()).toEqual(['a', 'b']);
    expect(merged.clusters.get('c')?.server).toBe('https://first');
    expect(merged.users.get('u')?.token).toBe('t-a');
    expect(merged.userFiles?.get('u')).toBe(first);
  });

  test('reads a file with the line ends of Windows', async () => {
    const path = await file('windows', config('a', 'https://a', 'a').replaceAll('\n', '\r\n'));
    const { currentContext, clusters, users } = await loadKubeconfigFile(path);
    expect([currentContext, clusters.get('c')?.server, users.get('u')?.token]).toEqual([
      'a',
      'https://a',
      't-a',
    ]);
  });

  test('reads paths relative to their file, a bare command not', async () => {
    const path = await file(
      'deep/config',
      `
clusters: [{ name: c, cluster: { server: s, certificate-authority: ca.crt } }]
users:
- { name: u, user: { client-certificate: u.crt, client-key: /abs/u.key, tokenFile: ../token } }
- { name: bare, user: { exec: { command: aws } } }
- { name: path, user: { exec: { command: ./bin/login } } }
`,
    );
    const { clusters, users } = await loadKubeconfigFile(path);
    expect(clusters.get('c')?.['certificate-authority']).toBe(join(folder, 'deep/ca.crt'));
    expect(users.get('u')).toEqual({
      'client-certificate': join(folder, 'deep/u.crt'),
      'client-key': '/abs/u.key',
      tokenFile: join(folder, 'token'),
    });
    expect(users.get('bare')?.exec?.command).toBe('aws');
    expect(users.get('path')?.exec?.command).toBe(join(folder, 'deep/bin/login'));
  });

  test('is empty, and no error, where there is none', async () => {
    const { contexts } = await loadKubeconfig(undefined, { KUBECONFIG: join(folder, 'none') });
    expect(contexts.size).toBe(0);
  });

  test('of a named file that is missing is an error', async () => {
    await expect(loadKubeconfig(join(folder, 'none'))).rejects.toThrow(/none: no such file/);
  });

  test('says where a file is broken, and nothing of what stands there', async () => {
    const path = await file('broken', 'users:\n- name: u\n  user: { token: s3cret, : }}\n');
    const error = await loadKubeconfigFile(path).catch((caught) => caught);
    expect(error).toBeInstanceOf(UsageError);
    expect(error.message).toMatch(/broken, line 3: not valid YAML$/);
    expect(String(error.cause ?? '')).not.toMatch(/s3cret/);
  });

  test.each([
    ['just a word', 'a mapping is expected'],
    ['contexts: {}', 'contexts is not a list'],
    ['users: [{ user: {} }]', 'users[0] has no name'],
  ])('refuses %p', async (text, message) => {
    const path = await file('odd', text);
    await expect(loadKubeconfigFile(path)).rejects.toThrow(message);
  });
});

test('contextsOfServer finds a server under its other names, the current context first', async () => {
  const path = await file(
    'many',
    `
current-context: z
contexts:
- { name: a, context: { cluster: one } }
- { name: b, context: { cluster: other } }
- { name: z, context: { cluster: two } }
- { name: lost, context: { cluster: none } }
clusters:
- { name: one, cluster: { server: 'https://API.test:443/' } }
- { name: two, cluster: { server: 'https://api.test' } }
- { name: other, cluster: { server: 'https://api.test:6443' } }
`,
  );
  expect(await contextsOfServer('https://api.test/', path)).toEqual(['z', 'a']);
});
