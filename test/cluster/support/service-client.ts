/** A client of the service that `--listen` starts, which checks every answer against the service's own document. */
import { Agent as PlainAgent, request } from 'node:http';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { Agent, fetch, type Headers } from 'undici';

import { BODY_BYTES } from '../../../plugins/nsreplicate/server/http/limits.ts';
import type { Hostile, OperationName } from './hostile-requests.ts';

interface Operation {
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly required: boolean }[];
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: object }>> }>
  >;
}

export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks at what it expects to be there.
  readonly body: any;
}

export interface AskOptions {
  readonly method?: string;
  readonly token?: string | undefined;
  readonly body?: unknown;
}

/** An answer as it came; status 0 where none did. */
interface Raw {
  readonly status: number;
  readonly type: string | null;
  readonly text: string;
}

/** What is answered where nothing is served: by these statuses, and as a problem. Bodies are looked at there too. */
const unserved = [400, 404, 405, 413, 415];
const problem: Readonly<Record<string, object>> = {
  'application/problem+json': { $ref: '#/components/schemas/Problem' },
};

export class ServiceClient {
  readonly url: string;
  readonly document: OpenApi;
  readonly #agent: Agent;
  /** A connection for each request, so that none is open when its answer is there. */
  readonly #plain = new PlainAgent({ keepAlive: false });
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true });
  readonly #validators = new Map<object, ValidateFunction>();
  /** Operations that were asked, with the statuses that came. */
  readonly seen = new Map<string, Set<number>>();
  token: string | undefined;

  private constructor(url: string, document: OpenApi, agent: Agent) {
    this.url = url;
    this.#agent = agent;
    this.document = document;
    (formats as unknown as (ajv: Ajv2020) => void)(this.#ajv);
  }

  /** @param ca the certificate that the service has to show, where it shows one */
  static async open(url: string, ca?: string): Promise<ServiceClient> {
    const agent = new Agent(ca === undefined ? {} : { connect: { ca } });
    const response = await fetch(`${url}/api/openapi.json`, { dispatcher: agent });
    return new ServiceClient(url, (await response.json()) as OpenApi, agent);
  }

  /** All that the document promises to answer. */
  get operations(): OperationName[] {
    return Object.entries(this.document.paths).flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, { parameters }]) => ({
        method: method.toUpperCase(),
        path,
        query: parameters.filter((one) => one.in === 'query'),
      })),
    );
  }

  /** Signs in, and asks with that token from then on. */
  async signIn(username: string, password: string): Promise<Answer> {
    const answer = await this.ask('/api/login', {
      method: 'POST',
      body: { username, password },
      token: undefined,
    });
    this.token = answer.body.token;
    return answer;
  }

  /** Asks, and throws where the answer is none that the document promises. */
  async ask(path: string, { method = 'GET', body, ...more }: AskOptions = {}): Promise<Answer> {
    const token = 'token' in more ? more.token : this.token;
    const response = await fetch(`${this.url}${path}`, {
      method,
      dispatcher: this.#agent,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const { status, headers } = response;
    const text = await response.text();
    const checked = this.#check(path, method, { status, type: headers.get('content-type'), text });
    return { status, headers, text, body: checked };
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }

  /**
   * Sends whatever it is, as it is, and throws where the answer is none that the document promises.
   * @param from another address of this machine's own
   * @returns status 0 where the service hung up on what is too large before all of it was sent
   */
  async send(
    { path, method, headers, body }: Hostile,
    from?: string,
  ): Promise<{ readonly status: number; readonly text: string }> {
    const answer = await this.#sendRaw({ path, method, headers, body }, from);
    if (answer.status !== 0) this.#check(path, method, answer);
    else if (Buffer.byteLength(body) <= BODY_BYTES) throw new Error(`${method} ${path}: hung up`);
    return answer;
  }

  #sendRaw({ path, method, headers, body }: Hostile, localAddress: string | undefined): Promise<Raw> {
    const { hostname, port } = new URL(this.url);
    const about = { hostname, port, path, method, headers, agent: this.#plain };
    return new Promise((resolve, reject) => {
      // Not fetch, which puts paths in order and refuses methods and headers by itself.
      const asked = request({ ...about, ...(localAddress && { localAddress }) }, (response) => {
        const type = response.headers['content-type'] ?? null;
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
          // A stream of events has no end.
          if (type === 'text/event-stream') asked.destroy();
        });
        response.on('close', () => resolve({ status: response.statusCode ?? 0, type, text }));
      });
      asked.on('error', (error: NodeJS.ErrnoException) =>
        error.code === 'ECONNRESET' || error.code === 'EPIPE'
          ? resolve({ status: 0, type: null, text: '' })
          : reject(error),
      );
      asked.end(body);
    });
  }

  /** @returns the body, read as its type says. @throws the document does not promise that */
  #check(path: string, method: string, { status, type, text }: Raw): unknown {
    const [template, operation] = this.#operation(path.split('?')[0] ?? '', method);
    const said = `${method} ${path.slice(0, 200)}: ${status} ${type}`;
    const media = (type ?? '').split(';')[0] ?? '';
    if (operation) {
      const name = `${method} ${template}`;
      this.seen.set(name, (this.seen.get(name) ?? new Set()).add(status));
    } else if (!unserved.includes(status)) throw new Error(`${said}, of what is not documented`);
    // To HEAD there is never a body.
    if (method === 'HEAD') return text;
    const schema = operation ? operation.responses[status]?.content?.[media]?.schema : problem[media];
    if (!schema) throw new Error(`${said}, which is not documented`);
    const body: unknown = media.endsWith('json') ? JSON.parse(text) : text;
    const validate = this.#validatorOf(schema);
    if (!validate(body)) throw new Error(`${said}: ${this.#ajv.errorsText(validate.errors)}\n${text}`);
    return body;
  }

  /** Made once for each schema: that takes longer than most answers. */
  #validatorOf(schema: object): ValidateFunction {
    const known = this.#validators.get(schema);
    if (known) return known;
    const made = this.#ajv.compile({ ...schema, components: this.document.components });
    this.#validators.set(schema, made);
    return made;
  }

  #operation(path: string, method: string): [string, Operation | undefined] {
    for (const [template, operations] of Object.entries(this.document.paths)) {
      const pattern = new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]*')}$`);
      if (pattern.test(path)) return [template, operations[method.toLowerCase()]];
    }
    return [path, undefined];
  }
}
