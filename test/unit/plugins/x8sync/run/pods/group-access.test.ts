import { expect, test } from '@jest/globals';
import {
  decideGroup,
  lookingPod,
  parseRoot,
} from '../../../../../../plugins/x8sync/run/pods/group-access.ts';
import { RefusedError } from '../../../../../../src/errors.ts';

const fresh = { uid: 0, gid: 0, mode: 0o755, entries: 0 };
const decide = (root: typeof fresh) => decideGroup(root, 2000, 'lab/shop/data');

test('an empty volume is given to the group', () => {
  expect(decide(fresh)).toEqual({ group: 2000, chown: true });
});

test('one that the group may write to already is left as it is, whatever it holds', () => {
  expect(decide({ ...fresh, gid: 2000, mode: 0o2775, entries: 7 })).toEqual({ group: 2000, chown: false });
});

test.each([
  ['of another group', { ...fresh, gid: 1000, mode: 0o2775, entries: 1 }],
  ['where the group may not write', { ...fresh, gid: 2000, mode: 0o750, entries: 1 }],
])('one that holds something, %s, is refused: its files would be rewritten', (_, root) => {
  expect(() => decide(root)).toThrow(RefusedError);
  expect(() => decide(root)).toThrow(/holds 1 entry.*rewrite/);
});

test('what the looking pod says is read, and nothing else is taken for it', () => {
  expect(parseRoot('0 2000 2775 12\n')).toEqual({ uid: 0, gid: 2000, mode: 0o2775, entries: 12 });
  for (const text of ['', '0 0 755', 'find: permission denied', '0 0 999 1'])
    expect(() => parseRoot(text)).toThrow(/said/);
});

test('a container that a patch has put beside the mover does not look', () => {
  const sidecar = { name: 'sidecar', image: 'sidecar' };
  const patch = { spec: { containers: [sidecar, { name: 'mover', env: [{ name: 'TZ', value: 'UTC' }] }] } };
  const { spec } = lookingPod(
    { meta: { name: 'x8sync-db-target', namespace: 'shop' }, selector: {} },
    {
      ...{
        side: 'target',
        image: 'mover',
        privileges: 'user',
        claim: 'data',
        readOnly: false,
        command: ['copy'],
      },
      ...{ env: {}, identity: { uid: 1000, gid: 1000 }, options: { patches: [{ from: 'file', patch }] } },
    },
  );
  expect(spec.containers).toMatchObject([{ image: 'mover', env: [{ name: 'TZ' }] }]);
});
