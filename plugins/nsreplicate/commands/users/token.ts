/** `users token NAME` */
import type { KubeCommandContext } from '../../../../src/cli/kube-command.ts';
import { argument, option } from '../../../../src/cli/options.ts';
import type { Outcome } from '../../../../src/cli/output.ts';
import { UsageError } from '../../../../src/errors.ts';
import { accountOf, UsersCommand } from './users-command.ts';

const DAY_MS = 86_400_000;
const MOST_MS = 366 * DAY_MS;

export class UsersTokenCommand extends UsersCommand {
  static override paths = [['users', 'token']];
  static override usage = UsersCommand.Usage({
    description: 'Print a token of a user, for Prometheus and for scripts.',
    details: `
      Whoever may read the signing key, a Secret in namespace x8s-nsreplicate, may make one. It ends with the user, with a
      new password, and after --duration. Make a user of its own for each program, with the least role that it needs.
    `,
    examples: [['For Prometheus, thirty days', '$0 users token prometheus --primary prod > token']],
  });
  name = argument.required('NAME', { description: 'Name of the user.' });
  duration = option.duration('--duration', {
    description: 'How long it holds, at most 8784h. Default: 720h.',
    default: 30 * DAY_MS,
  });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const { name, duration } = this;
    if (duration <= 0 || duration > MOST_MS)
      throw new UsageError('--duration: at least 1s, and at most 8784h');
    const [{ ensureSigningKey, readAccounts, readSigningKey }, { signToken }] = await Promise.all([
      import('../../server/accounts/secret.ts'),
      import('../../server/accounts/tokens.ts'),
    ]);
    const call = { signal: context.signal };
    const kube = await this.state(context);
    const { id } = accountOf(await readAccounts(kube, call), name);
    await ensureSigningKey(kube, call);
    const now = context.clock.now();
    const expiresAt = new Date(now.getTime() + duration);
    const token = await signToken({ name, id }, await readSigningKey(kube, call), now, expiresAt);
    return { data: { token, expiresAt: expiresAt.toISOString() }, text: token };
  }
}
