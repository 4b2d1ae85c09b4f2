/** Who may ask what of the service. Pure. */
import { UsageError } from '../../../../src/errors.ts';

/** From the least to the most: looks; retries, pauses, approves; makes users. */
export const roles = ['viewer', 'operator', 'admin'] as const;
export type Role = (typeof roles)[number];

/** What an account may do, and where. */
export interface Grant {
  readonly role: Role;
  /** Namespaces of primaries; undefined: all. */
  readonly namespaces?: readonly string[] | undefined;
}

/** As it is kept in the Secret. */
export interface Account extends Grant {
  /** bcrypt. */
  readonly hash: string;
  /** Random, and new with every password: tokens name it, and end with it. */
  readonly id: string;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly createdBy: string;
}

/** Who asks. */
export interface Caller extends Grant {
  readonly name: string;
}

export const isRole = (text: unknown): text is Role => roles.includes(text as Role);

/** Whether a role is enough where another one is needed. */
export const isEnough = (role: Role, needed: Role): boolean => roles.indexOf(role) >= roles.indexOf(needed);

/** Whether the role holds in a namespace; the empty one stands for objects of the whole cluster. */
export const covers = ({ namespaces }: Grant, namespace: string): boolean =>
  namespaces === undefined || namespaces.includes(namespace);

/** Whether `other` allows nothing that `grant` does not. */
export const isWithin = (other: Grant, grant: Grant): boolean =>
  isEnough(grant.role, other.role) &&
  (grant.namespaces === undefined || (other.namespaces?.every((one) => covers(grant, one)) ?? false));

/** Names are keys of a Secret's data, and stand in tokens and records. */
const NAME = /^[a-z0-9](?:[-a-z0-9._]{0,61}[a-z0-9])?$/;
/** bcrypt reads no further. */
const MOST_BYTES = 72;
export const LEAST_CHARACTERS = 10;

/** @throws {UsageError} */
export function checkName(name: string): void {
  if (NAME.test(name)) return;
  throw new UsageError(`${JSON.stringify(name)} can't be the name of a user.`, {
    hint: 'Use lower-case letters, digits, "-", "_" and ".", with a letter or a digit at both ends, at most 63.',
  });
}

/** @throws {UsageError} it is too short to be safe, or too long for bcrypt to read all of it */
export function checkPassword(password: string): void {
  if ([...password].length < LEAST_CHARACTERS)
    throw new UsageError(`The password has fewer than ${LEAST_CHARACTERS} characters.`);
  if (Buffer.byteLength(password) > MOST_BYTES)
    throw new UsageError(`The password has more than ${MOST_BYTES} bytes, which is all that bcrypt reads.`);
}
