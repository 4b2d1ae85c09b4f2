/** The plan of a task: what would change, as text, table and document. */
import type { KubeCommandContext } from '../../../../src/cli/kube-command.ts';
import type { Outcome } from '../../../../src/cli/output.ts';
import { table } from '../../../../src/cli/table.ts';
import { ExitCode, X8sError } from '../../../../src/errors.ts';
import type { Style } from '../../../../src/ui/style.ts';
import type { ObjectPlace } from '../../objects/keys.ts';
import type { PlannedChange } from '../../preview/plan.ts';
import type { Survey } from '../../preview/survey.ts';
import type { Opened } from '../base/open-task.ts';
import { look, notAllCompared, unreadOf } from '../base/survey-command.ts';

export interface PlanOutcomeOptions {
  /** Lines that belong to it. */
  readonly more?: (surveyed: Survey) => readonly string[];
  /** Of the text; that of stdout where absent. */
  readonly style?: Style;
}

/** The plan of a task, with exit code 5 where anything would change. */
export async function planOutcome(
  opened: Opened,
  context: KubeCommandContext,
  { more = () => [], style = context.style }: PlanOutcomeOptions = {},
): Promise<Outcome> {
  const { plan } = await import('../../preview/plan.ts');
  const surveyed = await look(opened, context);
  for (const note of surveyed.notes) context.reporter.info(note);
  const changes = await plan(surveyed, opened.spec, context.signal, { patch: patchFor(context) });
  return outcomeOf(changes, surveyed, { task: opened.spec.name }, { context, style, more: more(surveyed) });
}

/** The plan of one object. */
export async function objectPlanOutcome(
  opened: Opened,
  context: KubeCommandContext,
  place: ObjectPlace,
): Promise<Outcome> {
  const { planObject } = await import('../../preview/look.ts');
  const options = { ...opened, clock: context.clock, signal: context.signal };
  const { surveyed, isCopied, changes } = await planObject(options, place, { patch: patchFor(context) });
  for (const note of surveyed.notes) context.reporter.info(note);
  const where = place.namespace === '' ? place.name : `${place.namespace}/${place.name}`;
  if (!isCopied && changes.length === 0 && unreadOf(surveyed).length === 0)
    throw new X8sError(
      `${opened.primary.name} has no ${place.kind} ${where} that a rule covers, and no replica has a copy of it.`,
      { hint: 'What the rules cover, and why an object is not copied: `get`.' },
    );
  const data = { task: opened.spec.name, object: place, copied: isCopied };
  return outcomeOf(changes, surveyed, data, { context, style: context.style, more: [] });
}

/** YAML is for who reads text; how much of it, for who asked. */
function patchFor({ output }: KubeCommandContext): 'short' | 'whole' | undefined {
  if (output === 'wide') return 'whole';
  return output === undefined ? 'short' : undefined;
}

interface Shown {
  readonly context: KubeCommandContext;
  readonly style: Style;
  readonly more: readonly string[];
}

function outcomeOf(
  all: readonly PlannedChange[],
  surveyed: Survey,
  about: object,
  { context: { output }, style, more }: Shown,
): Outcome {
  const changes = all.filter(({ action }) => action !== 'left');
  const left = all.filter(({ action }) => action === 'left');
  const unread = unreadOf(surveyed);
  const nothing =
    unread.length === 0 ? 'Nothing would change.' : 'Nothing would change of what could be compared.';
  return {
    exitCode: changes.length === 0 ? ExitCode.ok : ExitCode.incomplete,
    data: { ...about, changes: all, unread },
    text: [
      ...changes.map((change) => textOf(change, style, output === 'wide')),
      ...leftLines(left),
      ...more,
      changes.length === 0 ? nothing : summary(changes),
    ].join('\n'),
    // Whole values have no room in a table.
    table: output === 'wide' ? undefined : table(all, columns, nothing),
    error: notAllCompared(unread),
  };
}

const columns = [
  { header: 'REPLICA', value: ({ replica }: PlannedChange) => replica },
  { header: 'ACTION', value: actionOf },
  { header: 'NAMESPACE', value: ({ namespace }: PlannedChange) => namespace },
  { header: 'KIND', value: ({ kind }: PlannedChange) => kind },
  { header: 'NAME', value: ({ name }: PlannedChange) => name },
  { header: 'NOTE', value: ({ note = '' }: PlannedChange) => inShort(note) },
];

function textOf(change: PlannedChange, style: Style, wide: boolean): string {
  const { replica, action, kind, namespace, name, diff, patch = [], note } = change;
  const where = namespace === '' ? name : `${namespace}/${name}`;
  const file = [kind, namespace, name].filter((part) => part !== '').join('.');
  const names = [`--- live/${file}`, `+++ planned/${file}`];
  return [
    `${replica}: ${actionOf(change)} ${kind} ${where}${note === undefined ? '' : ` (${wide ? note : inShort(note)})`}`,
    ...(patch.length === 0 ? [] : [...names, ...patch].map((line) => coloured(line, style))),
    ...(action === 'delete' && diff.length > 0 ? ['goes along:', ...diff.map((line) => `    ${line}`)] : []),
  ].join('\n');
}

/** As git colours what came and what went. */
function coloured(line: string, style: Style): string {
  if (line.startsWith('+')) return style.good(line);
  if (line.startsWith('-')) return style.bad(line);
  return line.startsWith('@@') ? style.faint(line) : line;
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
