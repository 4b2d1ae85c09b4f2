import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import type { WebSocket } from 'ws';
import { agentLaunch } from '../../../../../plugins/devsync/agent/loader.ts';
import { launchByExec } from '../../../../../plugins/devsync/launch/exec.ts';
import { Declined, type LaunchContext } from '../../../../../plugins/devsync/launch/launcher.ts';
import { systemClock } from '../../../../../src/clock.ts';
import { UnreachableError } from '../../../../../src/errors.ts';
import { type FakeStreamServer, fakeStreamServer } from '../../../support/fake-streams.ts';

let server: FakeStreamServer | undefined;
afterEach(() => server?.close());

async function launchWith(serve: (socket: WebSocket) => void) {
  server = await fakeStreamServer(serve);
  const pod = { metadata: { name: 'web-0' }, spec: { containers: [{ name: 'app' }] } };
  const target = { namespace: 'shop', pod, container: 'app', containerId: 'c', imageId: 'i' };
  const { signal } = new AbortController();
  const common = { bundle: '', image: '', clock: systemClock, helloLimit: 200, signal, onDetail: () => {} };
  return await launchByExec({ ...common, kube: server.kube, target } as unknown as LaunchContext);
}

test('a container without a node declines', async () => {
  const status = { status: 'Failure', message: 'exec: "node": executable file not found in $PATH' };
  const failed = launchWith((socket) => {
    socket.send(Buffer.concat([Buffer.from([3]), Buffer.from(JSON.stringify(status))]));
    socket.close(1000);
  });
  await expect(failed).rejects.toThrow(new Declined('there is no node in the container'));
});

test('a connection that breaks says nothing about the container', async () => {
  await expect(launchWith((socket) => socket.terminate())).rejects.toThrow(UnreachableError);
});

test('an agent that is not heard of in time is no container without a node', async () => {
  const failed = launchWith(() => {});
  await expect(failed).rejects.toThrow(Declined);
  await expect(failed).rejects.toThrow(
    /^nothing was heard of the agent for 0.2 s: the cluster, .* may be slow$/,
  );
});

test('a node that is too old says so, and is no node at all', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'old-node-'));
  try {
    const old = `const v='18.19.0';Object.defineProperty(process,'version',{value:'v'+v});Object.defineProperty(process,'versions',{value:{...process.versions,node:v}})`;
    writeFileSync(join(folder, 'old.js'), old);
    const [, ...args] = agentLaunch('exports.start=()=>{}').command;
    const ended = spawnSync(process.execPath, ['--require', join(folder, 'old.js'), ...args], {
      encoding: 'utf8',
    });
    const words = 'node v18.19.0 in the container is older than 20';
    expect([ended.status, ended.stderr]).toEqual([71, `${words}\n`]);
    const cause = { reason: 'ExitCode', message: '71' };
    const status = { status: 'Failure', reason: 'NonZeroExitCode', details: { causes: [cause] } };
    const failed = launchWith((socket) => {
      socket.send(Buffer.concat([Buffer.from([2]), Buffer.from(ended.stderr)]));
      socket.send(Buffer.concat([Buffer.from([3]), Buffer.from(JSON.stringify(status))]));
      socket.close(1000);
    });
    await expect(failed).rejects.toThrow(new Declined(words));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
