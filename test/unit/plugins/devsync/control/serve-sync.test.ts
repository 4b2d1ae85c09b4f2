import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { serveSync } from '../../../../../plugins/devsync/control/serve-sync.ts';
import { askControl } from '../../../../../plugins/devsync/control/socket.ts';
import { SpecStore } from '../../../../../plugins/devsync/spec/spec-store.ts';
import { Workstation } from '../../../../../plugins/devsync/spec/workstation.ts';
import { rootIdOf } from '../../../../../plugins/devsync/sync/metadata/metadata-folder.ts';
import { systemClock } from '../../../../../src/clock.ts';
import { InterruptedError } from '../../../../../src/errors.ts';
import { fakeKube } from '../../../support/fake-kube.ts';
import { specOf } from '../support/specs.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'devsync-serve-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Runs a sync whose pod is not there, until it is ended in one way or the other. */
async function served(
  end: (abort: AbortController, socket: string) => unknown,
  change: (local: string, state: string) => void = () => {},
): Promise<void> {
  const kube = fakeKube();
  const workstation = new Workstation(join(folder, 'state'), 'linux');
  const local = join(folder, 'local');
  mkdirSync(local);
  const abort = new AbortController();
  const { signal } = abort;
  const spec = specOf(local, '/app', workstation.id);
  const specs = new SpecStore(kube, workstation, systemClock);
  const sync = await specs.create({ name: 'web', namespace: 'shop', spec, allowOverlap: false, signal });
  change(local, join(folder, 'state'));
  const onLog = () => void end(abort, workstation.socketOf(sync.uid));
  const common = { kube, sync, workstation, bundle: '', image: '', clock: systemClock, signal };
  await serveSync({ ...common, onLog });
}

test('who is interrupted is not told that it is done', async () => {
  const reason = new InterruptedError('SIGINT');
  await expect(served((abort) => abort.abort(reason))).rejects.toBe(reason);
});

test('who is asked to stop is done', async () => {
  await served((_, socket) => askControl(socket, 'stop', {}, { signal: AbortSignal.timeout(20_000) }));
});

test.each([
  ['known here no more', (_: string, state: string) => rmSync(join(state, 'roots'), { recursive: true })],
  [
    'exchanged for another one',
    (local: string, state: string) => {
      rmSync(local, { recursive: true });
      mkdirSync(local);
      rootIdOf(local, new Workstation(state, 'linux').metadataCandidatesFor(local));
    },
  ],
])('a directory that was %s is not taken for the one that the sync was made with', async (_, change) => {
  await expect(served((abort) => abort.abort(), change)).rejects.toThrow(
    /local is not the directory that the sync web was made with/,
  );
});
