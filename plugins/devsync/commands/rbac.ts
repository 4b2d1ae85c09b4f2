/** `kubectl devsync rbac` */
import { outputOption } from '../../../src/cli/base-command.ts';
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { UsageError } from '../../../src/errors.ts';
import { rbacManifest } from '../../../src/kube/cluster/access.ts';
import { extraRights, rightsFor } from '../control/rights.ts';
import { launchers } from '../spec/spec.ts';

interface Subject {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
  readonly apiGroup?: string;
}

export class RbacCommand extends KubeCommand {
  static override paths = [['rbac']];
  static override usage = KubeCommand.Usage({
    description: 'Print the least Role that devsync works with in a namespace; asks no cluster.',
    details: `
      With --subject, a RoleBinding as well. \`auto\` holds what it takes to get into a container or beside it; the agents of
      nodes have to be named, and need a second Role, in their own namespace.
    `,
    examples: [
      ['For a group of developers', '$0 rbac -n shop --subject group:developers | kubectl apply -f -'],
      ['Where containers have a Node.js of their own', '$0 rbac -n shop --launcher exec'],
    ],
  });
  override output = outputOption('json', 'yaml');
  launcher = option.choice('--launcher', launchers, {
    description: 'How agents get to containers.',
    default: 'auto',
  });
  also = option.choices('--also', extraRights, {
    description:
      'rollout, exec: reload rules that roll out or run a command; init: the trial of the agent’s image in a pod; claims: tell a claim from another one of its name.',
  });
  role = option.text('--role', { value: 'NAME', description: 'Name of the Role.', default: 'devsync' });
  subject = option.repeated('--subject', {
    value: 'KIND:NAME',
    description: 'Who gets it: user:NAME, group:NAME or serviceaccount:NAMESPACE:NAME. May be repeated.',
  });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const subjects = this.subject.map(parseSubject);
    const namespace = this.namespace ?? (await context.kube()).cluster.namespace;
    const roles = rbacManifest(rightsFor(namespace, this.launcher, this.also), this.role);
    const objects = [
      ...roles,
      ...(subjects.length > 0 ? roles.map((role) => bindingOf(role, subjects)) : []),
    ];
    const { stringify } = await import('yaml');
    const yaml = (object: unknown) => stringify(object, { aliasDuplicateObjects: false, lineWidth: 0 });
    return {
      data: { apiVersion: 'v1', kind: 'List', items: objects },
      text: objects.map(yaml).join('---\n').trimEnd(),
    };
  }
}

function bindingOf(
  { kind = '', metadata: { name, namespace } }: ReturnType<typeof rbacManifest>[number],
  subjects: readonly Subject[],
) {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: `${kind}Binding`,
    metadata: { name, namespace },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name },
    subjects,
  };
}

function parseSubject(text: string): Subject {
  const [kind, ...rest] = text.split(':');
  const apiGroup = 'rbac.authorization.k8s.io';
  const [first = '', second = ''] = rest;
  // Names of users and groups may have colons in them: system:authenticated.
  const name = rest.join(':');
  if (kind === 'user' && name !== '') return { kind: 'User', name, apiGroup };
  if (kind === 'group' && name !== '') return { kind: 'Group', name, apiGroup };
  if (kind === 'serviceaccount' && rest.length === 2 && first !== '' && second !== '')
    return { kind: 'ServiceAccount', name: second, namespace: first };
  throw new UsageError(`--subject ${JSON.stringify(text)} is no user, group or service account`, {
    hint: 'Write user:NAME, group:NAME or serviceaccount:NAMESPACE:NAME.',
  });
}
