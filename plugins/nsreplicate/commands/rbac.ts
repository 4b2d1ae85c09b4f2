/** `rbac`: the least roles with which a task works. Nothing is written. */
import { outputOption } from '../../../src/cli/base-command.ts';
import type { KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { UsageError } from '../../../src/errors.ts';
import type { KubeObject } from '../../../src/kube/objects.ts';
import type { Side, Subject } from '../preflight/manifests.ts';
import type { Opened } from './open-task.ts';
import { SurveyCommand } from './survey-command.ts';
import { TaskCommand } from './task-command.ts';

const sideNames = ['primary', 'replica', 'state'] as const satisfies Side[];

export class RbacCommand extends SurveyCommand {
  static override paths = [['rbac']];
  static override usage = TaskCommand.Usage({
    description:
      'Print the least roles with which a task works: on the primary, on replicas, and for its state.',
    details: `
      They are for a watch with just these rules and flags, deletions included. Where namespaces are named without "*",
      they are rights in these namespaces alone, which then have to be there on the replicas.
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

  override run(context: KubeCommandContext): Promise<Outcome> {
    const subject = this.bindTo === undefined ? undefined : parseSubject(this.bindTo);
    return this.looking(context, (opened) => this.#print(opened, subject, context));
  }

  async #print(opened: Opened, subject: Subject | undefined, context: KubeCommandContext): Promise<Outcome> {
    const [{ chooseKinds }, { isElsewhere, rightsOf }, { manifestsOf }, { stringify }] = await Promise.all([
      import('../clusters/kinds.ts'),
      import('../preflight/rights.ts'),
      import('../preflight/manifests.ts'),
      import('yaml'),
    ]);
    const { spec, primary, replicas, state } = opened;
    const { kinds, notes } = await chooseKinds(primary, spec.rules, { signal: context.signal });
    for (const note of notes) context.reporter.info(note);
    const rights = rightsOf(spec, kinds, { isStateElsewhere: isElsewhere(state, primary) });
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
