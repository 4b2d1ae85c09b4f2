/** `kubectl x8sync doctor SOURCE TARGET` */
import { outputOption } from '../../../src/cli/base-command.ts';
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { argument, option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { table } from '../../../src/cli/table.ts';
import { UsageError } from '../../../src/errors.ts';
import type { Finding } from '../doctor/finding.ts';
import { parseGroup, parseIdentity } from '../objects/manifests/identity.ts';
import { moverImage } from '../objects/manifests/pods.ts';
import { completeClaim } from './completion.ts';
import { thenOption } from './options/cutover-options.ts';
import { serviceOptionsOf } from './options/network-options.ts';
import { pairOf } from './options/pair-options.ts';
import { podOptionsOf } from './options/pod-flags.ts';
import { againOption } from './options/task-options.ts';
import { PairCommand } from './pair-command.ts';

export class DoctorCommand extends PairCommand {
  static override paths = [['doctor']];
  static override usage = KubeCommand.Usage({
    description: 'Tell what stands for and against a copy. Nothing is made.',
    details: `
      Looked at are the rights of this user, verb by verb, both claims and who mounts them, what the namespaces admit
      (Pod Security, policies, quotas, limit ranges), nodes, image, strategies and room. Objects are created by dry run.
      What only pods can find out is named as not known: whether they reach each other, what is in the volumes.

      Exit code 0 where nothing is known that a copy would fail of; else the one that the copy would end with.
    `,
    examples: [
      ['Before a copy', '$0 doctor prod-eu/shop/database prod-us/shop/database'],
      [
        'What did not pass, for a program',
        '$0 doctor -o json a/shop/db b/shop/db | jq \'.findings[] | select(.verdict != "ok")\'',
      ],
    ],
  });
  override output = outputOption('json', 'yaml', 'table');
  source = argument.required('SOURCE', { description: 'Claim to copy from.', complete: completeClaim });
  target = argument.required('TARGET', { description: 'Claim to copy to.', complete: completeClaim });
  fsGroup = option.text('--fs-group', {
    value: 'GID',
    description: 'Group that the copy would give an empty target to.',
  });
  trustedXattrs = option.flag('--trusted-xattrs', {
    description: 'Look for pods that may copy trusted.* attributes.',
  });
  allowMounted = option.flag('--allow-mounted', {
    description: 'That pods have the target mounted is no obstacle.',
  });
  cutover = option.flag('--cutover', {
    description: 'Also what a cutover would stop and start, and what stands against it.',
  });
  thenStart = thenOption();
  again = againOption();

  override async run(context: KubeCommandContext): Promise<Outcome> {
    if (this.thenStart !== undefined && !this.cutover) throw new UsageError('--then belongs to --cutover');
    const { strategies, trustedXattrs, allowMounted, again, fsGroup, runAs } = this;
    const pair = await pairOf(this, context);
    const { examine } = await import('../doctor/doctor.ts');
    const { error, ...found } = await examine(
      {
        ...pair,
        strategies,
        push: this.push,
        service: serviceOptionsOf(this),
        runAs: runAs === undefined ? undefined : parseIdentity(runAs, '--run-as'),
        fsGroup: fsGroup === undefined ? undefined : parseGroup(fsGroup, '--fs-group'),
        trustedXattrs,
        allowMounted,
        again,
        cutover: this.cutover ? (this.thenStart ?? 'target') : undefined,
        image: this.image ?? moverImage(context.plugin.version),
        pod: await podOptionsOf(this),
      },
      context,
    );
    return { data: found, table: tableOf(found.findings), error };
  }
}

const tableOf = (findings: readonly Finding[]) =>
  table(
    findings,
    [
      { header: 'SIDE', value: ({ side }) => side },
      { header: 'CHECK', value: ({ check }) => check },
      { header: 'VERDICT', value: ({ verdict }) => verdict },
      { header: 'FOUND', value: ({ message }) => message },
    ],
    'Nothing was checked.',
  );
