/** `users remove NAME` */
import type { KubeCommandContext } from '../../../../src/cli/kube-command.ts';
import { argument } from '../../../../src/cli/options.ts';
import type { Outcome } from '../../../../src/cli/output.ts';
import { accountOf, UsersCommand } from './users-command.ts';

export class UsersRemoveCommand extends UsersCommand {
  static override paths = [['users', 'remove']];
  static override usage = UsersCommand.Usage({
    description: 'Remove a user of the service. Tokens of the user end.',
    examples: [['Somebody has left', '$0 users remove bob --primary prod']],
  });
  name = argument.required('NAME', { description: 'Name of the user.' });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const { changeAccounts } = await import('../../server/accounts/secret.ts');
    const { name } = this;
    await changeAccounts(
      await this.state(context),
      (accounts) => {
        accountOf(accounts, name);
        accounts.delete(name);
      },
      { signal: context.signal },
    );
    return { data: { name }, text: `User ${name} is removed.` };
  }
}
