/** What the commands that work on two claims have in common. */
import type { KubeCommandContext } from '../../../../src/cli/kube-command.ts';
import { option } from '../../../../src/cli/options.ts';
import { messageOf, X8sError } from '../../../../src/errors.ts';
import { isNotFound } from '../../../../src/kube/api/api-error.ts';
import type { ClaimRef } from '../../claims/claim.ts';
import { type ClaimArgument, parseClaim } from '../../claims/claim-ref.ts';
import { strategyNames } from '../../connect/strategy-names.ts';

export const strategyOption = () =>
  option.choices('--strategy', strategyNames, {
    value: 'NAME',
    description: `How the target reaches the source, in order of trying: ${strategyNames.join(', ')}.`,
  });

/** What --strategy was called before. */
export const formerStrategyOption = () =>
  option.choices('--way', strategyNames, { value: 'NAME', description: 'As --strategy.', hidden: true });

export const runAsOption = () =>
  option.text('--run-as', {
    value: 'UID[:GID]',
    description: 'Who the pods run as, instead of root or, where none is admitted, user 65532.',
  });

export const allowEmptyOption = () =>
  option.flag('--allow-empty', {
    description:
      'Go on where the source is empty, or patterns leave out all of it; otherwise that is refused.',
  });

export const imageOption = () =>
  option.text('--image', {
    value: 'IMAGE',
    description: 'Image of the pods at both ends.',
    env: 'X8SYNC_IMAGE',
  });

export const timeoutOption = () =>
  option.duration('--timeout', {
    default: 300_000,
    description:
      'How long to wait for a pod, an address or a deletion, 0 for no limit; the copying itself has none.',
  });

/** The claim that an argument names, in its cluster. */
export async function claimOf(
  { context, namespace: own, claim }: ClaimArgument,
  kube: KubeCommandContext['kube'],
  otherwise: string | undefined,
): Promise<ClaimRef> {
  const client = await kube(context);
  return { kube: client, namespace: own ?? otherwise ?? client.cluster.namespace, claim };
}

/**
 * The error of two claims of which one does not exist: who named a context and a namespace meant something else.
 *
 * @param contexts names of the kubeconfig's contexts
 */
export async function asMeant(
  error: unknown,
  { source, target }: Readonly<Record<'source' | 'target', string | undefined>>,
  contexts: () => Promise<readonly string[]>,
): Promise<unknown> {
  if (!isNotFound(error)) return error;
  const parts = [source, target].map((text = '') => text.split('/')).filter(({ length }) => length === 2);
  const known = parts.length > 0 ? await contexts() : [];
  const named = parts.find(([first = '']) => known.includes(first));
  if (!named) return error;
  const [context = '', namespace = ''] = named;
  return new X8sError(messageOf(error), {
    hint: `${context} is a context, and was taken for a namespace: ${context}/${namespace}/CLAIM names a claim there, --all copies all of namespace ${namespace}`,
    cause: error,
  });
}

/** The two claims of a command that names both. */
export async function pairOf(
  {
    source,
    target,
    namespace,
  }: Readonly<Record<'source' | 'target', string>> & {
    readonly namespace: string | undefined;
  },
  { kube }: KubeCommandContext,
): Promise<Record<'source' | 'target', ClaimRef>> {
  const [from, to] = [parseClaim(source, 'SOURCE'), parseClaim(target, 'TARGET')];
  const [a, b] = await Promise.all([claimOf(from, kube, namespace), claimOf(to, kube, namespace)]);
  return { source: a, target: b };
}
