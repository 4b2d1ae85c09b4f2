/** Which of the ephemeral containers that earlier runs have left is used again. */
import { describe, expect, test } from '@jest/globals';
import { runningAs } from '../../../../../plugins/devsync/launch/ephemeral.ts';
import type { User } from '../../../../../plugins/devsync/launch/security.ts';
import type { Pod } from '../../../../../src/kube/api/objects.ts';

interface Left {
  readonly name: string;
  readonly user?: { readonly runAsUser?: number; readonly runAsGroup?: number };
  readonly container?: string;
  readonly image?: string;
  readonly isOver?: boolean;
}

/** The name of the one that is used, among those that were left. */
function used(user: User | undefined, ...left: Left[]): string | undefined {
  const pod = {
    metadata: { name: 'web-0' },
    spec: {
      containers: [{ name: 'app' }, { name: 'other' }],
      ephemeralContainers: left.map(
        ({ name, user: securityContext, container = 'app', image = 'agent:1' }) => ({
          name,
          image,
          targetContainerName: container,
          securityContext,
        }),
      ),
    },
    status: {
      ephemeralContainerStatuses: left.map(({ name, isOver }) => ({
        name,
        state: isOver ? { terminated: {} } : { running: {} },
      })),
    },
  } as unknown as Pod;
  const target = { namespace: 'default', pod, container: 'app', containerId: '', imageId: '' };
  return runningAs({ target, image: 'agent:1' }, user);
}

const as = (name: string, runAsUser?: number, runAsGroup?: number): Left => ({
  name: `devsync-agent-${name}`,
  user: { ...(runAsUser !== undefined && { runAsUser }), ...(runAsGroup !== undefined && { runAsGroup }) },
});

describe('an agent beside the container', () => {
  const wrong = as('wrong', 1234, 99);

  test.each<[string, User | undefined, string | undefined]>([
    ['the same user and group', { uid: 1234, gid: 99 }, wrong.name],
    ['another group', { uid: 1234, gid: 1234 }, undefined],
    ['no group', { uid: 1234, gid: undefined }, undefined],
    ['another user', { uid: 0, gid: 99 }, undefined],
    ['the image’s user', undefined, undefined],
  ])('as 1234:99 is used again for %s only', (_what, user, name) => {
    expect(used(user, wrong)).toBe(name);
  });

  test('without a group is not used where one is wanted', () => {
    expect(used({ uid: 1234, gid: 99 }, as('plain', 1234))).toBeUndefined();
    expect(used({ uid: 1234, gid: undefined }, wrong, as('plain', 1234))).toBe('devsync-agent-plain');
    expect(used(undefined, wrong, as('image'))).toBe('devsync-agent-image');
  });

  test('is ours, runs, is of this version, and for this container', () => {
    const user = { uid: 5, gid: undefined };
    expect(used(user, as('one', 5))).toBe('devsync-agent-one');
    for (const other of [
      { name: 'debugger' },
      { isOver: true },
      { image: 'agent:0' },
      { container: 'other' },
    ])
      expect(used(user, { ...as('one', 5), ...other })).toBeUndefined();
  });
});
