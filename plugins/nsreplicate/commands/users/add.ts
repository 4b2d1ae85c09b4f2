/** `users add NAME` */
import type { KubeCommandContext } from '../../../../src/cli/kube-command.ts';
import { argument, option } from '../../../../src/cli/options.ts';
import type { Outcome } from '../../../../src/cli/output.ts';
import { hashedPassword, UsersCommand } from './users-command.ts';

export class UsersAddCommand extends UsersCommand {
  static override paths = [['users', 'add']];
  static override usage = UsersCommand.Usage({
    description: 'Make a user of the service that `--listen` starts.',
    details: `
      The password is asked for, or read from standard input, at least 10 characters. A viewer looks, an operator also
      retries, pauses, resumes and approves, an admin also makes users. Users are kept in a Secret in namespace
      x8s-nsreplicate, their passwords as bcrypt hashes.
    `,
    examples: [
      ['The first user', '$0 users add alice --role admin --primary prod'],
      ['One who sees two namespaces', '$0 users add bob --role viewer --namespaces shop,pay'],
    ],
  });
  name = argument.required('NAME', { description: 'Name of the user.' });
  role = option.choice('--role', ['viewer', 'operator', 'admin'], {
    description: 'What the user may do. Default: viewer.',
    default: 'viewer',
  });
  namespaces = option.list('--namespaces', {
    value: 'NAMES',
    description: 'Only for these namespaces of the primary. Default: all.',
  });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const { name, role, namespaces } = this;
    const [{ checkName }, { addAccount, changeAccounts, newAccountId, readAccounts }] = await Promise.all([
      import('../../server/http/account.ts'),
      import('../../server/accounts/secret.ts'),
    ]);
    checkName(name);
    const { signal, clock } = context;
    const kube = await this.state(context);
    // Nobody types a password for nothing.
    addAccount(await readAccounts(kube, { signal }), name, blank);
    const hash = await hashedPassword(context, name);
    const grant = { role, ...(namespaces.length > 0 ? { namespaces } : {}) };
    const { thisProcess } = await import('../../../../src/tasks/holder.ts');
    const made = { createdAt: clock.now().toISOString(), createdBy: thisProcess().who };
    const account = { hash, id: newAccountId(), ...grant, ...made };
    await changeAccounts(kube, (accounts) => addAccount(accounts, name, account), { signal });
    return { data: { name, ...grant }, text: `User ${name} is made: ${role}${describe(namespaces)}.` };
  }
}

const blank = { hash: '', id: '', role: 'viewer', createdAt: '', createdBy: '' } as const;

const describe = (namespaces: readonly string[]): string =>
  namespaces.length === 0 ? ' for all namespaces' : ` for ${namespaces.join(', ')}`;
