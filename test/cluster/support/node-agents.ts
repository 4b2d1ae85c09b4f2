/** The agents on every node, of which a cluster has but one set: who tests with them waits for those of another run. */
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  agentNamespace,
  agentPort,
  agentSelector,
  audienceOf,
  clientAccount,
  parseAnswer,
  requestLine,
  type SessionAnswer,
} from '../../../plugins/devsync/wire/node-agent.ts';
import { readLine } from '../../../plugins/devsync/wire/read-line.ts';
import { SharedLine } from '../../../plugins/devsync/wire/shared-line.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import { isMet } from '../../../src/kube/api/conditions.ts';
import { namespaces, pods } from '../../../src/kube/api/resources.ts';
import { portForward } from '../../../src/kube/streams/portforward.ts';
import { selectorOf } from '../../../src/tasks/names.ts';
import { eventuallySees } from '../../support/eventually.ts';
import { contextA } from './contexts.ts';
import { kubectl, plugin } from './kubectl.ts';

/** Another run takes a minute or two; what one has left that was killed is taken over. */
const longestRun = 150_000;

/** Resolves when no other run has agents. */
export async function noAgents(kube: KubeClient): Promise<void> {
  const end = performance.now() + longestRun;
  while (performance.now() < end && (await kube.find(namespaces, { name: agentNamespace }))) await sleep(500);
}

/** Takes the agents away, and all that came with them. */
export async function uninstall(): Promise<string> {
  const { code, stderr, stdout } = await plugin('devsync', ['uninstall', '--yes', '--context', contextA]);
  if (code !== 0) throw new Error(`kubectl devsync uninstall ended with ${code}: ${stderr}`);
  return stdout;
}

export const agentPods = async (kube: KubeClient) =>
  (await kube.list(pods, { namespace: agentNamespace, labelSelector: selectorOf(agentSelector) })).items;

/** Deletes the agent of each node, and resolves once as many others are ready. */
export async function replaceAgents(kube: KubeClient): Promise<void> {
  const before = (await agentPods(kube)).map(({ metadata }) => metadata);
  for (const { name } of before)
    await kubectl(contextA, ['-n', agentNamespace, 'delete', 'pod', name, '--wait=false']);
  const gone = new Set(before.map(({ uid }) => uid));
  await eventuallySees(
    async () => (await agentPods(kube)).map((pod) => isMet(pod, 'Ready') && !gone.has(pod.metadata.uid)),
    (isOther) => isOther.length === before.length && isOther.every(Boolean),
  );
}

/** A container, as a caller names it to an agent. */
export interface Asked {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly containerId: string;
}

/** What the agent of a node says to this request. */
export async function ask(
  kube: KubeClient,
  node: string,
  token: string,
  asked: Asked,
): Promise<SessionAnswer> {
  const line = await lineTo(kube, node);
  try {
    line.write(requestLine({ token, ...asked }));
    return parseAnswer(await readLine(line, AbortSignal.timeout(20_000)));
  } finally {
    await ended(line);
  }
}

/** A request, with what is shown for it. */
export type Shown = Asked & { readonly token: string };

/** What the agent says to more requests on the line of a session that it has opened. */
export async function askFurther(
  kube: KubeClient,
  node: string,
  first: Shown,
  further: readonly Shown[],
): Promise<SessionAnswer[]> {
  const stream = await lineTo(kube, node);
  try {
    stream.write(requestLine({ ...first, shared: true }));
    const opened = parseAnswer(await readLine(stream, AbortSignal.timeout(20_000)));
    if (!opened.opened || !opened.shared) throw new Error(`it is not shared: ${JSON.stringify(opened)}`);
    const line = new SharedLine(stream);
    // What its session says is of no interest, but it must go on.
    const session = line.first().resume();
    const answers: SessionAnswer[] = [];
    for (const one of further) answers.push(parseAnswer(await line.open(requestLine(one)).answer));
    if (session.destroyed) throw new Error('the first session has ended');
    return answers;
  } finally {
    await ended(stream);
  }
}

async function lineTo(kube: KubeClient, node: string): Promise<Duplex> {
  const agent = (await agentPods(kube)).find(({ spec }) => spec.nodeName === node)?.metadata.name ?? '';
  return await portForward(kube, { namespace: agentNamespace, pod: agent, port: agentPort });
}

async function ended(line: Duplex): Promise<void> {
  line.destroy();
  if (!line.closed) await once(line, 'close');
}

/** A token of an account in a namespace, for the agent of a node or for somebody else. */
export const tokenFor = async (
  namespace: string,
  { account = clientAccount, audience }: { account?: string; audience?: string | undefined },
): Promise<string> =>
  (
    await kubectl(contextA, [
      ...['-n', namespace, 'create', 'token', account, '--duration', '10m'],
      ...(audience === undefined ? [] : ['--audience', audience]),
    ])
  ).trim();

export { agentNamespace, audienceOf };
