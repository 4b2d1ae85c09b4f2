/** Candidates that come from the kubeconfig and from clusters. */
import type { KubeObject } from '../kube/api/objects.ts';
import { namespaces, type Resource } from '../kube/api/resources.ts';
import type { Candidate, Completer } from './declarations.ts';

const asCandidates = (values: readonly string[]): Candidate[] => values.map((value) => ({ value }));

/** Contexts of the kubeconfig. */
export const contextNames: Completer = async (request) => asCandidates(await request.contexts());

/** Namespaces of the cluster that the command line chooses. */
export const namespaceNames: Completer = async (request) =>
  asCandidates(await namesIn(request, namespaces, undefined, undefined));

type Request = Parameters<Completer>[0];

/** Names of one resource in the namespace of the command line, or of the context. */
export function resourceNames<T extends KubeObject>(
  resource: Resource<T>,
  filter: { labelSelector?: string; nameOf?: (object: T) => string | undefined } = {},
): Completer {
  const nameOf = filter.nameOf ?? ((object: T) => object.metadata.name);
  return async (request) => {
    const kube = await request.kube();
    const namespace = request.optionValue('--namespace') ?? kube.cluster.namespace;
    const { labelSelector } = filter;
    const { items } = await kube.list(resource, { namespace, labelSelector, signal: request.signal });
    return asCandidates([...new Set(items.flatMap((item) => nameOf(item) ?? []))]);
  };
}

/**
 * `context/namespace/name` of one resource, a part at a time, and `name` alone in the current namespace.
 * Context names may hold slashes themselves: the longest context that the word begins with is taken.
 */
export function objectPaths<T extends KubeObject>(resource: Resource<T>): Completer {
  return async (request) => {
    const contexts = await request.contexts();
    const context = contexts
      .filter((name) => request.word.startsWith(`${name}/`))
      .sort((a, b) => b.length - a.length)[0];
    if (context === undefined) {
      const local = request.word.includes('/') ? [] : await resourceNames(resource)(request).catch(() => []);
      return [...contexts.map((name) => ({ value: `${name}/`, continues: true })), ...local];
    }
    const [namespace, name] = request.word.slice(context.length + 1).split('/');
    if (name === undefined) {
      const names = await namesIn(request, namespaces, context, undefined);
      return names.map((value) => ({ value: `${context}/${value}/`, continues: true }));
    }
    const names = await namesIn(request, resource, context, namespace);
    return asCandidates(names.map((value) => `${context}/${namespace}/${value}`));
  };
}

async function namesIn<T extends KubeObject>(
  request: Request,
  resource: Resource<T>,
  context: string | undefined,
  namespace: string | undefined,
): Promise<string[]> {
  const kube = await request.kube(context);
  const { items } = await kube.list(resource, { namespace, metadataOnly: true, signal: request.signal });
  return items.map(({ metadata }) => metadata.name);
}
