/** Signing in: slowed down before anything is hashed, and as slow for unknown names as for known ones. */
import type { Clock } from '../../../../src/clock.ts';
import type { Caller } from '../http/account.ts';
import { Problem, tooMany } from '../http/problem.ts';
import type { Directory, Issued } from './directory.ts';
import { type Hashing, QueueFull } from './hashing.ts';
import { accountLimits, addressLimits, networkOf, SlowDown } from './slow-down.ts';

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export interface SignInOptions {
  readonly directory: Directory;
  readonly hashing: Hashing;
  readonly clock: Clock;
  readonly counted: (result: 'accepted' | 'refused' | 'slowed') => void;
}

/** A hash of a random password that nobody has, of the same cost as all others. */
const NOBODY = '$2b$10$6bTzMax0evte.BKGN8muaOyD2y7JnC6RnKnn7/JyfN5LYE158/D86';

export class SignIn {
  readonly #options: SignInOptions;
  readonly #accounts = new SlowDown(accountLimits);
  readonly #addresses = new SlowDown(addressLimits);

  constructor(options: SignInOptions) {
    this.#options = options;
  }

  /** @throws {Problem} 401 wrong, 429 too often wrong, 503 too many at once */
  async signIn(
    { username, password }: Credentials,
    address: string,
  ): Promise<Issued & { readonly caller: Caller }> {
    const { directory, counted } = this.#options;
    const network = networkOf(address);
    this.#admit(username, network);
    const account = directory.account(username);
    const isRight = await this.#verify(password, account?.hash ?? NOBODY);
    // It may have been removed while its password was hashed.
    const caller = account && isRight ? directory.callerOf(username, account.id) : undefined;
    if (!account || !caller) {
      counted('refused');
      throw new Problem(401, 'The name or the password is wrong.', {
        hint: directory.isEmpty ? firstUser : undefined,
        headers: { 'www-authenticate': 'Bearer' },
      });
    }
    this.#accounts.forget(username);
    this.#addresses.takeBack(network);
    counted('accepted');
    return { ...(await directory.issue(username, account)), caller };
  }

  #admit(username: string, network: string): void {
    const now = this.#options.clock.monotonic();
    const wait = Math.max(this.#accounts.waitMs(username, now), this.#addresses.waitMs(network, now));
    if (wait > 0) {
      this.#options.counted('slowed');
      throw tooMany('Too many wrong passwords: the next one is looked at later.', wait / 1000);
    }
    this.#accounts.begun(username, now);
    this.#addresses.begun(network, now);
  }

  async #verify(password: string, hash: string): Promise<boolean> {
    try {
      return await this.#options.hashing.verify(password, hash);
    } catch (error) {
      if (!(error instanceof QueueFull)) throw error;
      throw new Problem(503, 'Too many people sign in at this moment.', { headers: { 'retry-after': '5' } });
    }
  }
}

/** For whoever meets a service without any account. */
export const firstUser =
  'There is no user yet. Who may write Secrets of the cluster that keeps the state makes the first: kubectl nsreplicate users add NAME --role admin';
