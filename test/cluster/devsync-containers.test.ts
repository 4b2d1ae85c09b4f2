/** kubectl devsync with the usual kinds of containers, both ways. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { namespaces } from '../../src/kube/api/resources.ts';
import { makePods, podOf } from './support/devsync.ts';
import { begin, expectSynced } from './support/devsync-kind-synced.ts';
import { strict, usualKinds } from './support/devsync-kinds.ts';
import { workplaces } from './support/workplaces.ts';

const { place, open } = workplaces();

// All of them at once: each takes seconds to begin, and waits most of the time.
beforeAll(() => makePods(place().namespace, ...usualKinds.map(({ name, spec }) => podOf(name, spec))));

describe('a container', () => {
  test.each(usualKinds.map((kind) => [kind.name, kind] as const))('%s', (_, kind) =>
    expectSynced(open(), kind),
  );

  test('with a read-only root, in a restricted namespace', async () => {
    const it = open();
    const { kube, namespace } = place();
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    await kube.patch(namespaces, { name: namespace }, { metadata: { labels } }, { type: 'merge' });
    try {
      await begin(it, strict);
      await it.sh('strict', 'printf "made there" >/work/there');
      await it.must('flush', 'strict');
      expect(it.read('there')).toBe('made there');
      expect(await it.sh('strict', 'cat /work/from-here/a')).toBe('made here');
      expect(await it.sh('strict', 'stat -c %u:%g /work/from-here/a')).toBe('1000:1000\n');
    } finally {
      const none = { 'pod-security.kubernetes.io/enforce': null };
      await kube.patch(namespaces, { name: namespace }, { metadata: { labels: none } }, { type: 'merge' });
    }
  });
});
