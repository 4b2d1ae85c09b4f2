/** `kubectl x8sync verify NAME | SOURCE TARGET` */
import type { KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { KubeCommand } from '../../../src/cli/kube-command.ts';
import { argument, option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { parseIdentity } from '../objects/manifests/identity.ts';
import { moverImage } from '../objects/manifests/pods.ts';
import type { CopyRequest } from '../run/request/request.ts';
import type { Pair } from '../verify/pair.ts';
import { completeClaim, completeTask } from './completion.ts';
import { isReachGiven, reachFlags, serviceOptionsOf } from './options/network-options.ts';
import { allowEmptyOption, pairOf, timeoutOption } from './options/pair-options.ts';
import { podOptionsOf } from './options/pod-flags.ts';
import {
  excludeFromOption,
  excludeOption,
  includeOption,
  selectionOf,
  sourcePathOption,
  targetPathOption,
} from './options/selection-options.ts';
import { PairCommand } from './pair-command.ts';

export class VerifyCommand extends PairCommand {
  static override paths = [['verify']];
  static override usage = KubeCommand.Usage({
    description: 'Compare the files of two claims, every entry and every byte. Nothing is changed.',
    details: `
      Give the NAME of a task that copied them, or SOURCE and TARGET as for a copy. Both are mounted read-only and
      read where they are, side by side: content (SHA-256), size, mode, owner, times, links and which names are one
      file, ACLs and attributes. Only what describes the entries goes from one to the other.

      A task's two sides reach each other as they did for its copy (--push, --strategy and the flags of the Service), unless
      one of these is given; and the pods are those of its --run-as and --trusted-xattrs.

      Exit code 5 where they differ, with each difference. What only the target has is a difference too, except
      after a copy that kept it, and with --allow-extraneous.
    `,
    examples: [
      ['What a task has copied', '$0 verify move-db'],
      ['Two claims', '$0 verify prod-eu/shop/database prod-us/shop/database'],
      ['Each difference, for a program', '$0 verify -o json old/shop/data new/shop/data'],
    ],
  });

  source = argument.required('NAME|SOURCE', {
    description: 'Name of a task, or the claim to compare with.',
    complete: completeTask,
  });
  target = argument.optional('TARGET', { description: 'Claim that is compared.', complete: completeClaim });
  allowExtraneous = option.maybeFlag('--allow-extraneous', {
    description: 'What only the target has is no difference.',
  });
  allowEmpty = allowEmptyOption();
  sourcePath = sourcePathOption();
  targetPath = targetPathOption();
  exclude = excludeOption();
  include = includeOption();
  excludeFrom = excludeFromOption();
  trustedXattrs = option.flag('--trusted-xattrs', {
    description: 'Compare trusted.* attributes too: the pods get CAP_SYS_ADMIN for it.',
  });
  waitLimit = timeoutOption();

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const pod = await podOptionsOf(this);
    const pair = await this.#pair(context);
    const request = { ...this.#request(pair, context), pod };
    const flags = reachFlags(request);
    if (pair.reach && !isReachGiven(this) && flags.length > 0)
      context.reporter.info(`The two sides are reached as by the task: ${flags.join(' ')}`);
    const [{ copy }, { summaryOf }, { differenceError }] = await Promise.all([
      import('../run/copy/copy.ts'),
      import('../run/results/report.ts'),
      import('../run/results/verification.ts'),
    ]);
    const result = await copy(request, context);
    return {
      data: { ...result, warnings: context.reporter.warnings },
      text: summaryOf(result),
      error: differenceError(result, 'copy again'),
    };
  }

  async #pair(context: KubeCommandContext): Promise<Pair> {
    if (this.target !== undefined) {
      const { source, target, namespace } = this;
      const pair = await pairOf({ source, target, namespace }, context);
      return { ...pair, merged: false, selection: selectionOf(this) };
    }
    const [{ client, entry }, { pairOfTask }] = await Promise.all([
      this.oneTask(context, this.source),
      import('../verify/pair.ts'),
    ]);
    return pairOfTask(entry, client, { connectTo: context.kubeByServer, signal: context.signal });
  }

  #request(pair: Pair, { plugin }: KubeCommandContext): CopyRequest {
    const { source, target, merged, selection, owner } = pair;
    const { strategies, push } = this;
    const given = { strategies, push, service: serviceOptionsOf(this) };
    const reach = isReachGiven(this) ? given : (pair.reach ?? given);
    return {
      source,
      target,
      name: undefined,
      mode: 'verify',
      selection,
      owner,
      mayHaveMore: this.allowExtraneous ?? merged,
      allowEmpty: this.allowEmpty,
      // Nothing is written, so nobody is in the way.
      allowMounted: true,
      trustedXattrs: this.trustedXattrs || (pair.trustedXattrs ?? false),
      checksum: false,
      runAs: this.runAs === undefined ? pair.runAs : parseIdentity(this.runAs, '--run-as'),
      ...reach,
      image: this.image ?? moverImage(plugin.version),
      timeoutMs: this.waitLimit,
    };
  }
}
