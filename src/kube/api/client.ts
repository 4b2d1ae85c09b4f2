/** What the rest of the suite may ask of one cluster. `connect` (connect.ts) makes one. */
import type { KubeList, KubeObject } from './objects.ts';
import type { Resource } from './resources.ts';
import type { Transport } from './transport.ts';

/** Which cluster a client talks to, for messages and for finding it again. */
export interface ClusterInfo {
  /** Context name on this workstation; contexts are local names, never identities. */
  readonly context: string;
  /** API server's URL. */
  readonly server: string;
  /** The context's namespace, or `default`. */
  readonly namespace: string;
  /** The kubeconfig's user entry, for messages. */
  readonly user: string;
}

export interface ObjectRef {
  readonly namespace?: string | undefined;
  readonly name: string;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds for this request; the connection's own limit where absent. 0 means none. */
  readonly timeoutMs?: number | undefined;
}

/** How late a write may still be made. */
export interface WriteLimit {
  /**
   * Milliseconds after which the write is not made any more, repeated attempts among them: the server is told to give up
   * by then, and not only this side. A shorter limit of the request or of the connection holds for the server too.
   */
  readonly notAfterMs?: number | undefined;
}

export interface WriteOptions extends CallOptions, WriteLimit {
  readonly dryRun?: boolean;
  readonly fieldManager?: string;
  readonly subresource?: string;
  /**
   * What becomes of fields that the server does not know, or that are there twice: dropped with a warning where absent,
   * and without one for `Ignore`; refused (400) for `Strict`.
   */
  readonly fieldValidation?: 'Ignore' | 'Strict';
}

export interface ApplyOptions extends WriteOptions {
  readonly fieldManager: string;
  /** Take over fields that another manager owns. */
  readonly force?: boolean;
  /** An apply refuses unknown fields in any case, and looks for those that are there twice by reading its body a second time. */
  readonly fieldValidation?: 'Ignore';
}

export interface DeleteOptions extends CallOptions, WriteLimit {
  /** Preconditions: the delete is refused (409) where the object is no longer this one. */
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
  /** `Background` where absent: a raw DELETE would leave a Job's pods running. */
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  readonly gracePeriodSeconds?: number;
  readonly dryRun?: boolean;
}

export interface ListOptions extends CallOptions {
  /** All namespaces where absent. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** Objects a page; 500 where absent. */
  readonly pageSize?: number;
  /** Ask for PartialObjectMetadata: metadata only. */
  readonly metadataOnly?: boolean;
  /** `'0'` lets the API server answer from its cache (no paging then). */
  readonly resourceVersion?: string;
}

export interface PatchOptions extends WriteOptions {
  readonly type: 'merge' | 'json' | 'strategic';
}

export interface RawRequest extends CallOptions, WriteLimit {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Absolute path, encoded, e.g. from `pathOf`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly accept?: string;
  /** What it is about, for messages: `configmaps in namespace "x"`. Method and path where absent. */
  readonly what?: string;
}

/**
 * A client of one cluster over one pooled dispatcher. Every failed request rejects with an {@link ApiError}
 * (the server answered), an UnreachableError (it did not) or the signal's reason.
 * 429 and 503 with Retry-After are retried within the request's time limit.
 */
export interface KubeClient {
  readonly cluster: ClusterInfo;
  /** The HTTP below: for streams (exec, port-forward) and for nothing that a method here does. */
  readonly transport: Transport;
  /** Any request; resolves with the parsed JSON body. */
  request<T = unknown>(request: RawRequest): Promise<T>;
  /** A body as a stream of bytes (logs, watches): ends with the response, destroyed on abort. */
  stream(request: RawRequest): Promise<AsyncIterable<Uint8Array>>;
  get<T extends KubeObject>(resource: Resource<T>, ref: ObjectRef, options?: CallOptions): Promise<T>;
  /** As `get`, but undefined for 404. */
  find<T extends KubeObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    options?: CallOptions,
  ): Promise<T | undefined>;
  /** The complete list, page by page; starts over where a continue token expired (410). */
  list<T extends KubeObject>(resource: Resource<T>, options?: ListOptions): Promise<KubeList<T>>;
  create<T extends KubeObject>(resource: Resource<T>, object: T, options?: WriteOptions): Promise<T>;
  /** PUT; with a resourceVersion in the object, optimistic (409 Conflict). */
  replace<T extends KubeObject>(resource: Resource<T>, object: T, options?: WriteOptions): Promise<T>;
  /** Server-side apply. */
  apply<T extends KubeObject>(resource: Resource<T>, object: T, options: ApplyOptions): Promise<T>;
  patch<T extends KubeObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    patch: unknown,
    options: PatchOptions,
  ): Promise<T>;
  /** Resolves when the server accepted the deletion (false: there was nothing, 404), not when it is gone. */
  delete(resource: Resource, ref: ObjectRef, options?: DeleteOptions): Promise<boolean>;
  /** Ends every connection of this client. */
  close(): Promise<void>;
}
