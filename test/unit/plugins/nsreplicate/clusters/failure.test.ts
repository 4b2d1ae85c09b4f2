import { expect, test } from '@jest/globals';
import { messageAbout } from '../../../../../plugins/nsreplicate/clusters/failure.ts';

test('what a server says of a Secret is said without the value that it quotes', () => {
  const message = 'Secret "tls" is invalid: data.key: Invalid value: "a \\"word\\"": too short';
  expect(messageAbout('Secret', { message })).toBe(
    'Secret "tls" is invalid: data.key: Invalid value: "…": too short',
  );
  expect(messageAbout('ConfigMap', { message })).toBe(message);
});
