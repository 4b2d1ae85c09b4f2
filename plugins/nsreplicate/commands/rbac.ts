/** `rbac`: the least roles with which a task works. Nothing is written. */
import { outputOption } from '../../../src/cli/base-command.ts';
import type { KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { UsageError } from '../../../src/errors.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import type { CopiedKind } from '../clusters/kinds.ts';
import type { Side, Subject } from '../preflight/manifests.ts';
import type { Opened } from './base/open-task.ts';
import { SurveyCommand } from './base/survey-command.ts';
import { TaskCommand } from './base/task-command.ts';

const sideNames = ['primary', 'replica', 'state'] as const satisfies Side[];
const doings = ['watch', 'promote', 'demote'] as const;

export class RbacCommand extends SurveyCommand {
  static override paths = [['rbac']];
  static override usage = TaskCommand.Usage({
    description:
      'Print the least roles with which a task works: on the primary, on replicas, and for its state.',
    details: `
      They are for a watch with just these rules and flags, deletions included. Where namespaces are named without "*",
      they are rights in these namespaces alone, which then have to be there on the replicas. A standby takes no more than
      any other replica; a promotion and a demotion do: --doing.
    `,
    examples: [
      ['Look at them', '$0 rbac --config dr.yaml'],
      [
        'Give them to a ServiceAccount of the replica',
        '$0 rbac --config dr.yaml --for replica --bind-to serviceaccount:ops:copier | kubectl --context standby apply -f -',
      ],
    ],
  });
  override output = outputOption('json', 'yaml');
  for = option.choices('--for', sideNames, {
    description: 'Only for the primary, a replica or the state. Default: all three.',
  });
  bindTo = option.text('--bind-to', {
    value: 'SUBJECT',
    description: 'Also bind them to user:NAME, group:NAME or serviceaccount:NAMESPACE:NAME.',
  });

  doing = option.choice('--doing', doings, {
    description:
      'What the roles are for: a watch, and --once with it, `promote`, or `demote` with the same flags. Default: watch.',
    default: 'watch',
  });
  escalate = option.flag('--escalate', {
    description:
      'Where Roles or bindings are copied, also what lets them be copied whatever they grant: `escalate` and `bind`.',
  });

  override run(context: KubeCommandContext): Promise<Outcome> {
    const subject = this.bindTo === undefined ? undefined : parseSubject(this.bindTo);
    return this.looking(context, (opened) => this.#print(opened, subject, context), 'unused');
  }

  async #print(opened: Opened, subject: Subject | undefined, context: KubeCommandContext): Promise<Outcome> {
    const [{ chooseKindsOnAny }, { isElsewhere, rightsOf }, failover, { manifestsOf }, { stringify }] =
      await Promise.all([
        import('../clusters/kinds.ts'),
        import('../preflight/rights.ts'),
        import('../preflight/failover-rights.ts'),
        import('../preflight/manifests.ts'),
        import('yaml'),
      ]);
    const { spec, primary, replicas, state } = opened;
    const { kinds, notes } = await chooseKindsOnAny([primary, ...replicas], spec.rules, {
      signal: context.signal,
    });
    for (const note of notes) context.reporter.info(note);
    const { escalate: escalates } = this;
    const watch = rightsOf(spec, kinds, { isStateElsewhere: isElsewhere(state, primary), escalates });
    const rights = {
      watch: () => watch,
      promote: () => failover.promotionRights(watch),
      demote: () => failover.demotionRights(watch),
    }[this.doing]();
    if (this.doing !== 'promote' && !escalates) await this.#tellOfGranting(kinds, context);
    const manifests = manifestsOf(spec.name, rights, subject);
    const shown = sideNames.filter((side) => this.for.length === 0 || this.for.includes(side));
    const whom = {
      primary: `the primary ${primary.name}`,
      replica: replicas.map(({ name }) => `the replica ${name}`).join(' and '),
      state: `what keeps the task's state, ${state.cluster.context}`,
    };
    const textOf = (side: Side) =>
      manifests[side].map((object) => document(object, `For ${whom[side]}`, stringify)).join('');
    return {
      data: Object.fromEntries(shown.map((side) => [side, manifests[side]])),
      text: shown.map(textOf).join(''),
    };
  }

  /** That these roles are not enough has to be said where it is so. */
  async #tellOfGranting(kinds: readonly CopiedKind[], { reporter }: KubeCommandContext): Promise<void> {
    const { grantingKinds } = await import('../preflight/granting-rights.ts');
    const granting = grantingKinds(kinds);
    if (granting.length === 0) return;
    reporter.warn(
      `${granting.join(', ')}: an API server lets nobody grant what they may not do themselves, so whoever has just these roles can't copy such objects. Either it gets all that they grant, or \`escalate\` and \`bind\`, by which it may grant itself anything: --escalate prints these.`,
    );
  }
}

const document = (object: KubeObject, comment: string, stringify: (value: unknown) => string): string =>
  `---\n# ${comment}\n${stringify(object)}`;

/** @throws {UsageError} it is none of the three */
export function parseSubject(text: string): Subject {
  const [kind = '', first = '', ...rest] = text.split(':');
  const name = [first, ...rest].join(':');
  if (kind === 'user' && name !== '') return { kind: 'User', name };
  if (kind === 'group' && name !== '') return { kind: 'Group', name };
  if (kind === 'serviceaccount' && first !== '' && rest.length === 1 && rest[0] !== '')
    return { kind: 'ServiceAccount', namespace: first, name: rest[0] ?? '' };
  throw new UsageError(`--bind-to: ${JSON.stringify(text)} names nobody.`, {
    hint: 'user:NAME, group:NAME or serviceaccount:NAMESPACE:NAME',
  });
}
