import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { SyncGroup } from '../../../../../../plugins/devsync/session/group/sync-group.ts';
import type { TargetSpec } from '../../../../../../plugins/devsync/spec/spec.ts';
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

const everyPod: TargetSpec = { selector: 'app=web', container: 'app', everyPod: true };

/** Runs a group, as a watch does, until it has said this. Resolves with all that it has said. */
async function watchUntil(
  said: RegExp,
  kube: ReturnType<typeof fakeKube>,
  { remote = '/work', target = everyPod, onSaid = (_: SyncGroup) => {} } = {},
): Promise<readonly string[]> {
  const lines: string[] = [];
  const stop = new AbortController();
  const group = new SyncGroup({
    kube,
    namespace: 'shop',
    name: 'web',
    spec: { ...specOf(join(folder, 'local'), remote), target },
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
    onSaid(group);
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

test('a container whose REMOTE lies within that of another one is left out, and that is a problem which the log tells', async () => {
  const { kube } = await clusterOf(pod(1, { subPaths: { app: 'one', proxy: 'one/inner' } }));
  const target = { ...everyPod, containers: ['app', 'proxy'] };
  const why =
    'container proxy is left out: its REMOTE lies within that of web-1/app, on one volume, and files would be put into themselves; a sync can be with one of them';
  const onSaid = ({ state }: SyncGroup) => {
    expect(state.problems).toEqual([{ path: '', side: 'container', problem: `web-1: ${why}` }]);
    const problems = [{ path: '', side: 'container', problem: why }];
    const session = { pod: 'web-1', container: 'proxy', phase: 'watching', message: 'left out', problems };
    expect(state.sessions).toContainEqual(expect.objectContaining(session));
  };
  const lines = await watchUntil(/left out/, kube, { remote: '/data', target, onSaid });
  expect(lines).toContain(`pod web-1: ${why}`);
  expect(readdirSync(join(folder, 'state', 'sessions'))).toHaveLength(1);
});

test('a pause holds before anybody takes part, and until it is ended', async () => {
  const { kube } = await clusterOf();
  const phases: string[] = [];
  await watchUntil(/^there is no pod with app=web/, kube, {
    onSaid: (group) => {
      phases.push(group.state.phase);
      void group.pause();
      phases.push(group.state.phase);
    },
  });
  await watchUntil(/^there is no pod with app=web/, kube, {
    onSaid: (group) => {
      phases.push(group.state.phase);
      void group.resume(false);
      phases.push(group.state.phase);
    },
  });
  expect(phases).toEqual(['waiting', 'paused', 'paused', 'waiting']);
});
