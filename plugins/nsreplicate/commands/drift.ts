/** `drift`: what differs between the primary and its replicas. Nothing is written. */
import { outputOption } from '../../../src/cli/base-command.ts';
import type { KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { table } from '../../../src/cli/table.ts';
import { ExitCode } from '../../../src/errors.ts';
import { look, notAllCompared, SurveyCommand, unreadOf } from './base/survey-command.ts';
import { TaskCommand } from './base/task-command.ts';

export class DriftCommand extends SurveyCommand {
  static override paths = [['drift']];
  static override usage = TaskCommand.Usage({
    description: 'Compare replicas with the primary by digests, per namespace and kind.',
    details: 'Exit code 0 where nothing drifted, 5 where something did, or could not be compared.',
    examples: [['All that differs', '$0 drift --primary prod --replica standby']],
  });
  override output = outputOption('json', 'yaml', 'wide', 'table');
  all = option.flag('--all', { description: 'Also show what did not drift.' });

  override run(context: KubeCommandContext): Promise<Outcome> {
    return this.looking(context, async (opened) => {
      const { drift, isDrifted } = await import('../preview/drift.ts');
      const surveyed = await look(opened, context);
      for (const note of surveyed.notes) context.reporter.info(note);
      const lines = await drift(surveyed, context.signal);
      const unread = unreadOf(surveyed);
      const shown = this.all ? lines : lines.filter(isDrifted);
      const number = (count: number) => String(count);
      return {
        exitCode: lines.some(isDrifted) ? ExitCode.incomplete : ExitCode.ok,
        data: { task: opened.spec.name, lines, unread },
        error: notAllCompared(unread),
        table: table(
          shown,
          [
            { header: 'REPLICA', value: ({ replica }) => replica },
            { header: 'NAMESPACE', value: ({ namespace }) => namespace },
            { header: 'KIND', value: ({ kind }) => kind },
            { header: 'OBJECTS', value: ({ objects }) => number(objects) },
            { header: 'MISSING', value: ({ missing }) => number(missing) },
            { header: 'OUTDATED', value: ({ outdated }) => number(outdated) },
            { header: 'EDITED', value: ({ edited }) => number(edited) },
            { header: 'FOREIGN', value: ({ foreign }) => number(foreign) },
            { header: 'EXTRA', value: ({ extra }) => number(extra) },
            { header: 'WANTED', wide: true, value: ({ wanted }) => wanted },
            { header: 'PRESENT', wide: true, value: ({ present }) => present },
          ],
          unread.length === 0 ? 'Nothing has drifted.' : 'Nothing has drifted of what could be compared.',
        ),
      };
    });
  }
}
