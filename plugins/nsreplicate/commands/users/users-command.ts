/** What commands share that are about users of the service. */

import { KubeCommand, type KubeCommandContext } from '../../../../src/cli/kube-command.ts';
import { option } from '../../../../src/cli/options.ts';
import { contextNames } from '../../../../src/cli/providers.ts';
import { X8sError } from '../../../../src/errors.ts';
import type { KubeClient } from '../../../../src/kube/api/client.ts';
import type { Account } from '../../server/http/account.ts';

/** Commands for users, who are kept in the cluster that keeps the tasks' state. */
export abstract class UsersCommand extends KubeCommand {
  primary = option.text('--primary', {
    value: 'CONTEXT',
    description: "The cluster that keeps the tasks' state. Default: the current context.",
    complete: contextNames,
  });

  protected state(context: KubeCommandContext): Promise<KubeClient> {
    return context.kube(this.primary);
  }
}

/** @throws {X8sError} there is no such user */
export function accountOf(accounts: ReadonlyMap<string, Account>, name: string): Account {
  const account = accounts.get(name);
  if (account) return account;
  throw new X8sError(`There is no user ${name}.`, {
    hint:
      accounts.size === 0
        ? 'There is none at all: `users add`.'
        : `There are ${[...accounts.keys()].join(', ')}.`,
  });
}

/** Asks for a new password, or reads it from standard input, and hashes it. */
export async function hashedPassword(context: KubeCommandContext, name: string): Promise<string> {
  const [{ checkPassword }, { Hashing }] = await Promise.all([
    import('../../server/http/account.ts'),
    import('../../server/accounts/hashing.ts'),
  ]);
  const password = await context.password(`New password of ${name}`);
  checkPassword(password);
  const hashing = new Hashing(context.clock);
  try {
    return await hashing.hash(password);
  } finally {
    await hashing.close();
  }
}
