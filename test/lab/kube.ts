/** A small client for the lab's own use: JSON over one pooled connection set per cluster, and watches. */
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { clusterNamed, pkiDir } from './config.ts';

/** As much of an object as all kinds share. */
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
  };
}

export interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: T;
}

/** The API server answered with an error. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const applyType = 'application/apply-patch+yaml';
export const mergeType = 'application/merge-patch+json';

/** A connection to one of the lab's clusters, as its administrator. */
export class Api {
  readonly cluster: string;
  readonly #host: string;
  readonly #agent: Agent;

  constructor(cluster: string) {
    const read = (file: string): Buffer => readFileSync(join(pkiDir(cluster), file));
    this.cluster = cluster;
    this.#host = clusterNamed(cluster).address;
    const tls = { ca: read('ca.crt'), cert: read('admin.crt'), key: read('admin.key') };
    this.#agent = new Agent({ ...tls, keepAlive: true, maxSockets: 32, maxCachedSessions: 0 });
  }

  /** Opens a request and resolves with its response, whose body is still to be read. */
  #open(
    method: string,
    path: string,
    body?: unknown,
    type = 'application/json',
    signal?: AbortSignal,
  ): Promise<IncomingMessage> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    // Node sends no length by itself with a DELETE, and the server then takes the body for the next request.
    const about =
      text === undefined ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(text) };
    const headers = { accept: 'application/json', ...about };
    const options = { host: this.#host, port: 6443, method, path, headers, agent: this.#agent };
    return new Promise((resolve, reject) => {
      const sent = request({ ...options, ...(signal ? { signal } : {}) }, resolve);
      sent.on('error', reject);
      // A watch may be silent for long; everything else answers soon.
      if (!signal)
        sent.setTimeout(20_000, () => sent.destroy(new Error(`${method} ${path}: no answer in 20 s`)));
      sent.end(text);
    });
  }

  async #text(response: IncomingMessage): Promise<string> {
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString();
  }

  async #json<T>(method: string, path: string, body?: unknown, type?: string): Promise<T> {
    const response = await this.#open(method, path, body, type);
    const text = await this.#text(response);
    const status = response.statusCode ?? 0;
    if (status >= 300)
      throw new ApiError(status, `${this.cluster}: ${method} ${path}: ${status} ${messageIn(text)}`);
    return JSON.parse(text) as T;
  }

  get<T>(path: string): Promise<T> {
    return this.#json<T>('GET', path);
  }
  post<T>(path: string, body: unknown): Promise<T> {
    return this.#json<T>('POST', path, body);
  }
  patch<T>(path: string, body: unknown, type = mergeType): Promise<T> {
    return this.#json<T>('PATCH', path, body, type);
  }
  delete<T>(path: string, body: unknown = {}): Promise<T> {
    return this.#json<T>('DELETE', path, body);
  }
  /** Server-side apply of an object at its own path. */
  apply<T>(path: string, object: object): Promise<T> {
    return this.#json<T>('PATCH', `${path}?fieldManager=x8s-lab&force=true`, object, applyType);
  }

  /** Whether the API server says that it is ready. */
  async ready(): Promise<boolean> {
    const response = await this.#open('GET', '/readyz');
    await this.#text(response);
    return response.statusCode === 200;
  }

  /** Lists and then watches a collection for ever: `replace` gets each new list, `change` each event after it. */
  async follow<T extends KubeObject>(
    path: string,
    signal: AbortSignal,
    { replace, change }: { replace: (items: T[]) => void; change: (event: WatchEvent<T>) => void },
  ): Promise<void> {
    while (!signal.aborted) {
      try {
        const list = await this.get<{ items: T[]; metadata: { resourceVersion: string } }>(path);
        replace(list.items);
        await this.#watch(path, list.metadata.resourceVersion, signal, change);
      } catch {
        // The server may be down on purpose: a lab is there to be broken.
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    }
  }

  async #watch<T extends KubeObject>(
    path: string,
    from: string,
    signal: AbortSignal,
    change: (event: WatchEvent<T>) => void,
  ): Promise<void> {
    let version = from;
    while (!signal.aborted) {
      const query = `watch=true&allowWatchBookmarks=true&resourceVersion=${version}`;
      const response = await this.#open('GET', `${path}?${query}`, undefined, undefined, signal);
      if (response.statusCode !== 200)
        throw new ApiError(response.statusCode ?? 0, await this.#text(response));
      for await (const line of createInterface({ input: response })) {
        const event = JSON.parse(line) as { type: string; object: T };
        if (event.type === 'ERROR') throw new Error(line);
        version = event.object.metadata.resourceVersion ?? version;
        if (event.type !== 'BOOKMARK') change(event as WatchEvent<T>);
      }
    }
  }

  /** Closes all connections. */
  close(): void {
    this.#agent.destroy();
  }
}

function messageIn(text: string): string {
  try {
    return (JSON.parse(text) as { message?: string }).message ?? text;
  } catch {
    return text.slice(0, 300);
  }
}
