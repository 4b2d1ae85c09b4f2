/** The agents on every node: what they make, whom they let in, and that a session is nothing more than its container. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { containerStatus } from '../../plugins/devsync/launch/containers.ts';
import { healthPort } from '../../plugins/devsync/node-agent/manifests.ts';
import { agentName, agentPort } from '../../plugins/devsync/wire/node-agent.ts';
import { namespaces, pods } from '../../src/kube/api/resources.ts';
import { eventually, eventuallySees } from '../support/eventually.ts';
import { agentsPlace } from './support/agents-place.ts';
import { expectSyncedByAgents } from './support/agents-synced.ts';
import { get } from './support/clients.ts';
import { fewByNode } from './support/confined.ts';
import { contextA } from './support/contexts.ts';
import { forever, images, makePods, podOf, Workplace } from './support/devsync.ts';
import { app } from './support/devsync-kinds.ts';
import { environment, kubectl, kubectlBinary } from './support/kubectl.ts';
import { kubeconfigOf, Person } from './support/limited.ts';
import { inNamespace } from './support/namespace.ts';
import {
  type Asked,
  agentNamespace,
  agentPods,
  ask,
  askFurther,
  audienceOf,
  tokenFor,
  uninstall,
} from './support/node-agents.ts';
import { run } from './support/process.ts';

const { place, open } = agentsPlace(fewByNode);
/** In which nobody may use agents. */
const elsewhere = inNamespace('A');
let work: Workplace;
let folder: string;

beforeAll(async () => {
  work = open();
  folder = mkdtempSync(join(tmpdir(), 'devsync-people-'));
  await makePods(elsewhere().namespace, podOf('far', { containers: [app(images.plain, forever)] }));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('init makes them and waits until they are ready; once more, it changes nothing', async () => {
  const nodes = (await get(contextA, agentNamespace, 'nodes')).length;
  await expectNoneMade();
  const first = await work.devsync('init', '--node-agent');
  expect([first.code, first.stderr]).toEqual([0, expect.stringMatching(/DaemonSet \S+ created/)]);
  expect(first.stderr).toMatch(/waiting for the agents of all nodes: \d of \d are ready/);
  expect(first.stdout).toMatch(`the agents of ${nodes} of ${nodes} nodes are ready, version `);
  const again = await work.devsync('init', '--node-agent', '--no-wait');
  expect(again.stderr).not.toMatch(/created|configured/);
  expect(await work.must('upgrade')).toMatch(/have version \S+, as before\. They are ready on/);
  const found = JSON.parse((await work.devsync('doctor', '-o', 'json')).stdout) as { check: string }[];
  expect(found.map(({ check }) => check)).toContain('node agents');
});

/** Nothing is made by who may not. */
async function expectNoneMade(): Promise<void> {
  const person = new Person();
  await person.mayAllIn(place().kube, place().namespace);
  const limited = new Workplace(place());
  limited.kubeconfig = person.kubeconfigFor(contextA, join(folder, person.name), contextA);
  try {
    const refused = await limited.devsync('init', '--node-agent');
    expect([refused.code, refused.stderr]).toEqual([
      4,
      expect.stringMatching(/namespaces? "x8s-devsync"|clusterroles/),
    ]);
  } finally {
    await limited.close();
    await person.forget();
  }
}

describe('by the agent of its node, a container', () => {
  test('is synced both ways, with nothing added to its pod', () => expectSyncedByAgents(work, fewByNode));

  test('that its user cannot write to is told of, by whose it is', async () => {
    const { code, stderr } = await work.devsync(
      ...['plan', '--pod', 'grouped', '--launcher', 'node-agent', work.local, '/etc'],
    );
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(
        /REMOTE \/etc cannot be written to .*: \/etc belongs to 0:0 \(mode 0755\), and the agent runs as 1000:/,
      ),
    ]);
  });
});

describe('who may have a session', () => {
  const people: Person[] = [];
  afterAll(async () => {
    for (const person of people) await person.forget();
  });

  const look = ['get', 'list', 'watch'];
  const seesPods = { apiGroups: [''], resources: ['pods'], verbs: look };
  const getsTokens = { apiGroups: [''], resources: ['serviceaccounts/token'], verbs: ['create'] };
  const forwards = { apiGroups: [''], resources: ['pods/portforward'], verbs: ['get', 'create'] };

  /** `plan` says this to somebody once the API server heeds what they were given just now. */
  const planSays = (person: Person, words: string | RegExp) =>
    eventually(async () => expect(await planAs(person)).toMatch(words));

  async function planAs(person: Person): Promise<string> {
    people.push(person);
    const file = person.kubeconfigFor(contextA, join(folder, person.name), contextA);
    const asPerson = new Workplace(place());
    asPerson.kubeconfig = file;
    try {
      const { code, stderr } = await asPerson.devsync(
        ...['plan', '--pod', 'plain', '--launcher', 'node-agent', asPerson.local, '/work'],
      );
      return `${code} ${stderr}`;
    } finally {
      await asPerson.close();
    }
  }

  test('the right that a user lacks is named; with all three it is opened', async () => {
    const { kube } = place();
    const bound = new Person();
    await bound.mayAllIn(kube, place().namespace);
    await planSays(bound, `you may not list pods in namespace "${agentNamespace}"`);
    const role = ['--role', 'devsync-node-agent-user', '--user', bound.name];
    await kubectl(contextA, ['-n', agentNamespace, 'create', 'rolebinding', bound.name, ...role]);
    await planSays(bound, /^0 /);
    const exact = new Person();
    const roles = await work.must('rbac', '--launcher', 'node-agent', '--subject', `user:${exact.name}`);
    await kubectl(contextA, ['apply', '-f', '-'], roles);
    await planSays(exact, /^0 /);
    // Root on the node is for nobody of them.
    const [agent = ''] = (await agentPods(kube)).map(({ metadata }) => metadata.name);
    // kubectl itself gives up sooner: it asks for the pod first, which none of them may get.
    const path = `/api/v1/namespaces/${agentNamespace}/pods/${agent}/exec?command=true&stdout=true`;
    const exec = ['create', '--raw', path, '-f', '/dev/null'];
    const told = async (file: string) =>
      (await run(kubectlBinary, exec, { env: { ...environment, KUBECONFIG: file } })).stderr;
    for (const { name } of [bound, exact])
      expect(await told(join(folder, name))).toMatch(/cannot create resource "pods\/exec"/);
    const administrator = kubeconfigOf(contextA, join(folder, 'administrator'), 'administrator');
    expect(await told(administrator)).toMatch(/Upgrade request required/);
    const noToken = new Person();
    await noToken.may(kube, [seesPods, forwards]);
    await planSays(noToken, /you may not create serviceaccounts\/token "devsync-node-agent-client"/);
    const noForward = new Person();
    await noForward.may(kube, [seesPods, getsTokens]);
    await planSays(noForward, `you may not create pods/portforward in namespace "${agentNamespace}"`);
  });

  test('the agent refuses who reaches its port and shows no right', async () => {
    const { kube, namespace } = place();
    const pod = async (name: string, where = namespace) => {
      const found = await kube.get(pods, { namespace: where, name });
      const containerId = containerStatus(found, 'app')?.containerID ?? '';
      const asked: Asked = { namespace: where, pod: name, container: 'app', containerId };
      return { node: found.spec.nodeName ?? '', asked };
    };
    const { node, asked } = await pod('plain');
    const said = async (token: string, change: Partial<Asked> = {}, at = node) => {
      const answer = await ask(kube, at, token, { ...asked, ...change });
      return answer.opened ? 'opened' : answer.reason;
    };
    const forAgent = { audience: audienceOf(node) };
    const good = await tokenFor(namespace, forAgent);
    expect(await said(good)).toBe('opened');
    expect(await said('')).toBe('Unauthenticated');
    expect(await said(await tokenFor(namespace, {}))).toBe('Unauthenticated');
    expect(await said(await tokenFor(namespace, { audience: audienceOf('another') }))).toBe(
      'Unauthenticated',
    );
    // Any other account, which may do nothing.
    expect(await said(await tokenFor(namespace, { account: 'default', ...forAgent }))).toBe('Forbidden');
    // One that may exec into one pod of this namespace, and into no other.
    const one = 'may-exec-into-one';
    const role = ['--verb=create', '--resource=pods/exec', '--resource-name=hostile'];
    await work.kubectl('create', 'serviceaccount', one);
    await work.kubectl('create', 'role', one, ...role);
    await work.kubectl(
      ...['create', 'rolebinding', one, `--role=${one}`],
      `--serviceaccount=${namespace}:${one}`,
    );
    const [hostilePod, limited] = [await pod('hostile'), { account: one }];
    const forHostile = { ...limited, audience: audienceOf(hostilePod.node) };
    const limitedToken = await tokenFor(namespace, forHostile);
    await eventually(async () =>
      expect(await said(limitedToken, hostilePod.asked, hostilePod.node)).toBe('opened'),
    );
    expect(await said(await tokenFor(namespace, { ...limited, ...forAgent }))).toBe('Forbidden');
    // The account of one namespace, and a pod of another one.
    const far = await pod('far', elsewhere().namespace);
    const farToken = await tokenFor(namespace, { audience: audienceOf(far.node) });
    expect(await said(farToken, far.asked, far.node)).toBe('Forbidden');
    // The container of another pod under the name of one's own.
    expect(await said(good, { containerId: hostilePod.asked.containerId })).toBe('NotFound');
    expect(await said(good, { pod: 'none' })).toBe('NotFound');
    // Whoever has a session gets no other one by it: each is looked at as if it were the first.
    const first = { token: good, ...asked };
    const answers = await askFurther(kube, node, first, [
      { ...first, token: '' },
      { ...first, token: await tokenFor(namespace, { account: 'default', ...forAgent }) },
      { ...first, ...far.asked },
      { ...first, containerId: hostilePod.asked.containerId },
      first,
    ]);
    expect(answers.map((answer) => (answer.opened ? 'opened' : answer.reason))).toEqual([
      'Unauthenticated',
      'Forbidden',
      'Forbidden',
      'NotFound',
      'opened',
    ]);
    const ofAgents = ['-n', agentNamespace, 'logs', '-l', `app.kubernetes.io/name=${agentName}`];
    const logs = await eventuallySees(
      () => kubectl(contextA, [...ofAgents, '--tail=-1']),
      (seen) => seen.includes(`has a session in container app of pod ${namespace}/plain, as 0:0`),
    );
    expect(logs).not.toMatch(good);
  });

  test('no other pod reaches its port', async () => {
    for (const { status } of await agentPods(place().kube)) {
      const dial = (port: number) => `timeout 5 bash -c ': </dev/tcp/${status?.podIP}/${port}' 2>&1; echo $?`;
      // What its kubelet asks for its health is reached in the same way.
      expect(await work.sh('plain', dial(healthPort))).toBe('0\n');
      expect(await work.sh('plain', dial(agentPort))).toMatch(/Connection refused.*\n1\n$/s);
    }
  });

  test('a namespace for which init was not called has none', async () => {
    const far = new Workplace(elsewhere());
    const { code, stderr } = await far.devsync(
      ...['plan', '--pod', 'far', '--launcher', 'node-agent', far.local, '/work'],
    );
    await far.close();
    expect([code, stderr]).toEqual([1, expect.stringMatching(/agents are not for namespace \S+ yet/)]);
  });
});

test('uninstall takes all of it away, and nothing else', async () => {
  expect(await uninstall()).toMatch(/are removed/);
  const kindsMade =
    'serviceaccounts,roles,rolebindings,clusterroles,clusterrolebindings,daemonsets,namespaces';
  const left = await kubectl(contextA, [
    ...['get', kindsMade, '-A', '-l', `app.kubernetes.io/name=${agentName}`, '-o', 'name'],
  ]);
  expect(left).toBe('');
  expect(await place().kube.find(namespaces, { name: place().namespace })).toBeDefined();
  expect(await uninstall()).toMatch(/There are no agents/);
});
