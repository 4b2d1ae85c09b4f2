import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { SyncGroup } from '../../../../../../plugins/devsync/session/group/sync-group.ts';
import { systemClock } from '../../../../../../src/clock.ts';
import type { Pod } from '../../../../../../src/kube/api/objects.ts';
import { pods } from '../../../../../../src/kube/api/resources.ts';
import { eventually } from '../../../../../support/eventually.ts';
import { fakeKube } from '../../../../support/fake-kube.ts';
import { pod } from '../../support/group-pods.ts';
import { specOf } from '../../support/specs.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'devsync-group-'));
  mkdirSync(join(folder, 'local'));
  mkdirSync(join(folder, 'state'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Runs a group, as a watch does, until it has said this. Resolves with all that it has said. */
async function watchUntil(said: RegExp, kube: ReturnType<typeof fakeKube>): Promise<readonly string[]> {
  const lines: string[] = [];
  const stop = new AbortController();
  const target = { selector: 'app=web', container: 'app', everyPod: true } as const;
  const group = new SyncGroup({
    kube,
    namespace: 'shop',
    name: 'web',
    spec: { ...specOf(join(folder, 'local'), '/work'), target },
    folder: join(folder, 'state'),
    stateFolder: folder,
    metadataCandidates: [join(folder, 'kept')],
    bundle: '',
    image: '',
    clock: systemClock,
    signal: stop.signal,
    onLog: (line) => lines.push(line),
  });
  const running = group.run();
  try {
    await eventually(() => expect(lines).toContainEqual(expect.stringMatching(said)));
  } finally {
    stop.abort();
    await running;
  }
  return lines;
}

/** A cluster with these pods in it, and the uids that it has given them. */
async function clusterOf(...made: readonly Pod[]) {
  const kube = fakeKube();
  for (const one of made) await kube.create(pods, one);
  const becomes = async (name: string, next: Pod) => {
    const { metadata } = await kube.get(pods, { namespace: 'shop', name });
    await kube.replace(pods, { ...next, metadata });
  };
  return { kube, becomes };
}

test('the next watch goes on with the writer of the last one, though an older pod is Ready by now', async () => {
  const { kube, becomes } = await clusterOf(pod(1, { ready: false }), pod(2));
  await watchUntil(/^pod web-2, .* writes back$/, kube);
  await becomes('web-1', pod(1));
  await watchUntil(/^pod web-2, .* writes back$/, kube);
});

test('where the writer of the last watch is gone, another one takes over and is remembered', async () => {
  const { kube, becomes } = await clusterOf(pod(1, { ready: false }), pod(2), pod(3));
  await watchUntil(/^pod web-2, .* writes back$/, kube);
  await kube.delete(pods, { namespace: 'shop', name: 'web-2' });
  await watchUntil(/^pod web-3, .* writes back$/, kube);
  await becomes('web-1', pod(1));
  await watchUntil(/^pod web-3, .* writes back$/, kube);
});

test.each([
  ['rubbish', (file: string) => writeFileSync(file, '{"uid":7}'), /^pod web-1, .* writes back$/],
  [
    'a directory',
    (file: string) => {
      rmSync(file);
      mkdirSync(file);
    },
    /^which container writes back cannot be read .* was moved to .*writer\.unreadable$/,
  ],
])('%s in the place of what is remembered is no end', async (_, spoil, said) => {
  const { kube, becomes } = await clusterOf(pod(1, { ready: false }), pod(2));
  await watchUntil(/^pod web-2, .* writes back$/, kube);
  await becomes('web-1', pod(1));
  expect(readdirSync(join(folder, 'state'))).toContain('writer');
  spoil(join(folder, 'state', 'writer'));
  await watchUntil(said, kube);
});

test('where it cannot be noted, that is said, and the sync goes on', async () => {
  const { kube } = await clusterOf(pod(1));
  rmSync(join(folder, 'state'), { recursive: true });
  const lines = await watchUntil(/^pod web-1, .* writes back$/, kube);
  expect(lines).toContainEqual(
    expect.stringMatching(/^that pod web-1 writes back cannot be noted \(.*ENOENT.*\); the next watch may /),
  );
});
