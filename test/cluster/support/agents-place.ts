/** Where the agents of nodes are tried: all of a cluster's are those of one file until its end. */
import { afterAll, afterEach, beforeAll } from '@jest/globals';
import { namespaces } from '../../../src/kube/api/resources.ts';
import { hostile } from './confined.ts';
import { makePods, podOf, Workplace } from './devsync.ts';
import type { Kind } from './devsync-kinds.ts';
import { inNamespace } from './namespace.ts';
import { noAgents, uninstall } from './node-agents.ts';

/** For the tests of a file: a namespace with a pod of each kind and a hostile one, and one workplace in it. */
export function agentsPlace(kinds: readonly Kind[]) {
  const place = inNamespace('A');
  let work: Workplace;
  beforeAll(async () => {
    work = new Workplace(place());
    await noAgents(place().kube);
    const baseline = { 'pod-security.kubernetes.io/enforce': 'baseline' };
    const labels = { metadata: { labels: baseline } };
    await place().kube.patch(namespaces, { name: place().namespace }, labels, { type: 'merge' });
    const pods = kinds.map(({ name, spec }) => podOf(name, spec));
    await makePods(place().namespace, ...pods, podOf('hostile', hostile));
  });
  afterEach(() => work.stop().catch(() => {}));
  afterAll(async () => {
    await work.close();
    await uninstall();
  });
  return { place, open: () => work };
}
