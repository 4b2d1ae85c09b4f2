/** The way to a gate: what the agent of a node is asked, and what is made of what it says. */
import { afterEach, expect, test } from '@jest/globals';
import type { WebSocket } from 'ws';
import { openStartupGate } from '../../../../../plugins/devsync/launch/startup-gate.ts';
import {
  answerLine,
  parseRequest,
  type SessionAnswer,
} from '../../../../../plugins/devsync/wire/node-agent.ts';
import type { KubeClient } from '../../../../../src/kube/api/client.ts';
import type { Pod } from '../../../../../src/kube/api/objects.ts';
import { eventually } from '../../../../support/eventually.ts';
import { type FakeStreamServer, fakeStreamServer } from '../../../support/fake-streams.ts';

let server: FakeStreamServer;
afterEach(() => server.close());

const id = 'a'.repeat(64);
const agent = { metadata: { name: 'agent-1' }, status: { conditions: [{ type: 'Ready', status: 'True' }] } };
const asked = {
  token: 'of-the-account',
  namespace: 'shop',
  pod: 'web',
  container: 'app',
  containerId: 'containerd://1',
};

/** An agent that answers so, and says more then. */
async function open(answer: SessionAnswer, ...news: object[]) {
  const got: string[] = [];
  let agentEnd: WebSocket | undefined;
  server = await fakeStreamServer((socket) => {
    agentEnd = socket;
    for (const channel of [0, 1]) socket.send(Buffer.from([channel, 8470 & 255, 8470 >> 8]));
    socket.on('message', (data: Buffer) => {
      got.push(data.toString('utf8', 1));
      if (got.length > 1) return;
      const lines = [answerLine(answer), ...news.map((one) => `${JSON.stringify(one)}\n`)];
      socket.send(`\0${lines.join('')}`);
    });
  });
  const answers = {
    list: async () => ({ items: [agent] }),
    create: async () => ({ status: { token: 'of-the-account' } }),
  };
  const pod: Pod = { metadata: { name: 'web' }, spec: { nodeName: 'node-1', containers: [{ name: 'app' }] } };
  const opened = openStartupGate({
    kube: { ...server.kube, ...answers } as unknown as KubeClient,
    target: { namespace: 'shop', pod, container: 'app', containerId: 'containerd://1', imageId: '' },
    signal: new AbortController().signal,
  });
  return { opened, got, hangUp: () => agentEnd?.terminate() };
}

test('the agent is asked for so many seconds, and what it holds is known', async () => {
  const { opened, got, hangUp } = await open({ opened: true, gate: true }, { looking: true }, { held: id });
  const gate = await opened;
  expect(parseRequest(got[0] ?? '')).toMatchObject({ ...asked, gate: gate.seconds });
  expect(await gate.untilHeld(`containerd://${id}`)).toBe(undefined);
  expect([gate.holds(`cri-o://${id}`), gate.holds('containerd://other')]).toEqual([true, false]);
  gate.letGo(`containerd://${id}`);
  gate.letGo('containerd://other');
  await eventually(() => expect(got.slice(1)).toEqual([`{"letGo":"${id}"}\n`]));
  expect(gate.holds(`containerd://${id}`)).toBe(false);
  hangUp();
  expect(await gate.ended).toBe('the line to the agent of the node ended');
  expect(await gate.untilHeld(`containerd://${id}`)).toBe('the line to the agent of the node ended');
});

test('of one whose program had begun before, that is known, and others may be held', async () => {
  const late = 'b'.repeat(64);
  const { opened } = await open({ opened: true, gate: true }, { late }, { held: id });
  const gate = await opened;
  expect(await gate.untilHeld(`containerd://${late}`)).toBe('the agent of the node was too late for it');
  expect(gate.holds(`containerd://${late}`)).toBe(false);
  expect(await gate.untilHeld(`containerd://${id}`)).toBe(undefined);
});

test('an older agent opens a session instead, which is ended', async () => {
  const { opened } = await open({ opened: true });
  await expect(opened).rejects.toThrow('the agent of node node-1 is of a version that holds nothing back');
});

test('a refusal is said', async () => {
  const { opened } = await open({ opened: false, reason: 'Forbidden', message: 'not you' });
  await expect(opened).rejects.toThrow('agent-1 refuses (Forbidden): not you');
});
