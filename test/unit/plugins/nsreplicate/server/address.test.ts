import { describe, expect, test } from '@jest/globals';
import {
  checkProtected,
  isLoopback,
  parseListen,
} from '../../../../../plugins/nsreplicate/server/http/address.ts';
import { RefusedError, UsageError } from '../../../../../src/errors.ts';

describe('--listen', () => {
  test.each([
    [':8080', { host: '', port: 8080 }],
    ['127.0.0.1:0', { host: '127.0.0.1', port: 0 }],
    ['[::1]:8443', { host: '::1', port: 8443 }],
    ['localhost:80', { host: 'localhost', port: 80 }],
  ])('takes %s', (text, address) => {
    expect(parseListen(text)).toEqual(address);
  });

  test.each(['', '8080', ':', ':99999', '::1:80', '[zz]:80', 'http://x:80', 'a b:80', ':8080/'])(
    'refuses %j',
    (text) => {
      expect(() => parseListen(text)).toThrow(UsageError);
    },
  );
});

describe('an address that others can connect to', () => {
  test.each(['127.0.0.1:1', '127.9.9.9:1', '[::1]:1', 'localhost:1'])('is not %s', (text) => {
    expect(isLoopback(parseListen(text))).toBe(true);
  });

  test.each([':1', '0.0.0.0:1', '[::]:1', '10.0.0.1:1', 'example.com:1', '127.0.0.1.example.com:1'])(
    'is %s, and needs TLS or the word of a person',
    (text) => {
      const address = parseListen(text);
      expect(() => checkProtected(address, { tls: false, insecure: false })).toThrow(RefusedError);
      checkProtected(address, { tls: true, insecure: false });
      checkProtected(address, { tls: false, insecure: true });
    },
  );
});
