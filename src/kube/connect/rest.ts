/** The client's methods as requests of the Kubernetes API. */
import { type ApiError, isNotFound } from '../api/api-error.ts';
import type {
  ApplyOptions,
  CallOptions,
  ClusterInfo,
  DeleteOptions,
  KubeClient,
  ListOptions,
  ObjectRef,
  PatchOptions,
  RawRequest,
  WriteLimit,
  WriteOptions,
} from '../api/client.ts';
import { listAll } from '../api/list.ts';
import type { KubeList, KubeObject } from '../api/objects.ts';
import { apiVersionOf, nameOf, objectName, pathOf, type Resource } from '../api/resources.ts';
import type { Transport } from '../api/transport.ts';
import { type Call, createExchange, type ExchangeOptions } from './exchange.ts';
import { parseJson } from './response-json.ts';

const patchTypes = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  strategic: 'application/strategic-merge-patch+json',
} as const;

/** A client of one cluster over a transport of its own, which it closes. */
export function createClient(
  cluster: ClusterInfo,
  transport: Transport,
  options: ExchangeOptions,
): KubeClient {
  const exchange = createExchange(cluster, transport, options);

  const json = async <T>(call: Call): Promise<T> =>
    parseJson(cluster, call.subject, await exchange.text(call));

  const write = <T extends KubeObject>(verb: string, target: Target<T>, options: WriteOptions, rest: Body) =>
    json<T>({ ...rest, ...about(verb, target, options), query: { ...writeQuery(options), ...rest.query } });

  const get = <T extends KubeObject>(resource: Resource<T>, ref: ObjectRef, options: CallOptions = {}) =>
    json<T>({ method: 'GET', ...about('get', { resource, ref }, options) });

  return {
    cluster,
    transport,
    request: <T>(request: RawRequest) => json<T>({ ...request, subject: rawSubject(request) }),
    stream: (request) => exchange.stream({ ...request, subject: rawSubject(request) }),

    get,
    find: (resource, ref, options) => get(resource, ref, options).catch(undefinedIfNotFound),

    list: <T extends KubeObject>(resource: Resource<T>, options: ListOptions = {}): Promise<KubeList<T>> =>
      listAll((request) => json({ ...request, subject: rawSubject(request) }), resource, options),

    create: <T extends KubeObject>(resource: Resource<T>, object: T, options: WriteOptions = {}) => {
      const target = targetOf(resource, object);
      // An object is made by a POST to its collection, a subresource (a token, an eviction) below the object.
      const path = options.subresource ? {} : { path: pathOf(resource, { namespace: target.ref.namespace }) };
      const body = typed(resource, object, options.subresource);
      return json<T>({
        ...about('create', target, options),
        ...path,
        method: 'POST',
        body,
        query: writeQuery(options),
      });
    },

    replace: <T extends KubeObject>(resource: Resource<T>, object: T, options: WriteOptions = {}) =>
      write('update', targetOf(resource, object), options, { method: 'PUT', body: typed(resource, object) }),

    apply: <T extends KubeObject>(resource: Resource<T>, object: T, options: ApplyOptions) =>
      write('apply', targetOf(resource, object), options, {
        method: 'PATCH',
        body: typed(resource, object),
        contentType: 'application/apply-patch+yaml',
        query: { force: options.force },
        idempotent: true,
      }),

    patch: <T extends KubeObject>(
      resource: Resource<T>,
      ref: ObjectRef,
      patch: unknown,
      options: PatchOptions,
    ) =>
      write<T>('patch', { resource, ref }, options, {
        method: 'PATCH',
        body: patch,
        contentType: patchTypes[options.type],
      }),

    async delete(resource: Resource, ref: ObjectRef, options: DeleteOptions = {}) {
      const call: Call = {
        ...about('delete', { resource, ref }, options),
        method: 'DELETE',
        body: deleteOptions(options),
        // Without the precondition it could take a successor of the same name.
        idempotent: options.uid !== undefined,
      };
      const answer = await exchange.text(call).catch(undefinedIfNotFound);
      return answer !== undefined;
    },

    close: () => transport.close(),
  };
}

interface Target<T extends KubeObject = KubeObject> {
  readonly resource: Resource<T>;
  readonly ref: ObjectRef;
}

type Body = Pick<Call, 'method' | 'body' | 'contentType' | 'query' | 'idempotent'>;

/** Path and words of a request about one object. */
function about<T extends KubeObject>(
  verb: string,
  { resource, ref }: Target<T>,
  { signal, timeoutMs, notAfterMs, subresource }: CallOptions & WriteLimit & { subresource?: string },
) {
  if (resource.namespaced && !ref.namespace)
    throw new TypeError(`${nameOf(resource)} "${ref.name}": no namespace given`);
  const path = pathOf(resource, { ...ref, ...(subresource ? { subresource } : {}) });
  return { path, subject: { verb, what: objectName(resource, ref) }, signal, timeoutMs, notAfterMs };
}

function targetOf<T extends KubeObject>(resource: Resource<T>, { metadata }: T): Target<T> {
  return { resource, ref: { name: metadata.name ?? metadata.generateName, namespace: metadata.namespace } };
}

/** The object with its type, which the server wants in every body. */
function typed<T extends KubeObject>(resource: Resource<T>, object: T, subresource?: string): T {
  // A subresource's body may be of another kind (a Scale, a TokenRequest), and says so.
  if (subresource && object.kind) return object;
  return { ...object, apiVersion: apiVersionOf(resource), kind: resource.kind };
}

function writeQuery({ dryRun, fieldManager, fieldValidation }: WriteOptions) {
  return { dryRun: dryRun ? 'All' : undefined, fieldManager, fieldValidation };
}

function deleteOptions({ uid, resourceVersion, dryRun, ...options }: DeleteOptions) {
  const preconditions =
    uid === undefined && resourceVersion === undefined ? undefined : { uid, resourceVersion };
  return {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    propagationPolicy: options.propagationPolicy ?? 'Background',
    gracePeriodSeconds: options.gracePeriodSeconds,
    preconditions,
    dryRun: dryRun ? ['All'] : undefined,
  };
}

/** Not for a 404 without a Status: there the resource itself is unknown, and nothing is said of the object. */
function undefinedIfNotFound(error: unknown): undefined {
  if (!isNotFound(error) || !(error as ApiError).status) throw error;
}

function rawSubject({ method, path, what = `${method} ${path}` }: RawRequest) {
  return { verb: method, what };
}
