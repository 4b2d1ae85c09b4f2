/** Kubeconfigs in Secrets: what they may say, and what is refused. */
import { describe, expect, test } from '@jest/globals';
import { Addresses } from '../../../../../../plugins/nsreplicate/controller/access/addresses.ts';
import {
  checkedPoint,
  kubeconfigText,
} from '../../../../../../plugins/nsreplicate/controller/access/kubeconfig.ts';
import type { Refusal } from '../../../../../../plugins/nsreplicate/controller/resource/refusal.ts';

const config = (cluster: object = {}, user: object = {}) =>
  JSON.stringify({
    'current-context': 'c',
    contexts: [{ name: 'c', context: { cluster: 'k', user: 'u' } }],
    clusters: [{ name: 'k', cluster: { server: 'https://203.0.113.9:6443', ...cluster } }],
    users: [{ name: 'u', user: { token: 'the-secret', ...user } }],
  });
const addresses = new Addresses(['10.96.0.0/16']);
const refusal = (text: string): Refusal => {
  try {
    checkedPoint(text, addresses);
  } catch (error) {
    return error as Refusal;
  }
  throw new Error('it was taken');
};

describe('a kubeconfig', () => {
  test('with everything in it is taken', () => {
    const data = { 'certificate-authority-data': 'eA==', 'tls-server-name': 'x', extensions: [] };
    const point = checkedPoint(config(data, { 'client-key-data': 'eA==', as: 'someone' }), addresses);
    expect(point.info).toMatchObject({ server: 'https://203.0.113.9:6443', context: 'the remote cluster' });
  });

  test.each([
    [{}, { exec: { command: 'sh' } }, 'user.exec is not taken: it runs a program'],
    [{}, { 'auth-provider': { name: 'gcp' } }, 'user.auth-provider is not taken: it runs a program'],
    [{}, { tokenFile: '/etc/shadow' }, 'user.tokenFile is not taken: it names a file'],
    [{}, { 'client-key': 'key.pem' }, 'user.client-key is not taken: it names a file'],
    [{}, { 'client-certificate': 'c.pem' }, 'user.client-certificate is not taken: it names a file'],
    [{ 'certificate-authority': '/ca' }, {}, 'cluster.certificate-authority is not taken: it names a file'],
    [{ 'proxy-url': 'http://p' }, {}, 'cluster.proxy-url is not taken: it names a proxy'],
    [{}, { 'made-later': {} }, 'user.made-later is not taken: it is not known here'],
    [{ server: 'http://203.0.113.9' }, {}, 'its server is not https'],
    [{ server: '203.0.113.9:6443' }, {}, 'its server is not https'],
    [{ server: 'https://127.0.0.1:6443' }, {}, 'its server 127.0.0.1 is a loopback address'],
    [{ server: 'https://0x7f.1' }, {}, 'its server 127.0.0.1 is a loopback address'],
    [{ server: 'https://2130706433' }, {}, 'its server 127.0.0.1 is a loopback address'],
    [{ server: 'https://[::ffff:7f00:1]' }, {}, 'is a loopback address'],
    [{ server: 'https://169.254.169.254' }, {}, 'is a link-local address'],
    [{ server: 'https://10.96.0.1' }, {}, "is an inner address of the controller's own cluster"],
  ])('%j %j is refused: %s', (cluster, user, message) => {
    const { reason, message: said } = refusal(config(cluster, user));
    expect(reason).toBe('KubeconfigRefused');
    expect(said).toContain(message);
  });

  test.each(['not: [yaml', '[]', '{}', '"the-secret"', config().replace('"cluster":"k"', '"cluster":"no"')])(
    'that is none is refused, and nothing of its secrets is said: %s',
    (text) => {
      const { reason, message } = refusal(text);
      expect(reason).toBe('InvalidKubeconfig');
      expect(message).not.toContain('the-secret');
    },
  );
});

describe('a Secret', () => {
  const secret = (data: Record<string, string>) => ({
    metadata: { name: 's' },
    data: Object.fromEntries(
      Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
    ),
  });

  test('has it under kubeconfig, or config', () => {
    expect(kubeconfigText(secret({ config: 'b', kubeconfig: 'a' }))).toBe('a');
    expect(kubeconfigText(secret({ config: 'b', other: 'c' }))).toBe('b');
    expect(() => kubeconfigText(secret({ other: 'c' }))).toThrow(/Secret s has no kubeconfig/);
  });
});
