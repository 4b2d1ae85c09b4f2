/** Where kubeconfigs of KRMSyncers may not lead. */
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import {
  Addresses,
  guardedLookup,
} from '../../../../../../plugins/nsreplicate/controller/access/addresses.ts';

const inner = ['10.96.0.0/16', '10.244.1.0/24', '10.89.0.11', 'fd12:3456::/64'];
const addresses = new Addresses(inner);

describe('addresses', () => {
  test.each([
    ['127.0.0.1', 'a loopback address'],
    ['127.255.0.9', 'a loopback address'],
    ['0.0.0.0', 'this machine'],
    ['169.254.169.254', 'a link-local address'],
    ['100.100.100.200', "a cloud's metadata service"],
    ['224.0.0.1', 'a multicast address'],
    ['[::1]', 'a loopback address'],
    ['::', 'this machine'],
    ['fe80::1%eth0', 'a link-local address'],
    ['fd00:ec2::254', "a cloud's metadata service"],
    ['10.96.0.1', "an inner address of the controller's own cluster"],
    ['10.244.1.7', "an inner address of the controller's own cluster"],
    ['10.89.0.11', "an inner address of the controller's own cluster"],
    ['fd12:3456::9', "an inner address of the controller's own cluster"],
    ['::ffff:127.0.0.1', 'a loopback address'],
    ['::ffff:a60:1', "an inner address of the controller's own cluster"],
    ['::7f00:1', 'a loopback address'],
    ['64:ff9b::a9fe:a9fe', 'a link-local address'],
    ['2002:7f00:1::', 'a loopback address'],
    ['nonsense', 'no address'],
  ])('%s is %s', (address, what) => {
    expect(addresses.refused(address)).toBe(what);
  });

  test.each(['10.89.0.21', '192.168.1.1', '203.0.113.9', '2001:db8::1', '::ffff:203.0.113.9', 'fd99::1'])(
    '%s may be connected to',
    (address) => {
      expect(addresses.refused(address)).toBeUndefined();
    },
  );
});

describe('a lookup', () => {
  const lookup = guardedLookup(() => addresses);
  const find = promisify(
    (name: string, all: boolean, answer: (error: Error | null, found?: unknown) => void) =>
      lookup(name, { all }, answer),
  );

  test.each([true, false])('of a name that leads to a loopback address fails (all: %p)', async (all) => {
    await expect(find('localhost', all)).rejects.toMatchObject({
      code: 'ERR_ADDRESS_REFUSED',
      message: 'localhost leads to a loopback address, where kubeconfigs of KRMSyncers may not lead',
    });
  });

  test('finds what may be connected to, in both forms', async () => {
    expect(await find('203.0.113.9', true)).toEqual([{ address: '203.0.113.9', family: 4 }]);
    expect(await find('203.0.113.9', false)).toBe('203.0.113.9');
  });
});
