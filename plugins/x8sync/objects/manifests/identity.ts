/** Who the pods of a copy run as where they are no root. */
import { UsageError } from '../../../../src/errors.ts';

/** User and group by number. */
export interface Identity {
  readonly uid: number;
  readonly gid: number;
}

/** The image's own user, for pods that may not be root. */
export const imageUser: Identity = { uid: 65532, gid: 65532 };

/** Name of the account of pods that are no root, in the image's list of users as in one of a pod's own. */
export const imageAccount = 'mover';

/** The greatest that Kubernetes takes as runAsUser, runAsGroup and fsGroup. */
const maxId = 2 ** 31 - 1;

/**
 * Reads `--run-as UID[:GID]`; without GID the group has the user's number.
 *
 * @throws UsageError where a part is no number from 0 to 2147483647.
 */
export function parseIdentity(text: string, flag: string): Identity {
  const [user = '', group = user, ...rest] = text.split(':');
  const [uid, gid] = [parseId(user), parseId(group)];
  if (uid !== undefined && gid !== undefined && rest.length === 0) return { uid, gid };
  throw new UsageError(`${flag}: ${JSON.stringify(text)} is not UID or UID:GID`, {
    hint: 'both are numbers, for example 1000 or 1000:2000',
  });
}

/** @throws UsageError where it is no number from 1 to 2147483647. */
export function parseGroup(text: string, flag: string): number {
  const gid = parseId(text);
  if (gid) return gid;
  throw new UsageError(`${flag}: ${JSON.stringify(text)} is not a group's number`, {
    hint: 'for example 2000',
  });
}

function parseId(text: string): number | undefined {
  const id = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  return id <= maxId ? id : undefined;
}

/** `1000:2000`, as a specification has it. */
export const describeIdentity = ({ uid, gid }: Identity): string => `${uid}:${gid}`;

/**
 * The image's list of users knows root and {@link imageUser}, and OpenSSH serves and connects nobody without an entry:
 * the list that a pod of another user gets instead, or undefined where the image's own will do. The user's name is the
 * one that clients log in to.
 */
export function passwdFor({ uid, gid }: Identity): string | undefined {
  if (uid === 0 || (uid === imageUser.uid && gid === imageUser.gid)) return undefined;
  // '*' and not '!': sshd refuses an account that is locked, even by key.
  return ['root:*:0:0:root:/root:/bin/sh', `${imageAccount}:*:${uid}:${gid}:mover:/tmp:/bin/sh`, ''].join(
    '\n',
  );
}
