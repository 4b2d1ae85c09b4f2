/** Every right that an agent has on its node is needed: with one less, sessions fail. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { agentCapabilities } from '../../plugins/devsync/node-agent/manifests.ts';
import { agentName } from '../../plugins/devsync/wire/node-agent.ts';
import { contextA } from '../cluster/support/contexts.ts';
import { forever, images, Workplace } from '../cluster/support/devsync.ts';
import { app } from '../cluster/support/devsync-kinds.ts';
import { kubectl } from '../cluster/support/kubectl.ts';
import { inNamespace } from '../cluster/support/namespace.ts';
import { agentNamespace, noAgents, uninstall } from '../cluster/support/node-agents.ts';
import { eventually } from '../support/eventually.ts';

jest.setTimeout(600_000);

const place = inNamespace('A');
let work: Workplace;
const pods = { root: {}, user: { securityContext: { runAsUser: 1000 } } };

beforeAll(async () => {
  work = new Workplace(place());
  await noAgents(place().kube);
  for (const [name, more] of Object.entries(pods))
    await work.pod(name, { containers: [app(images.plain, forever, more)] });
  await work.must('init', '--node-agent');
}, 240_000);
afterAll(async () => {
  await work.close();
  await uninstall();
}, 120_000);

const at = (...args: string[]) => kubectl(contextA, ['-n', agentNamespace, ...args]);

/** Gives the agents this pod, and waits until they run as it. */
async function patchPod(spec: object): Promise<void> {
  const patch = JSON.stringify({ spec: { template: { spec } } });
  await at('patch', 'daemonset', agentName, '--type', 'strategic', '-p', patch);
  await at('rollout', 'status', 'daemonset', agentName, '--timeout=120s');
}

const container = (securityContext: object) => ({ containers: [{ name: 'agent', securityContext }] });
const with_ = (capabilities: readonly string[]) =>
  container({ capabilities: { drop: ['ALL'], add: capabilities } });

/** What the two containers' sessions say. */
async function plans(): Promise<string[]> {
  const look = async (pod: string) => {
    const { code, stderr } = await work.devsync(
      'plan',
      '--pod',
      pod,
      '--launcher',
      'node-agent',
      work.local,
      '/tmp',
    );
    return `${code} ${stderr}`;
  };
  return [await look('root'), await look('user')];
}

test('with all of them, both sessions work', async () => {
  expect(await plans()).toEqual([expect.stringMatching(/^0 /), expect.stringMatching(/^0 /)]);
});

const [without, before]: Record<string, object>[] = [
  {
    hostPID: { hostPID: false },
    'user 0': container({ runAsUser: 65532, runAsGroup: 65532 }),
    ...Object.fromEntries(
      agentCapabilities.map((one) => [one, with_(agentCapabilities.filter((other) => other !== one))]),
    ),
  },
  {
    hostPID: { hostPID: true },
    'user 0': container({ runAsUser: 0, runAsGroup: 0 }),
  },
];

test.each(Object.entries(without ?? {}))('without %s, they do not', async (right, spec) => {
  await patchPod(spec);
  try {
    const refused = expect.stringMatching(/^1 [\s\S]*node-agent: \S+ refuses \((Failed|NotFound)\): /);
    const said = await plans();
    expect(said).toContainEqual(refused);
  } finally {
    await patchPod(before?.[right] ?? with_(agentCapabilities));
  }
});

const refusedTwice = [
  expect.stringMatching(/^1 [\s\S]*refuses \(Failed\): /),
  expect.stringMatching(/^1 [\s\S]*refuses \(Failed\): /),
];

/** What an agent may ask the API server, by what it is about; each is in a role of its own kind. */
const asked = [
  ['tokenreviews', ['clusterrole', agentName]],
  ['subjectaccessreviews', ['clusterrole', agentName]],
  ['pods', ['role', agentName]],
] as const;

test.each(asked)('without the right to ask for %s, no session is opened', async (resource, role) => {
  const object = [...role, '-n', place().namespace];
  const { rules } = JSON.parse(await kubectl(contextA, ['get', ...object, '-o', 'json'])) as {
    rules: { resources: string[] }[];
  };
  const grant = (granted: object[]) =>
    kubectl(contextA, ['patch', ...object, '--type', 'merge', '-p', JSON.stringify({ rules: granted })]);
  await grant(rules.filter(({ resources }) => !resources.includes(resource)));
  try {
    await eventually(async () => expect(await plans()).toEqual(refusedTwice));
  } finally {
    await grant(rules);
  }
  await eventually(async () =>
    expect(await plans()).toEqual([expect.stringMatching(/^0 /), expect.stringMatching(/^0 /)]),
  );
});

test('in a namespace of another level than `privileged`, no agent is made', async () => {
  const level = (name: string) =>
    kubectl(contextA, [
      ...['label', 'namespace', agentNamespace, '--overwrite'],
      `pod-security.kubernetes.io/enforce=${name}`,
    ]);
  await level('baseline');
  try {
    await at('delete', 'pods', '--all', '--now');
    await eventually(async () =>
      expect(await at('get', 'events', '--field-selector', 'reason=FailedCreate')).toMatch(
        /violates PodSecurity "baseline/,
      ),
    );
    expect(await at('get', 'pods', '-o', 'name')).toBe('');
  } finally {
    await level('privileged');
    await at('rollout', 'restart', 'daemonset', agentName);
    await at('rollout', 'status', 'daemonset', agentName, '--timeout=300s');
  }
});

test('init waits for agents that cannot begin, and with --no-wait it does not', async () => {
  const init = (...options: string[]) =>
    work.devsync('init', '--node-agent', '--agent-image', 'x8s.dev/none:1', ...options);
  try {
    const { stderr } = await init('--no-wait');
    expect(stderr).toMatch(/DaemonSet \S+ configured/);
    expect(stderr).not.toMatch(/waiting for the agents/);
    const waited = await init('--wait-limit', '3s');
    expect([waited.code, waited.stderr]).toEqual([
      expect.any(Number),
      expect.stringMatching(/waiting for the agents of all nodes/),
    ]);
    expect(waited.code).not.toBe(0);
  } finally {
    await work.must('init', '--node-agent');
  }
});
