/** `kubectl x8sync rbac SOURCE TARGET` */
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { argument, option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { UsageError } from '../../../src/errors.ts';
import type { Makes } from '../preflight/permissions.ts';
import type { ClusterRoles } from '../preflight/roles.ts';
import { completeClaim } from './completion.ts';
import { thenOption } from './options/cutover-options.ts';
import { checkDirection, pushOption } from './options/network-options.ts';
import { pairOf, strategyOption } from './options/pair-options.ts';

export class RbacCommand extends KubeCommand {
  static override paths = [['rbac']];
  static override usage = KubeCommand.Usage({
    description: 'Print the least Roles that let somebody copy. No cluster is asked or changed.',
    details: `
      A Role for each namespace, with what the strategies take that may be tried: fewer of them by --strategy take
      less. Who is to copy gets it by a RoleBinding of yours.
    `,
    examples: [
      [
        'Grant what the source takes',
        '$0 rbac --side source a/shop/db b/shop/db | kubectl --context a apply -f -',
      ],
      ['For a cutover', '$0 rbac --cutover --create-target a/shop/db b/shop/db'],
      ['By a node port only', '$0 rbac --strategy nodeport a/shop/db b/shop/db'],
    ],
  });
  source = argument.required('SOURCE', { description: 'Claim to copy from.', complete: completeClaim });
  target = argument.required('TARGET', { description: 'Claim to copy to.', complete: completeClaim });
  strategies = strategyOption();
  side = option.choice('--side', ['source', 'target'], { description: 'What this side takes only.' });
  push = pushOption();
  snapshot = option.flag('--snapshot', { description: 'Also what --snapshot takes.' });
  clone = option.flag('--clone', { description: 'Also what --clone takes.' });
  growTarget = option.flag('--grow-target', { description: 'Also what --grow-target takes.' });
  createTarget = option.flag('--create-target', { description: 'Also what --create-target takes.' });
  every = option.text('--every', {
    value: 'INTERVAL',
    description: 'Also what --every takes at the target; the interval makes no difference.',
  });
  cutover = option.flag('--cutover', {
    description: 'Also what --cutover takes; --then says on which sides.',
  });
  thenStart = thenOption();
  helpful = option.flag('--helpful', {
    description:
      'Also what a copy goes without: it sees and says more with it, and gets through more policies.',
  });

  get #snapshot(): 'snapshot' | 'clone' | undefined {
    // A snapshot takes all that a clone does.
    if (this.snapshot) return 'snapshot';
    return this.clone ? 'clone' : undefined;
  }

  /** What a copy takes beyond what its strategies do. */
  async #further(): Promise<Omit<Makes, 'server' | 'service'>> {
    const { cutover, thenStart = 'target', growTarget: growth, createTarget: creation } = this;
    const { scaledSides } = await import('../records/cutover-state.ts');
    const schedule = this.every === undefined ? undefined : 'asking';
    const scaled = cutover ? scaledSides(thenStart) : [];
    return { snapshot: this.#snapshot, growth, creation, schedule, cutover: scaled };
  }

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const [{ rolesFor }, { mayBeMadeFor }, { stringify }] = await Promise.all([
      import('../preflight/roles.ts'),
      import('../connect/strategies.ts'),
      import('yaml'),
    ]);
    checkDirection({ ...noHosts, push: this.push, strategies: this.strategies });
    const sides = this.side === undefined ? (['source', 'target'] as const) : [this.side];
    const makes = { ...mayBeMadeFor(this.strategies, this.push), ...(await this.#further()) };
    if (this.thenStart !== undefined && !this.cutover) throw new UsageError('--then belongs to --cutover');
    const all = rolesFor(await pairOf(this, context), { sides, makes, helpful: this.helpful });
    const text = all.map(
      (one) => `# ${headline(one)}\n${one.roles.map((role) => stringify(role)).join('---\n')}`,
    );
    return {
      data: { apiVersion: 'v1', kind: 'List', items: all.flatMap(({ roles }) => roles) },
      text: text.join('---\n').trimEnd(),
    };
  }
}

const noHosts = { sourceHost: undefined, targetHost: undefined };

const headline = ({ context, sides }: ClusterRoles) => `${sides.join(' and ')}, in ${context}`;
