/** Where accounts and the signing key are kept: two Secrets of the state's namespace. */
import { randomBytes } from 'node:crypto';
import { RefusedError, X8sError } from '../../../../src/errors.ts';
import { isAlreadyExists } from '../../../../src/kube/api/api-error.ts';
import type { CallOptions, KubeClient } from '../../../../src/kube/api/client.ts';
import type { Secret } from '../../../../src/kube/api/objects.ts';
import { isOtherByNow, untilNotOvertaken } from '../../../../src/kube/api/overtaken.ts';
import { secrets } from '../../../../src/kube/api/resources.ts';
import { Label, managerOf } from '../../../../src/tasks/names.ts';
import { stateNamespace } from '../../decide/spec.ts';
import { ensureStateNamespace, tool } from '../../state/task-objects.ts';
import { type Account, isRole } from '../http/account.ts';

/** Names of the two, and what the label of their role says. */
export const usersSecret = 'nsreplicate-users';
export const signingSecret = 'nsreplicate-signing-key';
const KEY_FIELD = 'key';
const KEY_BYTES = 32;
/** Another process may change them at the same moment, so often in a row at most. */
const ATTEMPTS = 10;

/** Chooses both, and nothing else. */
export const accountsSelector = `${Label.managedBy}=${managerOf(tool)},${Label.role} in (users,signing-key)`;

const metadataOf = (name: string, role: 'users' | 'signing-key') => ({
  namespace: stateNamespace,
  name,
  labels: { [Label.managedBy]: managerOf(tool), [Label.role]: role },
});

/** All accounts, by name. What a person wrote into the Secret by hand and is no account lets nobody in. */
export function accountsIn(secret: Secret | undefined): Map<string, Account> {
  const entries = Object.entries(secret?.data ?? {}).flatMap(([name, text]) => {
    const account = parseAccount(Buffer.from(text, 'base64').toString());
    return account ? [[name, account] as const] : [];
  });
  return new Map(entries);
}

function parseAccount(text: string): Account | undefined {
  try {
    const account = JSON.parse(text) as Account;
    const { hash, id, role, namespaces } = account;
    const isWhole = typeof hash === 'string' && typeof id === 'string' && id !== '' && isRole(role);
    return isWhole && (namespaces === undefined || Array.isArray(namespaces)) ? account : undefined;
  } catch {
    return undefined;
  }
}

/** The accounts there are now, by name. */
export async function readAccounts(kube: KubeClient, call: CallOptions = {}): Promise<Map<string, Account>> {
  return accountsIn(await kube.find(secrets, { namespace: stateNamespace, name: usersSecret }, call));
}

/**
 * Changes accounts; what others change at the same time is read again first.
 * @param change throws where it does not apply to what is there now
 */
export async function changeAccounts(
  kube: KubeClient,
  change: (accounts: Map<string, Account>) => void,
  call: CallOptions = {},
): Promise<void> {
  await ensureStateNamespace(kube, call);
  const attempt = async (): Promise<void> => {
    const present = await kube.find(secrets, { namespace: stateNamespace, name: usersSecret }, call);
    const accounts = accountsIn(present);
    change(accounts);
    await write(kube, present, accounts, call);
  };
  const how = { most: ATTEMPTS, isOvertaken: isOtherByNow };
  await untilNotOvertaken(attempt, how).catch((cause: unknown) => {
    if (!isOtherByNow(cause)) throw cause;
    const text = `Secret ${stateNamespace}/${usersSecret} is changed by others all the time.`;
    throw new X8sError(text, { cause });
  });
}

async function write(
  kube: KubeClient,
  present: Secret | undefined,
  accounts: ReadonlyMap<string, Account>,
  call: CallOptions,
): Promise<void> {
  const { resourceVersion } = present?.metadata ?? {};
  const object: Secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      ...metadataOf(usersSecret, 'users'),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
    type: 'Opaque',
    data: Object.fromEntries(
      [...accounts].map(([name, account]) => [name, Buffer.from(JSON.stringify(account)).toString('base64')]),
    ),
  };
  await (present ? kube.replace(secrets, object, call) : kube.create(secrets, object, call));
}

/** What is new with every password. */
export const newAccountId = (): string => randomBytes(12).toString('base64url');

/** @throws {RefusedError} there is an account of that name */
export function addAccount(accounts: Map<string, Account>, name: string, account: Account): void {
  if (accounts.has(name))
    throw new RefusedError(`There is a user ${name} already.`, {
      hint: '`users passwd` gives a new password; for another role, remove the user first.',
    });
  accounts.set(name, account);
}

/** The key that tokens are signed with; undefined where the Secret holds none. */
export function signingKeyIn(secret: Secret | undefined): Uint8Array | undefined {
  const key = Buffer.from(secret?.data?.[KEY_FIELD] ?? '', 'base64');
  return key.length === KEY_BYTES ? new Uint8Array(key) : undefined;
}

/** @throws {X8sError} the Secret holds none */
export async function readSigningKey(kube: KubeClient, call: CallOptions = {}): Promise<Uint8Array> {
  const secret = await kube.get(secrets, { namespace: stateNamespace, name: signingSecret }, call);
  const key = signingKeyIn(secret);
  if (key) return key;
  throw new X8sError(`Secret ${stateNamespace}/${signingSecret} holds no key of ${KEY_BYTES} bytes.`, {
    hint: 'Delete it: a new one is made, and everybody signs in again.',
  });
}

/** Makes the signing key, where there is none yet. Deleting the Secret ends all tokens. */
export async function ensureSigningKey(kube: KubeClient, call: CallOptions = {}): Promise<void> {
  const object: Secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: metadataOf(signingSecret, 'signing-key'),
    type: 'Opaque',
    immutable: true,
    data: { [KEY_FIELD]: randomBytes(KEY_BYTES).toString('base64') },
  };
  const present = await kube.find(secrets, { namespace: stateNamespace, name: signingSecret }, call);
  if (present) return;
  await ensureStateNamespace(kube, call);
  await kube.create(secrets, object, call).catch((error: unknown) => {
    if (!isAlreadyExists(error)) throw error;
  });
}
