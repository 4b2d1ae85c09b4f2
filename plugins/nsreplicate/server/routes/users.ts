/** Users, made by an admin. */
import type { Clock } from '../../../../src/clock.ts';
import type { KubeClient } from '../../../../src/kube/api/client.ts';
import { type Hashing, QueueFull } from '../accounts/hashing.ts';
import { addAccount, changeAccounts, newAccountId } from '../accounts/secret.ts';
import { type Caller, checkName, checkPassword, isWithin, type Role, roles } from '../http/account.ts';
import { Problem } from '../http/problem.ts';
import { type Ask, route } from '../http/route.ts';
import { input, list, object, oneOf, text } from '../http/schema.ts';

export interface UsersOptions {
  readonly state: KubeClient;
  readonly hashing: Hashing;
  readonly clock: Clock;
}

interface NewUser {
  readonly username: string;
  readonly password: string;
  readonly role: Role;
  readonly namespaces?: readonly string[];
}

const described = { username: text(), role: oneOf(roles) };

export const usersRoute = (options: UsersOptions) =>
  route<{ body: NewUser }>({
    method: 'POST',
    path: '/api/users',
    summary: 'Makes a user, who may do nothing that the asking admin may not.',
    needs: 'admin',
    body: object(
      {
        username: input('Name of the user', 63),
        password: input('At least 10 characters, at most 72 bytes', 256),
        role: oneOf(roles),
      },
      { namespaces: list(input('Namespace of the primary', 63), { minItems: 1, maxItems: 1000 }) },
    ),
    answers: { 201: { description: 'The user', schema: object(described, { namespaces: list(text()) }) } },
    problems: [409, 502, 503],
    handle: (ask) => make(options, ask),
  });

async function make(
  { state, hashing, clock }: UsersOptions,
  { body, caller, signal }: Ask<unknown, NewUser>,
) {
  const { username, password, role, namespaces } = body;
  const by = caller as Caller;
  checkName(username);
  checkPassword(password);
  if (!isWithin({ role, namespaces }, by))
    throw new Problem(403, `${by.name} may not let others do more than ${by.name} may.`);
  const hash = await hashing.hash(password).catch((error: unknown) => {
    if (!(error instanceof QueueFull)) throw error;
    throw new Problem(503, 'Too many passwords are hashed at this moment.', {
      headers: { 'retry-after': '5' },
    });
  });
  const grant = { role, ...(namespaces === undefined ? {} : { namespaces }) };
  const account = {
    hash,
    id: newAccountId(),
    ...grant,
    createdAt: clock.now().toISOString(),
    createdBy: by.name,
  };
  await changeAccounts(state, (accounts) => addAccount(accounts, username, account), { signal });
  return { status: 201, body: { username, ...grant } };
}
