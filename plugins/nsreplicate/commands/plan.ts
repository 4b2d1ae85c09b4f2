/** `plan` (`diff`) and `drift`: what would change, and what has drifted. Nothing is written. */
import { outputOption } from '../../../src/cli/base-command.ts';
import type { KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { table } from '../../../src/cli/table.ts';
import { ExitCode, IncompleteError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/client.ts';
import type { PlannedChange } from '../preview/plan.ts';
import type { Survey } from '../preview/survey.ts';
import { type Opened, TaskCommand } from './task-command.ts';

/** Lists both sides as the task would. */
async function look(
  { spec, primary, replicas, state }: Opened,
  { clock, signal }: KubeCommandContext,
): Promise<Survey> {
  const [
    { survey },
    { Informers },
    { AppliedResults },
    { findDigestKey },
    { readSavedState, readResults },
    { randomBytes },
  ] = await Promise.all([
    import('../preview/survey.ts'),
    import('../cache/informers.ts'),
    import('../cache/applied-results.ts'),
    import('../state/digest-key.ts'),
    import('../state/state.ts'),
    import('node:crypto'),
  ]);
  // A task that never ran has copied no Secret yet, so any key will do.
  const key = (await findDigestKey(state, spec.name, { signal })) ?? randomBytes(32);
  const [saved, kept] = await Promise.all([
    readSavedState(state, spec.name, { signal }),
    readResults(state, spec.name, { signal }),
  ]);
  const results = new AppliedResults(kept);
  return survey({ spec, primary, replicas, informers: new Informers(clock), key, saved, results, signal });
}

/** The plan of a task, with exit code 5 where anything would change. */
export async function planOutcome(opened: Opened, context: KubeCommandContext): Promise<Outcome> {
  const { plan } = await import('../preview/plan.ts');
  const surveyed = await look(opened, context);
  for (const note of surveyed.notes) context.reporter.info(note);
  const all = await plan(surveyed, opened.spec, context.signal);
  const changes = all.filter(({ action }) => action !== 'left');
  const left = all.filter(({ action }) => action === 'left');
  const unread = unreadOf(surveyed);
  const nothing =
    unread.length === 0 ? 'Nothing would change.' : 'Nothing would change of what could be compared.';
  return {
    exitCode: changes.length === 0 ? ExitCode.ok : ExitCode.incomplete,
    data: { task: opened.spec.name, changes: all, unread },
    text: [
      ...changes.map(textOf),
      ...leftLines(left),
      changes.length === 0 ? nothing : summary(changes),
    ].join('\n'),
    table: table(all, columns, nothing),
    error: notAllCompared(unread),
  };
}

/** What could not be looked at; of the primary too, whose copies nobody can tell anything of then. */
const unreadOf = ({ primary, unread: onPrimary, replicas }: Survey) => [
  ...onPrimary.map((one) => ({ cluster: primary.name, ...one })),
  ...replicas.flatMap(({ cluster, unread }) => unread.map((one) => ({ cluster: cluster.name, ...one }))),
];

/** Silence about what could not be looked at would pass for being equal. */
function notAllCompared(unread: ReturnType<typeof unreadOf>): IncompleteError | undefined {
  if (unread.length === 0) return undefined;
  return new IncompleteError('not everything could be compared', {
    details: unread.map(({ cluster, kind, why }) => `${cluster}: ${kind} can't be read: ${why}`),
    hint: 'What is needed on replicas: get, list, watch, create and patch on what is copied.',
  });
}

const columns = [
  { header: 'REPLICA', value: ({ replica }: PlannedChange) => replica },
  { header: 'ACTION', value: actionOf },
  { header: 'NAMESPACE', value: ({ namespace }: PlannedChange) => namespace },
  { header: 'KIND', value: ({ kind }: PlannedChange) => kind },
  { header: 'NAME', value: ({ name }: PlannedChange) => name },
  { header: 'NOTE', wide: true, value: ({ note = '' }: PlannedChange) => note },
];

function textOf(change: PlannedChange): string {
  const { replica, kind, namespace, name, diff, note } = change;
  const where = namespace === '' ? name : `${namespace}/${name}`;
  return [
    `${replica}: ${actionOf(change)} ${kind} ${where}${note === undefined ? '' : ` (${inShort(note)})`}`,
    ...diff.map((line) => `    ${line}`),
  ].join('\n');
}

const LONGEST_NOTE = 300;

/** Servers may give a hundred permissions as one reason; all of it is in `-o wide` and `-o json`. */
function inShort(note: string): string {
  const [line = '', ...others] = note.split('\n');
  const cut = line.length > LONGEST_NOTE ? `${line.slice(0, LONGEST_NOTE)}…` : line;
  if (others.length > 0) return `${cut} … and ${others.length} more lines; -o wide shows them`;
  return cut;
}

/** What stays as it is though the two sides differ, or may: a line for each reason. */
function leftLines(left: readonly PlannedChange[]): string[] {
  const groups = Map.groupBy(left, ({ replica, note }) => `${replica} ${note}`);
  return [...groups.values()].map((group) => `${group[0]?.replica}: ${group.length} left: ${group[0]?.note}`);
}

function summary(changes: readonly PlannedChange[]): string {
  return [...Map.groupBy(changes, actionOf)]
    .map(([action, { length }]) => `${length} ${/^(refused|can't)/.test(action) ? '' : 'to '}${action}`)
    .join(', ');
}

/** What would be done, or tried in vain. */
function actionOf({ action, blocked }: PlannedChange): string {
  return blocked ? `can't ${action}` : action;
}

/** Commands that look and write nothing. */
abstract class LookCommand extends TaskCommand {
  protected async looking(
    context: KubeCommandContext,
    show: (opened: Opened) => Promise<Outcome>,
  ): Promise<Outcome> {
    const clients: KubeClient[] = [];
    try {
      // Plans show what a watch would do, deletions included.
      return await show(await this.begin(context, { watches: true, hand: (client) => clients.push(client) }));
    } finally {
      await Promise.allSettled(clients.map((client) => client.close()));
    }
  }
}

export class PlanCommand extends LookCommand {
  static override paths = [['plan'], ['diff']];
  static override usage = TaskCommand.Usage({
    description: 'Show what would change on each replica, and change nothing.',
    details: `
      What differs by digest is dry-run on the replica and shown field by field; values of Secrets are masked.
      Exit code 0 where nothing would change, 5 where something would, or could not be compared.
    `,
    examples: [['Before the first run', '$0 plan --primary prod --replica standby --sync-namespaces shop']],
  });
  override output = outputOption('json', 'yaml', 'wide', 'table');

  override run(context: KubeCommandContext): Promise<Outcome> {
    return this.looking(context, (opened) => planOutcome(opened, context));
  }
}

export class DriftCommand extends LookCommand {
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
