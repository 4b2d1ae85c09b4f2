import { describe, expect, test } from '@jest/globals';
import { proxyFor } from '../../../../../src/kube/login/proxy.ts';

const proxy = 'http://proxy:3128';

describe('proxyFor', () => {
  test('follows the scheme of the server', () => {
    const env = { HTTPS_PROXY: 'http://secure:1', http_proxy: 'http://plain:2' };
    expect(proxyFor('https://x.test', env)).toBe('http://secure:1');
    expect(proxyFor('http://x.test', env)).toBe('http://plain:2');
    expect(proxyFor('https://x.test', {})).toBeUndefined();
  });

  test.each(['https://localhost:6443', 'https://127.0.0.1:6443', 'https://127.9.9.9', 'https://[::1]:6443'])(
    'leaves %s alone',
    (server) => expect(proxyFor(server, { HTTPS_PROXY: proxy })).toBeUndefined(),
  );

  // The cases of golang.org/x/net/http/httpproxy.
  test.each([
    ['*', 'https://anything.test', true],
    ['example.com', 'https://example.com', true],
    ['example.com', 'https://api.example.com', true],
    ['example.com', 'https://notexample.com', false],
    ['.example.com', 'https://example.com', false],
    ['.example.com', 'https://api.example.com', true],
    ['*.example.com', 'https://api.example.com', true],
    ['example.com:6443', 'https://example.com:6443', true],
    ['example.com:6443', 'https://example.com', false],
    ['example.com:443', 'https://example.com', true],
    ['EXAMPLE.com', 'https://example.COM', true],
    ['10.0.0.0/8', 'https://10.1.2.3:6443', true],
    ['10.0.0.0/8', 'https://11.1.2.3', false],
    ['10.0.0.0/99', 'https://10.1.2.3', false],
    ['fd00::/8', 'https://[fd12::1]:6443', true],
    ['10.1.2.3', 'https://10.1.2.3', true],
    ['other.test, example.com', 'https://example.com', true],
    ['', 'https://example.com', false],
  ])('NO_PROXY=%s for %s: exempt %p', (NO_PROXY, server, exempt) => {
    expect(proxyFor(server, { HTTPS_PROXY: proxy, NO_PROXY })).toBe(exempt ? undefined : proxy);
  });
});
