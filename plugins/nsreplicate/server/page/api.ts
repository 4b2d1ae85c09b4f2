/** The service, as the page asks it. The token stays in this tab, and is never part of an address. */
import type { taskDocument } from '../tasks/task-document.ts';

export type TaskDocument = ReturnType<typeof taskDocument>;
export type ReplicaDocument = TaskDocument['replicas'][number];

export interface Job {
  readonly id: string;
  readonly task: string;
  readonly replica: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly state: string;
  readonly did?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly attempts: number;
  readonly startedAt: string;
  readonly finishedAt?: string;
  readonly parked?: boolean;
}

export interface PlannedChange {
  readonly replica: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly action: string;
  readonly blocked: boolean;
  readonly diff: readonly string[];
  readonly note?: string;
}

export interface Unread {
  readonly cluster: string;
  readonly kind: string;
  readonly why: string;
}

/** Who is signed in. */
export interface Account {
  readonly username: string;
  readonly role: string;
  readonly namespaces?: readonly string[];
}

interface Kept extends Account {
  readonly token: string;
}

/** The service said no; its words are for a person. */
export class Refused extends Error {
  readonly status: number;
  constructor(status: number, detail: string, hint: string | undefined) {
    super(hint === undefined ? detail : `${detail} ${hint}`);
    this.status = status;
  }
}

type ProblemDocument = { readonly status: number; readonly detail: string; readonly hint?: string };

const refused = ({ status, detail, hint }: ProblemDocument): Refused => new Refused(status, detail, hint);

const KEY = 'nsreplicate';

export class Api {
  /** Told when the token has ended. */
  readonly #signedOut: () => void;

  constructor(signedOut: () => void) {
    this.#signedOut = signedOut;
  }

  get account(): Account | undefined {
    return this.#kept;
  }

  get #kept(): Kept | undefined {
    const text = sessionStorage.getItem(KEY);
    return text === null ? undefined : (JSON.parse(text) as Kept);
  }

  async signIn(username: string, password: string): Promise<void> {
    const kept = await this.ask<Kept>('/api/login', { username, password }, 'POST', false);
    sessionStorage.setItem(KEY, JSON.stringify(kept));
  }

  signOut(): void {
    sessionStorage.removeItem(KEY);
    this.#signedOut();
  }

  /** @throws {Refused} */
  async ask<T>(
    path: string,
    body?: unknown,
    method = body === undefined ? 'GET' : 'POST',
    signed = true,
  ): Promise<T> {
    const response = await this.#fetch(path, method, body);
    const document = await response.json().catch(() => ({}));
    if (response.ok) return document as T;
    if (response.status === 401 && signed) this.signOut();
    const { detail = `The service answered ${response.status}.`, hint } = document as {
      detail?: string;
      hint?: string;
    };
    throw new Refused(response.status, detail, hint);
  }

  /**
   * Hears events until the signal aborts or the stream ends.
   * @param came told of all that arrives, be it an event or that the service is still there
   * @throws {Refused} also where the service ends the stream with a problem
   */
  async listen(
    heard: (event: string, data: unknown) => void,
    came: () => void,
    signal: AbortSignal,
  ): Promise<void> {
    const response = await this.#fetch('/api/events', 'GET', undefined, signal);
    if (response.status === 401) this.signOut();
    if (!response.ok || !response.body)
      throw new Refused(response.status, 'The service tells of no changes now.', undefined);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      came();
      text += value;
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const [, event = ''] = /^event: (.*)$/m.exec(block) ?? [];
        const [, data] = /^data: (.*)$/m.exec(block) ?? [];
        if (data === undefined) continue;
        const document: unknown = JSON.parse(data);
        if (event === 'problem') throw refused(document as ProblemDocument);
        heard(event, document);
      }
    }
  }

  #fetch(path: string, method: string, body: unknown, signal?: AbortSignal): Promise<Response> {
    const token = this.#kept?.token;
    return fetch(path, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    });
  }
}
