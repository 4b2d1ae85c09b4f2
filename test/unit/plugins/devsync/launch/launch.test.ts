/** Which launcher is tried after another: what a cluster refuses keeps one of them from working, and no more. */
import { afterEach, expect, test } from '@jest/globals';
import { launch } from '../../../../../plugins/devsync/launch/launch.ts';
import type { LaunchContext } from '../../../../../plugins/devsync/launch/launcher.ts';
import { systemClock } from '../../../../../src/clock.ts';
import type { X8sError } from '../../../../../src/errors.ts';
import type { RawRequest } from '../../../../../src/kube/api/client.ts';
import { apiError } from '../../../support/fake-cluster.ts';
import { type FakeStreamServer, fakeStreamServer } from '../../../support/fake-streams.ts';

let server: FakeStreamServer | undefined;
afterEach(() => server?.close());

interface Cluster {
  /** What it says to an exec; undefined: there is no node in the container. */
  readonly exec?: number;
  /** What it says to an ephemeral container. */
  readonly beside?: number;
  /** What it says to a list of agents; undefined: there are none. */
  readonly list?: number;
  /** The user has the rights, and admission is against it. */
  readonly mayAll?: boolean;
}

const noNode = { status: 'Failure', message: 'exec: "node": executable file not found in $PATH' };

/** An API server that answers with these codes: no real one can be made to say all of them. */
async function launchAt({ exec, beside = 403, list, mayAll = true }: Cluster) {
  const refuse = () =>
    exec === undefined ? undefined : ([exec, 'Refused', 'no exec here'] as [number, string, string]);
  server = await fakeStreamServer(
    (socket) => {
      socket.send(Buffer.concat([Buffer.from([3]), Buffer.from(JSON.stringify(noNode))]));
      socket.close(1000);
    },
    { refuse },
  );
  let patches = 0;
  const kube = Object.assign(server.kube, {
    patch: async () => {
      patches++;
      throw apiError(beside, 'no such container here');
    },
    list: async () => {
      if (list !== undefined) throw apiError(list, 'no list here');
      return { resourceVersion: '1', items: [] };
    },
    request: async ({ path }: RawRequest) => {
      if (path.endsWith('selfsubjectrulesreviews')) return { status: {} };
      return { status: { allowed: mayAll } };
    },
  });
  const pod = { metadata: { name: 'web-0' }, spec: { nodeName: 'n1', containers: [{ name: 'app' }] } };
  const target = { namespace: 'shop', pod, container: 'app', containerId: 'c', imageId: 'i' };
  const { signal } = new AbortController();
  const common = { bundle: '', image: '', clock: systemClock, helloLimit: 200, signal, onDetail: () => {} };
  const error = await launch('auto', { ...common, kube, target } as unknown as LaunchContext).then(
    () => undefined,
    (reason: X8sError) => reason,
  );
  return { error, patches };
}

test.each([400, 403, 413, 422])(
  'where the cluster answers an ephemeral container with %i, the agent of the node is next',
  async (code) => {
    const { error } = await launchAt({ beside: code });
    expect(error?.details).toEqual([
      'exec: there is no node in the container',
      expect.stringMatching(
        /^ephemeral: ephemeral containers are refused: the cluster refuses to patch pods\/ephemeralcontainers "web-0" in namespace "shop": .*no such container here$/,
      ),
      expect.stringMatching(/^node-agent: node n1 has no agent/),
    ]);
  },
);

test.each([409, 500])('an answer of %i is no verdict on ephemeral containers', async (code) => {
  const { error } = await launchAt({ beside: code });
  expect(error).toMatchObject({ code, name: 'ApiError' });
});

test('a cluster that has no ephemeral containers has other launchers', async () => {
  const { error } = await launchAt({ beside: 404 });
  expect(error?.details[1]).toMatch(/^ephemeral: ephemeral containers are refused: .*no such container here/);
  expect(error?.details[2]).toMatch(/^node-agent: /);
});

test.each([400, 403, 422])(
  'where it answers an exec with %i, no container is added, and the agent of the node is next',
  async (code) => {
    const { error, patches } = await launchAt({ exec: code });
    expect(patches).toBe(0);
    expect(error?.details).toEqual([
      expect.stringMatching(/^exec: the cluster refuses to create pods\/exec "web-0" .*no exec here/),
      'ephemeral: an agent beside the container is started by an exec, too',
      expect.stringMatching(/^node-agent: node n1 has no agent/),
    ]);
  },
);

test('an exec that the server cannot do now is tried again later', async () => {
  const { error, patches } = await launchAt({ exec: 503 });
  expect([patches, error]).toEqual([0, expect.objectContaining({ code: 503 })]);
});

test('who lacks every right is told of each, and that it is a matter of rights', async () => {
  const { error } = await launchAt({ exec: 403, list: 403, mayAll: false });
  expect([error?.exitCode, error?.details]).toEqual([
    4,
    [
      'exec: you may not create pods/exec "web-0" in namespace "shop"',
      'ephemeral: an agent beside the container is started by an exec, too',
      'node-agent: you may not list pods in namespace "x8s-devsync"',
    ],
  ]);
});

test('who lacks one right is told of it, and of what else is not there', async () => {
  const { error } = await launchAt({ mayAll: false });
  expect(error?.exitCode).toBe(1);
  expect(error?.details[1]).toMatch(/refused: you may not patch pods\/ephemeralcontainers "web-0"/);
});
