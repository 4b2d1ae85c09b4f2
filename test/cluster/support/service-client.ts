/** A client of the service that `--listen` starts, which checks every answer against the service's own document. */
import { request } from 'node:http';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { Agent, fetch, type Headers } from 'undici';

import type { Hostile } from './hostile-requests.ts';

interface Operation {
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

export class ServiceClient {
  readonly url: string;
  readonly document: OpenApi;
  readonly #agent: Agent;
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true });
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
    const text = await response.text();
    const type = (response.headers.get('content-type') ?? '').split(';')[0] ?? '';
    const isJson = type.endsWith('json');
    const answer = {
      status: response.status,
      headers: response.headers,
      text,
      body: isJson ? JSON.parse(text) : text,
    };
    this.#check(path, method, type, answer);
    return answer;
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }

  /** Sends whatever it is, and looks at nothing but what comes back. */
  async send({ path, method, headers, body }: Hostile): Promise<{ status: number; text: string }> {
    const { hostname, port } = new URL(this.url);
    return await new Promise((resolve, reject) => {
      // Not fetch, which puts paths in order and refuses methods and headers by itself.
      const asked = request({ hostname, port, path, method, headers }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
          // A stream of events has no end.
          if (response.headers['content-type'] === 'text/event-stream') asked.destroy();
        });
        response.on('close', () => resolve({ status: response.statusCode ?? 0, text }));
      });
      asked.on('error', (error: NodeJS.ErrnoException) =>
        // It may hang up on what is too large before all of it was sent.
        error.code === 'ECONNRESET' || error.code === 'EPIPE'
          ? resolve({ status: 400, text: '' })
          : reject(error),
      );
      asked.end(body);
    });
  }

  #check(path: string, method: string, type: string, { status, body }: Answer): void {
    const [template, operation] = this.#operation(path.split('?')[0] ?? '', method);
    const said = `${method} ${path}: ${status}`;
    if (!operation) {
      if (status !== 404 && status !== 405) throw new Error(`${said}, which is not documented`);
      return;
    }
    const name = `${method} ${template}`;
    this.seen.set(name, (this.seen.get(name) ?? new Set()).add(status));
    const schema = operation.responses[status]?.content?.[type]?.schema;
    if (!schema) throw new Error(`${said} ${type}, which is not documented`);
    const whole = { ...schema, components: this.document.components };
    if (!this.#ajv.validate(whole, body))
      throw new Error(`${said}: ${this.#ajv.errorsText()}\n${JSON.stringify(body, undefined, 2)}`);
  }

  #operation(path: string, method: string): [string, Operation | undefined] {
    for (const [template, operations] of Object.entries(this.document.paths)) {
      const pattern = new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+')}$`);
      if (pattern.test(path)) return [template, operations[method.toLowerCase()]];
    }
    return [path, undefined];
  }
}
