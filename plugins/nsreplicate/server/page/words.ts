/** What a person on call reads: figures, and failures with what to do about them. Pure. */

/** What a reason of a failure means, and what helps. */
interface Explanation {
  readonly means: string;
  readonly help: string;
}

const explanations: Readonly<Record<string, Explanation>> = {
  'not-ours': {
    means: 'An object of that name is there already, and this task did not make it.',
    help: 'Delete or rename it on the replica, or run the task with --adopt to take it over.',
  },
  conflict: {
    means: 'Another manager applies the same fields on the replica.',
    help: 'Let it give them up, or run the task with --force-conflicts.',
  },
  webhook: {
    means: 'An admission webhook or policy of the replica refuses it.',
    help: 'Its message says which; put that right on the replica, then retry.',
  },
  invalid: {
    means: 'The replica finds the object invalid; it may be of another version than the primary.',
    help: 'Change the object on the primary, or add an override for this replica.',
  },
  immutable: {
    means: 'A field changed that the replica does not let anybody change, or keeps as it was.',
    help: 'Delete the copy, or run the task with --on-immutable recreate.',
  },
  forbidden: {
    means: 'The task may not do that on the replica, or a quota is used up.',
    help: 'Its message says what is missing; it is tried again by itself.',
  },
  'namespace-missing': {
    means: 'The namespace is not there on the replica.',
    help: 'It is tried again as soon as the namespace is there.',
  },
  'namespace-terminating': {
    means: 'The namespace is being deleted on the replica.',
    help: 'It is tried again when that is done.',
  },
  'kind-missing': {
    means: 'The replica does not serve that kind.',
    help: 'Install its CustomResourceDefinition there; it is tried again by itself.',
  },
  'role-missing': {
    means: 'The role that it binds is not there on the replica.',
    help: 'Have the task copy that role too, or make it there; it is tried again by itself.',
  },
  unreachable: { means: 'The replica does not answer.', help: 'It is tried again by itself.' },
  'primary-unreachable': { means: 'The primary does not answer.', help: 'It is tried again by itself.' },
  'primary-unknown': {
    means: 'The primary does not tell which cluster it is.',
    help: 'Nothing is deleted meanwhile; it is tried again by itself.',
  },
  'other-primary': {
    means: 'It was made from another primary under the name of this task.',
    help: 'Look whether the primary is the right one, then approve.',
  },
  brake: {
    means: 'Deletions are stopped.',
    help: 'See what waits to be deleted, and approve it if it was meant.',
  },
  'not-taken': {
    means: 'The replica has no place for a field of it, in a new object neither.',
    help: "Bring the kind's definition on the replica up to the primary's, or remove the field by an override; it is tried again by itself.",
  },
  'fought-over': {
    means: 'Something on the replica changes it back each time it is put right.',
    help: 'Find out what does (see managedFields), stop that, then retry.',
  },
  'other-task': {
    means: 'Another task of this tool made it.',
    help: 'Stop one of the two, or run this one with --adopt to take it over.',
  },
  override: {
    means: 'An override of the configuration can not be applied to it.',
    help: 'Put the override right; its place is in the message.',
  },
  replaced: {
    means: 'Somebody put another object in its place at the same moment.',
    help: 'It is tried again by itself.',
  },
  leaving: { means: 'It is being deleted on the primary.', help: 'It is looked at again when that is done.' },
  terminating: { means: 'The copy is on its way out.', help: 'It is tried again when it is gone.' },
  'not-listed': {
    means: 'The replica does not let its kind be listed just now.',
    help: 'It is tried again as soon as it can be listed.',
  },
  error: { means: 'Something failed that nobody foresaw.', help: 'Its message says more; retry it.' },
  'too-large': { means: 'The object is too large for the replica.', help: 'Make it smaller on the primary.' },
};

export function explain(reason: string): Explanation {
  return (
    explanations[reason] ?? {
      means: `It failed: ${reason}.`,
      help: 'Its message says more; retry once that is put right.',
    }
  );
}

/** `40 ms`, `1.2 s`, `3 min 12 s`, `2 h 5 min`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min ${seconds % 60} s`;
}

/** `1 object`, `2 objects`. */
export const objects = (count: number): string => `${count} ${count === 1 ? 'object' : 'objects'}`;

export interface Standing {
  readonly reachable: boolean;
  readonly pending: number;
  readonly oldestMs: number;
  readonly failed: number;
  readonly uncompared: number;
}

/** What is shown of a task that nobody works on: it was so once, and may be otherwise by now. */
export const lastKnown = (replica: Standing): string => `last known: ${standing(replica)}`;

/** How far a replica is, in one line: never "up to date" of what could not be looked at. */
export function standing({ reachable, pending, oldestMs, failed, uncompared }: Standing): string {
  const behind = pending === 0 ? '' : `${objects(pending)} behind, the oldest for ${duration(oldestMs)}`;
  if (!reachable) return behind === '' ? 'does not answer' : `does not answer; ${behind}`;
  const unknown = uncompared === 0 ? '' : `${objects(uncompared)} not compared yet`;
  const parts = [behind, unknown].filter((part) => part !== '');
  if (parts.length > 0) return parts.join(', ');
  return failed === 0 ? 'up to date' : `up to date but for ${objects(failed)}`;
}

export type Severity = 'good' | 'busy' | 'bad';

export const severity = ({ reachable, pending, failed, uncompared }: Standing): Severity =>
  !reachable || failed > 0 ? 'bad' : pending > 0 || uncompared > 0 ? 'busy' : 'good';

/** What the service says of all tasks together. */
export interface Overall {
  readonly tasks: number;
  /** Names of those of which it can tell nothing. */
  readonly newer: readonly string[];
  /** Why it may be old, or was not read at all. */
  readonly problem?: string;
}

/** What is said above all tasks; nothing while all of their state can be read. */
export const problemOf = ({ problem, newer }: Overall): string =>
  [
    problem === undefined
      ? []
      : [`The tasks' state can't be read just now, so that what is shown may be old: ${problem}`],
    newer.length === 0
      ? []
      : [
          `Not shown, since a newer version of this plugin runs them: ${newer.join(', ')}. Update this service.`,
        ],
  ]
    .flat()
    .join(' ');

/** That the service is not heard, by the reader's own clock. @param since when something came last */
export const unheardText = (since: Date | undefined): string =>
  since === undefined
    ? 'The service does not answer; connecting again.'
    : `Nothing heard since ${since.toTimeString().slice(0, 8)}; connecting again. What is shown may be old.`;

/** What stands in place of tasks where none is shown: that there is none is said only of a state that was read. */
export const withoutTasks = ({ problem, newer }: Overall): string =>
  problem === undefined && newer.length === 0
    ? 'No task has kept its state in this cluster yet.'
    : 'No task can be shown.';
