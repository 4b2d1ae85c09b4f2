/** `users list` */
import { outputOption } from '../../../../src/cli/base-command.ts';
import type { KubeCommandContext } from '../../../../src/cli/kube-command.ts';
import type { Outcome } from '../../../../src/cli/output.ts';
import { table } from '../../../../src/cli/table.ts';
import { UsersCommand } from './users-command.ts';

export class UsersListCommand extends UsersCommand {
  static override paths = [['users', 'list']];
  static override usage = UsersCommand.Usage({
    description: 'Show who may use the service, and what they may do.',
    examples: [['All users', '$0 users list --primary prod']],
  });
  override output = outputOption('json', 'yaml', 'wide', 'table');

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const { readAccounts } = await import('../../server/accounts/secret.ts');
    const accounts = await readAccounts(await this.state(context), { signal: context.signal });
    const users = [...accounts].map(([name, { role, namespaces, createdAt, createdBy }]) => ({
      name,
      role,
      namespaces,
      createdAt,
      createdBy,
    }));
    type User = (typeof users)[number];
    return {
      data: users,
      table: table(
        users,
        [
          { header: 'NAME', value: ({ name }: User) => name },
          { header: 'ROLE', value: ({ role }: User) => role },
          { header: 'NAMESPACES', value: ({ namespaces }: User) => namespaces?.join(',') ?? 'all' },
          { header: 'CREATED', value: ({ createdAt }: User) => createdAt },
          { header: 'BY', value: ({ createdBy }: User) => createdBy },
        ],
        'There are no users.',
      ),
    };
  }
}
