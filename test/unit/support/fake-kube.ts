/** A KubeClient of a FakeCluster, with levers to make calls fail, hang, or lose their answers. */
import type {
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
} from '../../../src/kube/api/client.ts';
import type { KubeList, KubeObject } from '../../../src/kube/api/objects.ts';
import type { Resource } from '../../../src/kube/api/resources.ts';
import type { Transport } from '../../../src/kube/api/transport.ts';
import { apiError, type Collection, FakeCluster } from './fake-cluster.ts';
import { selects } from './fake-selectors.ts';
import { fakeWatch } from './fake-watch.ts';

export interface FakeCall {
  readonly verb: 'get' | 'list' | 'watch' | 'create' | 'update' | 'apply' | 'patch' | 'delete' | 'request';
  /** `group/plural`; the path of a request that names no object. */
  readonly collection: Collection;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  /** As `WriteLimit.notAfterMs`; the fake has no clock, so that a lever has to give the write up. */
  readonly notAfterMs?: number | undefined;
}

/** May throw what the call shall reject with, or make it wait. */
export type Lever = (call: FakeCall) => void | Promise<void>;

const info: ClusterInfo = {
  context: 'fake',
  server: 'https://fake.invalid:6443',
  namespace: 'default',
  user: 'tester',
};

/** A client of the cluster; several may share one, as several workstations do. */
export function fakeKube(cluster = new FakeCluster(), about: Partial<ClusterInfo> = {}): FakeKube {
  return new FakeKube(cluster, { ...info, ...about });
}

export class FakeKube implements KubeClient {
  readonly cluster: ClusterInfo;
  /** Where its objects are. */
  readonly objects: FakeCluster;
  /** Every call so far. */
  readonly calls: FakeCall[] = [];
  /** Before a call does anything: a server that can't be reached, or says no. */
  before: Lever = () => undefined;
  /** What admission says to a patch, in a dry run too; by then it is known what would come of it. */
  admits: (patched: KubeObject, call: FakeCall) => void = () => undefined;
  /** After it did: an answer that is late, or never comes. */
  after: Lever = () => undefined;
  /** Answers requests that name no object, by path: `/version`, access reviews. */
  readonly answers = new Map<string, (request: RawRequest) => unknown>();
  readonly #closed = new AbortController();

  constructor(objects: FakeCluster, about: ClusterInfo) {
    this.objects = objects;
    this.cluster = about;
  }

  get transport(): Transport {
    throw new Error('the fake has no transport: hand the code under test a fake of that');
  }

  async get<T extends KubeObject>(resource: Resource<T>, ref: ObjectRef, options?: CallOptions): Promise<T> {
    const object = await this.find(resource, ref, options);
    if (!object) throw apiError(404, `${resource.plural} "${ref.name}" not found`);
    return object;
  }

  find<T extends KubeObject>(
    resource: Resource<T>,
    { namespace, name }: ObjectRef,
    options: CallOptions = {},
  ): Promise<T | undefined> {
    const collection = collectionOf(resource);
    return this.#call({ verb: 'get', collection, namespace, name }, options, () =>
      this.objects.find(collection, scope(resource, namespace), name),
    ) as Promise<T | undefined>;
  }

  list<T extends KubeObject>(resource: Resource<T>, options: ListOptions = {}): Promise<KubeList<T>> {
    const { namespace, labelSelector, fieldSelector, metadataOnly } = options;
    const collection = collectionOf(resource);
    return this.#call({ verb: 'list', collection, namespace }, options, () => {
      const items = this.objects.all(collection, namespace).filter(selects(labelSelector, fieldSelector));
      const shown = metadataOnly ? items.map(metadataOf) : items;
      return { resourceVersion: String(this.objects.version), items: shown as T[] };
    });
  }

  create<T extends KubeObject>(resource: Resource<T>, object: T, options: WriteOptions = {}): Promise<T> {
    return this.#write('create', resource, object, options, (collection) =>
      this.objects.create(collection, object),
    );
  }

  replace<T extends KubeObject>(resource: Resource<T>, object: T, options: WriteOptions = {}): Promise<T> {
    return this.#write('update', resource, object, options, (collection) =>
      this.objects.replace(collection, object),
    );
  }

  /** Merges what is applied into what is there. It keeps who applied which fields last, and knows no conflicts. */
  apply<T extends KubeObject>(resource: Resource<T>, object: T, options: WriteOptions): Promise<T> {
    return this.#write('apply', resource, object, options, (collection) => {
      const { namespace, name } = object.metadata;
      const before = this.objects.find(collection, namespace, name);
      const managedFields = appliedBy(options.fieldManager, object, before);
      const owned = { ...object, metadata: { ...object.metadata, managedFields } };
      if (!before) return this.objects.create(collection, owned);
      return this.objects.replace(collection, mergePatch(before, owned) as KubeObject);
    });
  }

  /** Merge patches, and JSON patches that test and replace. */
  patch<T extends KubeObject>(
    resource: Resource<T>,
    { namespace, name }: ObjectRef,
    patch: unknown,
    options: PatchOptions,
  ): Promise<T> {
    const { type, dryRun, ...others } = options;
    if (type !== 'merge' && type !== 'json') throw new Error(`the fake does no ${type} patches`);
    const ref = { metadata: { namespace, name } } as T;
    const patched = (collection: Collection): KubeObject => {
      const before = this.objects.find(collection, namespace, name);
      if (!before) throw apiError(404, `${resource.plural} "${name}" not found`);
      const after = (type === 'json' ? jsonPatch(before, patch) : mergePatch(before, patch)) as KubeObject;
      this.admits(after, { verb: 'patch', collection, namespace, name });
      return after;
    };
    // Levers are for what is really done.
    if (dryRun) return Promise.resolve().then(() => patched(collectionOf(resource)) as T);
    return this.#write('patch', resource, ref, others, (collection) =>
      this.objects.replace(collection, patched(collection)),
    );
  }

  delete(resource: Resource, { namespace, name }: ObjectRef, options: DeleteOptions = {}): Promise<boolean> {
    const collection = collectionOf(resource);
    return this.#call({ verb: 'delete', collection, namespace, name }, options, () => {
      if (options.dryRun) return this.objects.find(collection, namespace, name) !== undefined;
      return this.objects.delete(collection, scope(resource, namespace), name, options);
    });
  }

  /** Answers collections by itself, all else as a test says in `answers`. */
  request<T>(request: RawRequest): Promise<T> {
    const answer = this.answers.get(request.path);
    if (!answer && request.method === 'GET') return this.#collection(request) as Promise<T>;
    return this.#call({ verb: 'request', collection: request.path }, request, () => {
      if (!answer) throw apiError(404, `the fake knows no ${request.path}`);
      return answer(request);
    }) as Promise<T>;
  }

  /** Watches, as JSON lines; all else as a test says in `answers`, as text. */
  stream(request: RawRequest): Promise<AsyncIterable<Uint8Array>> {
    const answer = this.answers.get(request.path);
    if (answer)
      return this.#call({ verb: 'request', collection: request.path }, request, async function* () {
        yield Buffer.from(String(answer(request)));
      });
    const { collection, namespace } = placeOf(request.path);
    return this.#call({ verb: 'watch', collection, namespace }, request, () => {
      const signals = [this.#closed.signal, ...(request.signal ? [request.signal] : [])];
      return fakeWatch(this.objects, collection, namespace, request.query ?? {}, AbortSignal.any(signals));
    });
  }

  #collection({ path, query = {}, ...options }: RawRequest): Promise<unknown> {
    const { collection, namespace } = placeOf(path);
    return this.#call({ verb: 'list', collection, namespace }, options, () => {
      const wanted = selects(query.labelSelector?.toString(), query.fieldSelector?.toString());
      const items = this.objects.all(collection, namespace).filter(wanted);
      const { limit = items.length, continue: from = 0 } = query;
      const end = Number(from) + Number(limit);
      const more = end < items.length && { continue: String(end) };
      const metadata = { resourceVersion: String(this.objects.version), ...more };
      return { metadata, items: items.slice(Number(from), end) };
    });
  }

  async close(): Promise<void> {
    this.#closed.abort();
  }

  #write<T extends KubeObject>(
    verb: FakeCall['verb'],
    resource: Resource<T>,
    object: T,
    options: WriteOptions,
    work: (collection: Collection) => KubeObject,
  ): Promise<T> {
    const collection = collectionOf(resource);
    const { namespace, name } = object.metadata;
    if (options.dryRun) {
      if (verb !== 'create') throw new Error('the fake does dry runs of creates only');
      // It knows no schema: it would take whatever is not there yet, as it is.
      return Promise.resolve(object);
    }
    return this.#call({ verb, collection, namespace, name }, options, () => work(collection)) as Promise<T>;
  }

  async #call<R>(
    asked: FakeCall,
    { signal, notAfterMs }: CallOptions & WriteLimit,
    work: () => R,
  ): Promise<R> {
    signal?.throwIfAborted();
    const call = notAfterMs === undefined ? asked : { ...asked, notAfterMs };
    this.calls.push(call);
    await raced(this.before(call), signal);
    const result = work();
    await raced(this.after(call), signal);
    return result;
  }
}

/** Managed fields after an apply. */
function appliedBy(
  manager: string | undefined,
  object: KubeObject,
  before: KubeObject | undefined,
): unknown[] {
  const fieldsOf = (value: unknown): Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [`f:${key}`, fieldsOf(inner)]))
      : {};
  const others = (before?.metadata.managedFields ?? []).filter(
    (entry) => (entry as { manager?: string }).manager !== manager,
  );
  return [...others, { manager, operation: 'Apply', fieldsV1: fieldsOf(object) }];
}

/** As the other, unless the signal comes first. Also makes every call take a turn of the event loop. */
async function raced(work: void | Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (!signal) return work;
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort);
  try {
    await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

const collectionOf = ({ group, plural }: Resource): Collection => `${group}/${plural}`;

/** What a collection's path names. */
function placeOf(path: string): { collection: Collection; namespace: string | undefined } {
  const parts = /^\/api(?:s\/([^/]+))?\/[^/]+(?:\/namespaces\/([^/]+))?\/([^/]+)$/.exec(path);
  if (!parts) throw apiError(404, `the fake knows no ${path}`);
  const [, group = '', namespace, plural = ''] = parts;
  return { collection: `${group}/${plural}`, namespace };
}

const scope = ({ namespaced }: Resource, namespace: string | undefined) =>
  namespaced ? namespace : undefined;
const metadataOf = ({ metadata }: KubeObject): KubeObject => ({
  apiVersion: 'meta.k8s.io/v1',
  kind: 'PartialObjectMetadata',
  metadata,
});

/** RFC 6902, as far as tests and replacements go. */
function jsonPatch(target: KubeObject, patch: unknown): KubeObject {
  const patched = structuredClone(target);
  for (const { op, path, value } of patch as { op: string; path: string; value: unknown }[]) {
    const steps = path.slice(1).split('/');
    const last = steps.pop() ?? '';
    let at = patched as Record<string, unknown>;
    for (const step of steps) at = at[step] as Record<string, unknown>;
    if (op === 'test' && at[last] !== value) throw apiError(422, `testing value ${path} failed`);
    if (op === 'replace') at[last] = value;
  }
  return patched;
}

/** RFC 7396. */
function mergePatch(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const merged: Record<string, unknown> = { ...(target as Record<string, unknown> | undefined) };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = mergePatch(merged[key], value);
  }
  return merged;
}
