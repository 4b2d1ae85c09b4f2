import { expect, test } from '@jest/globals';
import { registryIn } from '../../../../scripts/images/registry.ts';

test.each([
  [undefined, ''],
  ['registry.example.com/x8s', 'registry.example.com/x8s'],
  ['ghcr.io/Example-Org', 'ghcr.io/example-org'],
])('a build for %s names %s', (given, registry) => {
  expect(registryIn({ X8S_REGISTRY: given })).toBe(registry);
});
