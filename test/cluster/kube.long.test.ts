/** The client against a real API server that has very many objects. */
import { describe, test } from '@jest/globals';
import { connect } from '../../src/kube/connect/connect.ts';
import { expectComplete } from './support/bulk.ts';
import { contextA, kubeconfig } from './support/contexts.ts';
import { inNamespace } from './support/namespace.ts';

const place = inNamespace('A');

describe('lists and watches', () => {
  test('10,000 objects: complete by pages, by metadata only, and from the cache', async () => {
    const kube = await connect({ kubeconfig, context: contextA, requestTimeoutMs: 60_000 });
    try {
      await expectComplete(kube, place().namespace, 10_000);
    } finally {
      await kube.close();
    }
  });
});
