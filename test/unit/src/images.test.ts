import { expect, test } from '@jest/globals';
import { imageReference } from '../../../src/images.ts';

test('an image is named by its tag, and in a release by its digest too', () => {
  expect(imageReference('mover', '1.2.3')).toBe('x8s.dev/mover:1.2.3');
  const digests = { mover: `sha256:${'a'.repeat(64)}` };
  expect(imageReference('mover', '1.2.3', digests)).toBe(`x8s.dev/mover:1.2.3@${digests.mover}`);
  expect(imageReference('controller', '1.2.3', digests)).toBe('x8s.dev/controller:1.2.3');
});
