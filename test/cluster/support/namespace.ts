/** Namespaces of tests, gone afterwards, so that two runs can share one lab. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll } from '@jest/globals';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import { namespaces } from '../../../src/kube/api/resources.ts';
import { clusterOf } from './clusters.ts';

export interface Place {
  readonly kube: KubeClient;
  readonly namespace: string;
}

/** A client and a namespace of its own for the tests of this `describe`; deleted after them, which nobody waits for. */
export function inNamespace(which: 'A' | 'B'): () => Place {
  let place: Place | undefined;
  beforeAll(async () => {
    const kube = await clusterOf(which);
    const namespace = `x8s-test-${randomBytes(4).toString('hex')}`;
    await kube.create(namespaces, { metadata: { name: namespace } });
    place = { kube, namespace };
  });
  afterAll(async () => {
    if (!place) return;
    const { kube, namespace: name } = place;
    await kube.delete(namespaces, { name });
    await kube.close();
  });
  return () => {
    if (!place) throw new Error('there is no namespace before the tests begin');
    return place;
  };
}
