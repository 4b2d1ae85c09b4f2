import { describe, expect, test } from '@jest/globals';
import type { Clock } from '../../../../../src/clock.ts';
import type { Credentials } from '../../../../../src/kube/login/credentials.ts';
import { createLogin } from '../../../../../src/kube/login/login.ts';

const credentials = (token: string): Credentials => ({
  headers: { Authorization: token },
  tls: {},
  proxy: undefined,
  agent: undefined,
});

/** A login whose sources give the tokens `source.question`, both counted from 1. */
function start(give = (source: number, question: number) => credentials(`${source}.${question}`)) {
  let now = 0;
  let sources = 0;
  const clock: Clock = { monotonic: () => now, now: () => new Date(), sleep: async () => {} };
  const login = createLogin(async () => {
    const source = ++sources;
    let questions = 0;
    return async () => give(source, ++questions);
  }, clock);
  const pass = (ms: number) => {
    now += ms;
  };
  const token = async () => (await login.current()).headers.Authorization;
  return { login, token, pass };
}

describe('createLogin', () => {
  test('asks once for many, and again after a while', async () => {
    const { token, pass } = start();
    expect(await Promise.all([token(), token()])).toEqual(['1.1', '1.1']);
    pass(9_000);
    expect(await token()).toBe('1.1');
    pass(2_000);
    expect(await token()).toBe('1.2');
  });

  test('knows credentials of this moment, once they have come', async () => {
    const { login, pass } = start();
    expect(login.known()).toBeUndefined();
    const asked = login.current();
    expect(login.known()).toBeUndefined();
    const credentials = await asked;
    expect(login.known()).toBe(credentials);
    pass(11_000);
    expect(login.known()).toBeUndefined();
    const later = await login.current();
    expect(login.known()).toBe(later);
    await login.refresh(later);
    expect(login.known()?.headers.Authorization).toBe('2.1');
  });

  test('takes a new source for rejected credentials, once for all who hold them', async () => {
    const { login, token } = start();
    const rejected = await login.current();
    const [a, b] = await Promise.all([login.refresh(rejected), login.refresh(rejected)]);
    expect([a?.headers.Authorization, b?.headers.Authorization]).toEqual(['2.1', '2.1']);
    expect(await token()).toBe('2.1');
  });

  test('gives the new ones to who still holds old ones', async () => {
    const { login, pass } = start();
    const old = await login.current();
    const renewed = await login.refresh(old);
    pass(6_000);
    expect(await login.refresh(old)).toBe(renewed);
  });

  test('sees equal credentials of another moment as the same', async () => {
    const { login, pass } = start((source) => credentials(`${source}`));
    const old = await login.current();
    pass(11_000);
    expect((await login.refresh(old)).headers.Authorization).toBe('2');
  });

  test('does not refresh again and again', async () => {
    const { login, pass } = start();
    const second = await login.refresh(await login.current());
    expect(await login.refresh(second)).toBe(second);
    pass(6_000);
    expect((await login.refresh(second)).headers.Authorization).toBe('3.1');
  });

  test('forgets a failure', async () => {
    const { token } = start((source) => {
      if (source === 1) throw new Error('no login');
      return credentials(`${source}`);
    });
    await expect(token()).rejects.toThrow('no login');
    expect(await token()).toBe('2');
  });
});
