/** Who may use the service now: accounts and the signing key as they are in the cluster, followed by a watch. */
import type { Clock } from '../../../../src/clock.ts';
import type { KubeClient } from '../../../../src/kube/api/client.ts';
import type { Secret } from '../../../../src/kube/api/objects.ts';
import { secrets } from '../../../../src/kube/api/resources.ts';
import type { Account, Caller } from '../http/account.ts';
import { KeptObjects } from '../tasks/kept-objects.ts';
import {
  accountsIn,
  accountsSelector,
  ensureSigningKey,
  readSigningKey,
  signingKeyIn,
  signingSecret,
  usersSecret,
} from './secret.ts';
import { readToken, signToken } from './tokens.ts';

/** How long a token holds. */
export const TOKEN_MS = 12 * 3_600_000;

export interface DirectoryOptions {
  readonly kube: KubeClient;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export interface Issued {
  readonly token: string;
  readonly expiresAt: Date;
}

export class Directory {
  readonly #options: DirectoryOptions;
  readonly #kept: KeptObjects<Secret>;
  #accounts: ReadonlyMap<string, Account> = new Map();
  #key: Uint8Array | undefined;

  constructor(options: DirectoryOptions) {
    this.#options = options;
    this.#kept = new KeptObjects({
      ...options,
      resource: secrets,
      labelSelector: accountsSelector,
      changed: (name, secret) => this.#take(name, secret),
    });
  }

  /** Follows the cluster until the signal aborts. */
  run(): Promise<void> {
    return this.#kept.run();
  }

  /** Why nobody can be let in; undefined while they can. What was once read is believed while the cluster is away. */
  get problem(): string | undefined {
    return this.#key === undefined && this.#accounts.size === 0 ? this.#kept.problem : undefined;
  }

  get isEmpty(): boolean {
    return this.#accounts.size === 0;
  }

  account(name: string): Account | undefined {
    return this.#accounts.get(name);
  }

  /** A token for an account whose password was given. */
  async issue(name: string, { id }: Account): Promise<Issued> {
    const key = this.#key ?? (await this.#makeKey());
    const now = this.#options.clock.now();
    const expiresAt = new Date(now.getTime() + TOKEN_MS);
    return { token: await signToken({ name, id }, key, now, expiresAt), expiresAt };
  }

  /** Whose token it is; undefined where it is not valid, or its account has gone or has another password. */
  async authenticate(token: string): Promise<Caller | undefined> {
    if (this.#key === undefined) return undefined;
    const claims = await readToken(token, this.#key, this.#options.clock.now());
    return claims && this.callerOf(claims.name, claims.id);
  }

  /** Who an account is, while it is there with the password of that id. */
  callerOf(name: string, id: string): Caller | undefined {
    const account = this.#accounts.get(name);
    if (!account || account.id !== id) return undefined;
    const { role, namespaces } = account;
    return { name, role, ...(namespaces === undefined ? {} : { namespaces }) };
  }

  async #makeKey(): Promise<Uint8Array> {
    const { kube, signal } = this.#options;
    await ensureSigningKey(kube, { signal });
    this.#key = await readSigningKey(kube, { signal });
    return this.#key;
  }

  #take(name: string, secret: Secret | undefined): void {
    if (name === usersSecret) this.#accounts = accountsIn(secret);
    if (name === signingSecret) this.#key = signingKeyIn(secret);
  }
}
