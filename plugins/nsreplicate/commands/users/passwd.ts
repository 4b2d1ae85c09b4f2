/** `users passwd NAME` */
import type { KubeCommandContext } from '../../../../src/cli/kube-command.ts';
import { argument } from '../../../../src/cli/options.ts';
import type { Outcome } from '../../../../src/cli/output.ts';
import { accountOf, hashedPassword, UsersCommand } from './users-command.ts';

export class UsersPasswdCommand extends UsersCommand {
  static override paths = [['users', 'passwd']];
  static override usage = UsersCommand.Usage({
    description: 'Give a user a new password. Tokens from before end.',
    examples: [['From a file', '$0 users passwd alice < password.txt']],
  });
  name = argument.required('NAME', { description: 'Name of the user.' });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const { changeAccounts, newAccountId, readAccounts } = await import('../../server/accounts/secret.ts');
    const { name } = this;
    const { signal } = context;
    const kube = await this.state(context);
    accountOf(await readAccounts(kube, { signal }), name);
    const hash = await hashedPassword(context, name);
    const change = (accounts: Parameters<Parameters<typeof changeAccounts>[1]>[0]) =>
      void accounts.set(name, { ...accountOf(accounts, name), hash, id: newAccountId() });
    await changeAccounts(kube, change, { signal });
    return { data: { name }, text: `User ${name} has a new password; tokens from before have ended.` };
  }
}
