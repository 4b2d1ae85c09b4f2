/** Signing in, with a clock of the test's own; what is hashed is counted, and not hashed. */
import { describe, expect, test } from '@jest/globals';
import type { Directory } from '../../../../../plugins/nsreplicate/server/accounts/directory.ts';
import { type Hashing, QueueFull } from '../../../../../plugins/nsreplicate/server/accounts/hashing.ts';
import { SignIn } from '../../../../../plugins/nsreplicate/server/accounts/sign-in.ts';
import type { Account } from '../../../../../plugins/nsreplicate/server/http/account.ts';
import type { Problem } from '../../../../../plugins/nsreplicate/server/http/problem.ts';
import { systemClock } from '../../../../../src/clock.ts';

const ann: Account = { hash: '$2b$10$ann', id: 'i', role: 'viewer', createdAt: '', createdBy: '' };

function scene({ full = false, removedMeanwhile = false, isEmpty = false } = {}) {
  let now = 0;
  const hashed: string[] = [];
  const counted: string[] = [];
  const fakeDirectory = {
    isEmpty,
    account: (name: string) => (name === 'ann' && !isEmpty ? ann : undefined),
    callerOf: (name: string) => (removedMeanwhile ? undefined : { name, role: 'viewer' }),
    issue: async () => ({ token: 't', expiresAt: new Date(0) }),
  } as unknown as Directory;
  const fakeHashing = {
    verify: async (password: string, hash: string) => {
      if (full) throw new QueueFull('full');
      hashed.push(hash);
      return password === 'right' && hash === ann.hash;
    },
  } as unknown as Hashing;
  const signIn = new SignIn({
    directory: fakeDirectory,
    hashing: fakeHashing,
    clock: { ...systemClock, monotonic: () => now },
    counted: (result) => counted.push(result),
  });
  const signInAs = (username: string, password: string, address = '10.0.0.1') =>
    signIn.signIn({ username, password }, address);
  const attempt = (username: string, password: string, address = '10.0.0.1') =>
    signInAs(username, password, address).then(
      () => 200,
      (problem: Problem) => problem.status,
    );
  return { attempt, signInAs, hashed, counted, pass: (ms: number) => (now += ms) };
}

describe('signing in', () => {
  test('takes the right password, and hashes as much for a name that nobody has', async () => {
    const { attempt, hashed } = scene();
    expect(await attempt('ann', 'right')).toBe(200);
    expect(await attempt('ann', 'wrong')).toBe(401);
    expect(await attempt('nobody', 'right')).toBe(401);
    expect(hashed.map((hash) => hash.slice(0, 7))).toEqual(['$2b$10$', '$2b$10$', '$2b$10$']);
    expect(hashed[2]).toHaveLength(60);
  });

  test('hashes few of a hundred wrong passwords a second, and lets the right one in soon after', async () => {
    const { attempt, hashed, counted, pass } = scene();
    const statuses: number[] = [];
    for (let round = 0; round < 1000; round++) {
      statuses.push(await attempt('ann', 'wrong', `10.0.${round >> 8}.${round & 255}`));
      pass(10);
    }
    // Five are free, then one after 1, 2 and 4 seconds.
    expect(hashed.length).toBe(8);
    expect(statuses.filter((status) => status === 429)).toHaveLength(992);
    expect(counted.filter((result) => result === 'slowed')).toHaveLength(992);
    pass(30_000);
    expect(await attempt('ann', 'right')).toBe(200);
  });

  test('is slowed down for an address that tries many names', async () => {
    const { attempt, hashed } = scene();
    for (let round = 0; round < 100; round++) await attempt(`name-${round}`, 'wrong');
    expect(hashed).toHaveLength(20);
    expect(await attempt('ann', 'right')).toBe(429);
    expect(await attempt('ann', 'right', '10.0.0.2')).toBe(200);
  });

  test('is sent away while too many wait, and lets nobody in who was removed meanwhile', async () => {
    expect(await scene({ full: true }).attempt('ann', 'right')).toBe(503);
    expect(await scene({ removedMeanwhile: true }).attempt('ann', 'right')).toBe(401);
  });

  test('says how the first user is made while there is none, and nothing of it to a wrong password', async () => {
    const first = {
      status: 401,
      hint: expect.stringContaining('kubectl nsreplicate users add NAME --role admin'),
    };
    await expect(scene({ isEmpty: true }).signInAs('ann', 'right')).rejects.toMatchObject(first);
    await expect(scene().signInAs('ann', 'wrong')).rejects.toMatchObject({ status: 401, hint: undefined });
  });
});
