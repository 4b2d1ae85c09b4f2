/** Tokens of ServiceAccounts are renewed in time, whatever this machine's clocks do meanwhile. */
import { expect, test } from '@jest/globals';
import { tokenSource } from '../../../../../../plugins/nsreplicate/controller/access/tokens.ts';
import type { KubeClient } from '../../../../../../src/kube/api/client.ts';
import { fakeClock } from '../../../../support/fake-clock.ts';

/** A cluster that gives tokens, and counts them. */
function giving() {
  let given = 0;
  const clock = fakeClock();
  const fakeOwn = {
    transport: { webSocket: async () => ({ tls: {} }) },
    create: async () => ({ spec: { expirationSeconds: 3600 }, status: { token: `token-${++given}` } }),
  } as unknown as KubeClient;
  const source = tokenSource(fakeOwn, { namespace: 'shop', name: 'copier' }, clock);
  const token = async () => (await source()).headers.Authorization?.slice('Bearer '.length);
  return { token, clock };
}

test('a token is used for a part of its life', async () => {
  const { token, clock } = giving();
  expect([await token(), await token()]).toEqual(['token-1', 'token-1']);
  await clock.advance(2_500_000);
  expect(await token()).toBe('token-1');
  await clock.advance(60_000);
  expect(await token()).toBe('token-2');
});

test('one that expired while the machine slept is not used', async () => {
  const { token, clock } = giving();
  await token();
  clock.jump(3_600_000);
  expect(await token()).toBe('token-2');
});

test('one is used no longer where the wall clock is set back', async () => {
  const { token, clock } = giving();
  await token();
  clock.jump(-86_400_000);
  await clock.advance(2_600_000);
  expect(await token()).toBe('token-2');
});
