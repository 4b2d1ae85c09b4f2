/** Who may have a session: what the API server answers decides, and nothing that the caller says. */
import { expect, test } from '@jest/globals';
import { authorize } from '../../../../../plugins/devsync/node-agent/authorize.ts';
import { audienceOf } from '../../../../../plugins/devsync/wire/node-agent.ts';
import type { KubeClient } from '../../../../../src/kube/api/client.ts';

const id = 'a17a65ad7ffdc6e612b1e1df5960339a3a7ba758a1a0e19e7eec92647293531e';
const containerId = `containerd://${id}`;
const request = { token: 'secret', namespace: 'shop', pod: 'web', container: 'app', containerId };
const user = { username: 'alice', uid: '7', groups: ['dev'], extra: { scope: ['x'] } };
const known = { authenticated: true, audiences: [audienceOf('n1')], user };
const pod = {
  metadata: { name: 'web', namespace: 'shop', uid: 'u1' },
  spec: { nodeName: 'n1', containers: [{ name: 'app' }] },
  status: { containerStatuses: [{ name: 'app', containerID: containerId, state: { running: {} } }] },
};

interface Answers {
  readonly token?: object;
  readonly allowed?: boolean;
  readonly pod?: object | undefined;
}

/** An API server that says what it is told, which no real one can be made to. */
function fakeKube(answers: Answers) {
  const asked: { path: string; body: { spec: unknown } }[] = [];
  const request = async (one: (typeof asked)[number]) => {
    asked.push(one);
    if (one.path.endsWith('/tokenreviews')) return { status: answers.token ?? known };
    return { status: { allowed: answers.allowed ?? true } };
  };
  const find = async () => ('pod' in answers ? answers.pod : pod);
  return { kube: { request, find } as unknown as KubeClient, asked };
}

const outcome = async (answers: Answers, change: object = {}) =>
  await authorize(fakeKube(answers).kube, 'n1', { ...request, ...change }, {}).catch(
    (error: { reason: string }) => error.reason,
  );

test('the user of the token is asked about, with all that is known of them', async () => {
  const { kube, asked } = fakeKube({});
  const permitted = await authorize(kube, 'n1', request, {});
  expect(permitted).toEqual({ user: 'alice', container: { uid: 'u1', id } });
  expect(asked.map(({ body }) => body.spec)).toEqual([
    { token: 'secret', audiences: [audienceOf('n1')] },
    {
      user: 'alice',
      uid: '7',
      groups: ['dev'],
      extra: { scope: ['x'] },
      resourceAttributes: {
        verb: 'create',
        group: '',
        version: 'v1',
        resource: 'pods',
        subresource: 'exec',
        namespace: 'shop',
        name: 'web',
      },
    },
  ]);
});

test.each<[string, object]>([
  ['is not known', { authenticated: false }],
  ['is for somebody else', { ...known, audiences: [audienceOf('n2')] }],
  ['is reviewed by a server that knows nothing of audiences', { authenticated: true, user }],
  ['is of nobody', { ...known, user: {} }],
])('a token that %s is refused', async (_, token) => {
  expect(await outcome({ token })).toBe('Unauthenticated');
});

test('a user who may not exec is refused, and told nothing of the pod', async () => {
  expect(await outcome({ allowed: false, pod: undefined })).toBe('Forbidden');
});

test.each<[string, Answers, object]>([
  ['a pod that is not there', { pod: undefined }, {}],
  ['a pod of another node', { pod: { ...pod, spec: { ...pod.spec, nodeName: 'n2' } } }, {}],
  ['a container of another name', {}, { container: 'side' }],
  ['the container of another pod', {}, { containerId: containerId.replace('a1', 'b2') }],
  ['an id that is none', {}, { containerId: '../../etc' }],
])('%s is not found', async (_, answers, change) => {
  expect(await outcome(answers, change)).toBe('NotFound');
});
