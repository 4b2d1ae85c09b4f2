import { describe, expect, test } from '@jest/globals';
import { Hashing, QueueFull } from '../../../../../plugins/nsreplicate/server/accounts/hashing.ts';
import {
  accountsIn,
  addAccount,
  signingKeyIn,
} from '../../../../../plugins/nsreplicate/server/accounts/secret.ts';
import {
  accountLimits,
  addressLimits,
  networkOf,
  SlowDown,
} from '../../../../../plugins/nsreplicate/server/accounts/slow-down.ts';
import { readToken, signToken } from '../../../../../plugins/nsreplicate/server/accounts/tokens.ts';
import {
  checkName,
  checkPassword,
  covers,
  type Grant,
  isEnough,
  isWithin,
} from '../../../../../plugins/nsreplicate/server/http/account.ts';
import { systemClock } from '../../../../../src/clock.ts';
import { RefusedError, UsageError } from '../../../../../src/errors.ts';

describe('a role', () => {
  test('is enough for itself and for less', () => {
    expect([
      isEnough('admin', 'viewer'),
      isEnough('operator', 'operator'),
      isEnough('viewer', 'operator'),
    ]).toEqual([true, true, false]);
  });

  test('for named namespaces holds in no other, and not for objects of the cluster', () => {
    const grant: Grant = { role: 'admin', namespaces: ['shop'] };
    expect(['shop', 'pay', ''].map((one) => covers(grant, one))).toEqual([true, false, false]);
    expect(covers({ role: 'viewer' }, '')).toBe(true);
  });

  test.each<[Grant, Grant, boolean]>([
    [{ role: 'admin' }, { role: 'admin' }, true],
    [{ role: 'admin' }, { role: 'operator' }, false],
    [{ role: 'viewer' }, { role: 'admin', namespaces: ['shop'] }, false],
    [{ role: 'viewer', namespaces: ['shop'] }, { role: 'admin', namespaces: ['shop', 'pay'] }, true],
    [{ role: 'viewer', namespaces: ['shop', 'x'] }, { role: 'admin', namespaces: ['shop'] }, false],
  ])('%j within %j: %s', (made, maker, allowed) => {
    expect(isWithin(made, maker)).toBe(allowed);
  });
});

describe('names and passwords', () => {
  test.each(['', 'Alice', '-a', 'a b', '../a', '__proto__', 'a'.repeat(64)])(
    'no user is called %j',
    (name) => {
      expect(() => checkName(name)).toThrow(UsageError);
    },
  );

  test.each(['short', 'ä'.repeat(37)])('%j is no password', (password) => {
    expect(() => checkPassword(password)).toThrow(UsageError);
  });

  test('72 bytes are all that bcrypt reads', () => {
    checkPassword('x'.repeat(72));
    expect(() => checkPassword('x'.repeat(73))).toThrow('72');
  });
});

describe('the Secret', () => {
  const secret = (data: Record<string, string>) => ({
    metadata: { name: 's' },
    data: Object.fromEntries(
      Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
    ),
  });
  const account = { hash: 'h', id: 'i', role: 'viewer', createdAt: '', createdBy: '' } as const;

  test('lets nobody in by what is no account', () => {
    const found = accountsIn(
      secret({
        ann: JSON.stringify(account),
        text: 'root',
        noRole: JSON.stringify({ ...account, role: 'root' }),
        noId: JSON.stringify({ ...account, id: '' }),
        odd: JSON.stringify({ ...account, namespaces: 'shop' }),
      }),
    );
    expect([...found.keys()]).toEqual(['ann']);
    expect(accountsIn(undefined).size).toBe(0);
  });

  test('has a user once', () => {
    const accounts = new Map([['ann', account]]);
    expect(() => addAccount(accounts, 'ann', account)).toThrow(RefusedError);
  });

  test('with a key that is too short signs nothing', () => {
    expect(signingKeyIn(secret({ key: 'short' }))).toBeUndefined();
    expect(signingKeyIn(secret({ key: 'x'.repeat(32) }))).toHaveLength(32);
  });
});

describe('wrong passwords', () => {
  test('cost nothing at first, then ever more up to a limit, and nothing after a quarter of an hour', () => {
    const slow = new SlowDown(accountLimits);
    let now = 0;
    const waits: number[] = [];
    for (let attempt = 0; attempt < 12; attempt++) {
      const wait = slow.waitMs('ann', now);
      waits.push(wait);
      now += wait;
      slow.begun('ann', now);
    }
    expect(waits).toEqual([0, 0, 0, 0, 0, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    expect(slow.waitMs('bob', now)).toBe(0);
    expect(slow.waitMs('ann', now + 900_000)).toBe(0);
  });

  test('at once count before any of them is known to be wrong', () => {
    const slow = new SlowDown(accountLimits);
    for (let attempt = 0; attempt < 5; attempt++) slow.begun('ann', 0);
    expect(slow.waitMs('ann', 0)).toBe(1000);
    slow.forget('ann');
    expect(slow.waitMs('ann', 0)).toBe(0);
  });

  test('of an address are forgiven one by one', () => {
    const slow = new SlowDown(addressLimits);
    for (let attempt = 0; attempt < 21; attempt++) slow.begun('10.0.0.1', 0);
    expect(slow.waitMs('10.0.0.1', 0)).toBe(2000);
    slow.takeBack('10.0.0.1');
    expect(slow.waitMs('10.0.0.1', 0)).toBe(1000);
  });

  test('under ever other names fill no memory', () => {
    const slow = new SlowDown(accountLimits);
    for (let one = 0; one < 5; one++) slow.begun('first', 0);
    for (let name = 0; name < 10_000; name++) slow.begun(`n${name}`, 0);
    expect(slow.waitMs('first', 0)).toBe(0);
  });

  test.each([
    ['10.1.2.3', '10.1.2.3'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
  ])('from %s are of %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});

describe('a token', () => {
  const key = new Uint8Array(32).fill(7);
  const now = new Date('2026-01-01T00:00:00Z');
  const later = new Date('2026-01-01T12:00:00Z');
  const made = () => signToken({ name: 'ann', id: 'i1' }, key, now, later);

  test('says whose it is, until it is over', async () => {
    const token = await made();
    expect(await readToken(token, key, now)).toEqual({ name: 'ann', id: 'i1' });
    expect(await readToken(token, key, new Date(later.getTime() + 1000))).toBeUndefined();
  });

  test('of another key, without a signature, or changed is none', async () => {
    const token = await made();
    const [head = '', body = '', signature = ''] = token.split('.');
    const unsigned = Buffer.from('{"alg":"none"}').toString('base64url');
    const forged = Buffer.from(Buffer.from(body, 'base64url').toString().replace('ann', 'bob')).toString(
      'base64url',
    );
    const others = [
      `${unsigned}.${body}.`,
      `${unsigned}.${body}.${signature}`,
      `${head}.${forged}.${signature}`,
      'x',
      '',
    ];
    for (const other of others) expect(await readToken(other, key, now)).toBeUndefined();
    expect(await readToken(token, new Uint8Array(32), now)).toBeUndefined();
  });
});

describe('hashing', () => {
  test('knows a password again, and waits for no more than so many', async () => {
    const hashing = new Hashing(systemClock);
    try {
      const hash = await hashing.hash('correct horse');
      expect(hash).toMatch(/^\$2b\$10\$/);
      expect(await hashing.verify('correct horse', hash)).toBe(true);
      expect(await hashing.verify('wrong', hash)).toBe(false);
      expect(await hashing.verify('wrong', 'no hash')).toBe(false);
      const many = Array.from({ length: 20 }, () =>
        hashing.verify('x', 'no hash').catch((error: unknown) => error),
      );
      expect((await Promise.all(many)).filter((one) => one instanceof QueueFull)).toHaveLength(4);
    } finally {
      await hashing.close();
    }
  });
});
