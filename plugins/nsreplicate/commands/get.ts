/** `get`: why one object is as it is on each replica. */
import { outputOption } from '../../../src/cli/base-command.ts';
import type { KubeCommandContext } from '../../../src/cli/kube-command.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { X8sError } from '../../../src/errors.ts';
import { objectArgument, objectNameArgument, requireObject } from './base/object-argument.ts';
import type { Opened } from './base/open-task.ts';
import { notAllCompared, SurveyCommand, unreadOf } from './base/survey-command.ts';
import { TaskCommand } from './base/task-command.ts';

export class GetCommand extends SurveyCommand {
  static override paths = [['get']];
  static override usage = TaskCommand.Usage({
    description: 'Tell why one object is as it is on each replica.',
    details: `
      The rule that covers it, what becomes of it and why, digests of what it should be and is, who wrote which of
      its fields, and what was done last or fails. Nothing is written; \`plan\` shows how it differs.
    `,
    examples: [
      ['One object', '$0 get --config standby.yaml Secret shop/tls'],
      ['As kubectl names it', '$0 get --primary prod --replica standby secret/tls -n shop -o json'],
    ],
  });
  override output = outputOption('json', 'yaml', 'wide', 'table');
  object = objectArgument();
  objectName = objectNameArgument();

  protected override get takesNamespace(): boolean {
    return this.object !== undefined;
  }

  override run(context: KubeCommandContext): Promise<Outcome> {
    return this.looking(context, (opened) => this.#explain(opened, context));
  }

  async #explain(opened: Opened, context: KubeCommandContext): Promise<Outcome> {
    const [{ look }, { explainObject }, { readJobs }, { explanationTable, explanationText }] =
      await Promise.all([
        import('../preview/look.ts'),
        import('../preview/explain-object.ts'),
        import('../state/state.ts'),
        import('./output/object-text.ts'),
      ]);
    const { clock, signal, output } = context;
    const { primary, state, spec } = opened;
    const { place, resource } = await requireObject(this, primary.kube, signal);
    const [surveyed, jobs] = await Promise.all([
      look({ ...opened, clock, signal }, place),
      readJobs(state, spec.name, { signal }),
    ]);
    for (const note of surveyed.notes) context.reporter.info(note);
    const found = await explainObject(surveyed, { place, resource, jobs, signal });
    const unread = unreadOf(surveyed).filter(({ kind }) => kind === place.kind);
    if (
      !found.primary.exists &&
      found.replicas.every(({ exists }) => exists === false) &&
      unread.length === 0
    )
      throw new X8sError(`neither ${primary.name} nor any replica has ${place.kind} ${whereOf(place)}`);
    return {
      data: { task: spec.name, ...found, unread },
      text:
        output === 'table'
          ? undefined
          : explanationText(found, { whole: output === 'wide', now: clock.now() }),
      table: output === 'wide' ? undefined : explanationTable(found),
      error: notAllCompared(unread),
    };
  }
}

const whereOf = ({ namespace, name }: { readonly namespace: string; readonly name: string }): string =>
  namespace === '' ? name : `${namespace}/${name}`;
