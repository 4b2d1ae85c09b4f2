/** A Deployment of three pods, all of which take part in one sync. */
import { expect } from '@jest/globals';
import { eventually } from '../../support/eventually.ts';
import { apply } from './clients.ts';
import { contextA } from './contexts.ts';
import { forever, images, type Seen, type Workplace } from './devsync.ts';

const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'many' },
  spec: {
    replicas: 3,
    selector: { matchLabels: { app: 'many' } },
    template: {
      metadata: { labels: { app: 'many' } },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [{ name: 'app', image: images.plain, command: forever }],
      },
    },
  },
};

/** All that take part. */
export const podsOf = ({ state }: Seen) => (state?.sessions ?? []).map(({ pod }) => pod);
/** The one that writes back. */
export const writerOf = ({ state }: Seen) =>
  state?.sessions?.find(({ role }) => role === 'writer')?.pod ?? '';

/** Makes them and the sync `many`, and runs that until each pod has what is here. */
export async function syncMany(it: Workplace) {
  it.write('a', 'one');
  it.write('deep/b', 'one');
  await apply(contextA, it.namespace, deployment);
  await it.kubectl('rollout', 'status', 'deployment/many', '--timeout=180s');
  const options = [
    '--pods',
    'all',
    '--reload-every',
    '0.5s',
    '--on-change',
    'a=exec:echo once >>/tmp/reloads',
  ];
  await it.must('create', '--name', 'many', '-l', 'app=many', ...options, it.local, '/work');
  await it.watch('many');
  const seen = await it.reaches('many', 'watching', (now) => podsOf(now).length === 3);
  const [writer, ...followers] = [writerOf(seen), ...podsOf(seen).filter((pod) => pod !== writerOf(seen))];
  const [one = ''] = followers;
  const role = (pod: string) => `${pod === writer ? 'writer' : 'follower'} ${pod}`;
  const everywhere = (path: string, content: string, pods = podsOf(seen)) =>
    eventually(async () => {
      for (const pod of pods)
        expect([role(pod), await it.sh(pod, `cat /work/${path}`)]).toEqual([role(pod), content]);
    });
  await everywhere('deep/b', 'one');
  return { writer, followers, one, pods: podsOf(seen), everywhere };
}
