/** Complete lists, page by page. */
import { AnswerTooLong } from './answer-too-long.ts';
import { isGone } from './api-error.ts';
import type { KubeClient, ListOptions, RawRequest } from './client.ts';
import type { KubeList, KubeObject } from './objects.ts';
import { apiVersionOf, collectionName, pathOf, type Resource } from './resources.ts';

/** Accept header for objects reduced to their metadata; full objects from servers that can't. */
export const metadataOnly = {
  list: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json',
  one: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json',
} as const;

interface Page<T> {
  metadata?: { resourceVersion?: string; continue?: string };
  items?: T[] | null;
}

/** Sends one request of a list. */
type Fetch = <T>(request: RawRequest) => Promise<T>;

const defaultPageSize = 500;
/** By how much a page is smaller that is asked for after one that was too long. */
const SMALLER = 10;

/** Takes one page of a list; `first` again where the list had to begin anew: what came before is void. */
export type PageHandler<T extends KubeObject> = (items: T[], first: boolean) => void | Promise<void>;

/**
 * The complete list. Where the server forgot the list's moment halfway (410), it is asked again, for all at
 * once, since that can't expire (as client-go's pager does); where a page was more than may be kept, in smaller ones.
 */
export async function listAll<T extends KubeObject>(
  fetch: Fetch,
  resource: Resource<T>,
  options: ListOptions,
): Promise<KubeList<T>> {
  let all: T[] = [];
  const resourceVersion = await pages(fetch, resource, options, (items, first) => {
    if (first) all = items;
    else for (const item of items) all.push(item);
  });
  return { resourceVersion, items: all };
}

/**
 * The complete list, handed on page by page, so that no more than two pages of it are held at once: the one that is dealt
 * with, and the next.
 * Resolves with the list's resource version.
 */
export function listPages<T extends KubeObject>(
  kube: Pick<KubeClient, 'request'>,
  resource: Resource<T>,
  options: ListOptions,
  page: PageHandler<T>,
): Promise<string> {
  return pages((request) => kube.request(request), resource, options, page);
}

async function pages<T extends KubeObject>(
  fetch: Fetch,
  resource: Resource<T>,
  options: ListOptions,
  page: PageHandler<T>,
): Promise<string> {
  // From its cache (RV 0) the server answers with everything, whatever the limit.
  const pageSize = options.resourceVersion === '0' ? undefined : (options.pageSize ?? defaultPageSize);
  try {
    return await collect(fetch, resource, options, pageSize, page);
  } catch (error) {
    if (pageSize === undefined) throw error;
    if (error instanceof AnswerTooLong && pageSize > 1)
      return pages(fetch, resource, { ...options, pageSize: Math.ceil(pageSize / SMALLER) }, page);
    if (!isGone(error)) throw error;
    return collect(fetch, resource, options, undefined, page);
  }
}

async function collect<T extends KubeObject>(
  fetch: Fetch,
  resource: Resource<T>,
  options: ListOptions,
  limit: number | undefined,
  handle: PageHandler<T>,
): Promise<string> {
  const ask = (token: string | undefined): Promise<Page<T>> => {
    const page = fetch<Page<T>>(listRequest(resource, options, { limit, continue: token }));
    // It is awaited once the page before it is dealt with; until then a failure must not count as unhandled.
    page.catch(() => {});
    return page;
  };
  let coming: Promise<Page<T>> | undefined = ask(undefined);
  let resourceVersion = '';
  for (let first = true; coming !== undefined; first = false) {
    const { metadata, items }: Page<T> = await coming;
    resourceVersion = metadata?.resourceVersion ?? '';
    // The server works on the next page while this one is dealt with.
    coming = metadata?.continue ? ask(metadata.continue) : undefined;
    await handle(
      (items ?? []).map((item) => complete(item, resource, options)),
      first,
    );
  }
  return resourceVersion;
}

/** The request of a list or, with `watch: true` in `query`, of a watch. */
export function listRequest(
  resource: Resource,
  options: ListOptions,
  query: NonNullable<RawRequest['query']>,
): RawRequest {
  const { namespace, labelSelector, fieldSelector, resourceVersion, signal, timeoutMs } = options;
  // A continue token has its moment within; naming another one is an error.
  const moment = query.continue === undefined ? resourceVersion : undefined;
  return {
    method: 'GET',
    path: pathOf(resource, { namespace }),
    what: collectionName(resource, namespace),
    query: { labelSelector, fieldSelector, resourceVersion: moment, ...query },
    ...(options.metadataOnly ? { accept: query.watch ? metadataOnly.one : metadataOnly.list } : {}),
    signal,
    timeoutMs,
  };
}

/** An item as if it had been read alone: lists leave out what it is. */
export function complete<T extends KubeObject>(item: T, resource: Resource<T>, options: ListOptions): T {
  const object = options.metadataOnly ? ({ metadata: item.metadata } as T) : item;
  object.apiVersion = apiVersionOf(resource);
  object.kind = resource.kind;
  return object;
}
