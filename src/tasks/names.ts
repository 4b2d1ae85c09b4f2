/** How everything that belongs to a task is named, labelled and annotated, the same in every plugin. */
import { v7 as uuid, validate } from 'uuid';
import { UsageError } from '../errors.ts';
import { isLabel } from '../kube/api/object-name.ts';

/** Prefix of the suite's own label and annotation keys. */
export const PREFIX = 'x8s.dev/';

/** Keys of the labels that tasks and their children are selected by. */
export const Label = {
  managedBy: 'app.kubernetes.io/managed-by',
  task: `${PREFIX}task`,
  role: `${PREFIX}role`,
} as const;

/** Keys of the annotations of a task's ConfigMap and of locks: small, and read by people. */
export const Annotation = {
  phase: `${PREFIX}phase`,
  specHash: `${PREFIX}spec-hash`,
  schema: `${PREFIX}schema`,
  run: `${PREFIX}run`,
  startedAt: `${PREFIX}started-at`,
  finishedAt: `${PREFIX}finished-at`,
  progress: `${PREFIX}progress`,
  message: `${PREFIX}message`,
  holder: `${PREFIX}holder`,
  heartbeat: `${PREFIX}heartbeat`,
  heldSince: `${PREFIX}held-since`,
  staleAfter: `${PREFIX}stale-after`,
  purpose: `${PREFIX}purpose`,
} as const;

/** On a workload that a cutover of its claim has stopped; it says nothing of a copy of the workload. */
export const stopMarkKey = `${PREFIX}stopped-by`;

/**
 * A StatefulSet whose name is longer is accepted by the API server and never makes a pod: its pods'
 * `controller-revision-hash` label (name, a dash, ten characters) would pass the 63 of a label's value.
 */
const MAX_OBJECT_NAME = 52;

/** A new name for a task that the person did not name; later ones sort after earlier ones. */
export function newTaskName(): string {
  return uuid();
}

/** Whether a person gave a task its name: then it stays until they say otherwise. */
export function isGivenName(task: string): boolean {
  return !validate(task);
}

/** How long a task's name may be, in characters, so that objects named after it still work. */
export function maxTaskNameLength(tool: string, roles: readonly string[]): number {
  const longestRole = Math.max(...roles.map((role) => role.length));
  return MAX_OBJECT_NAME - `${tool}--`.length - longestRole;
}

/**
 * Refuses (UsageError) a name that Kubernetes would not take, or not take everywhere that it is used.
 *
 * @param what a person calls that which is named.
 * @param limit in characters; as for tasks with StatefulSets where absent.
 */
export function checkTaskName(
  tool: string,
  name: string,
  roles: readonly string[],
  what = 'task',
  limit = maxTaskNameLength(tool, roles),
): void {
  if (!isLabel(name)) {
    throw new UsageError(`${JSON.stringify(name)} can't be the name of a ${what}.`, {
      hint: 'Use lower-case letters, digits and "-", with a letter or a digit at both ends.',
    });
  }
  if (name.length > limit) {
    throw new UsageError(
      `The ${what} name ${JSON.stringify(name)} is too long (${name.length} characters).`,
      {
        hint: `At most ${limit} characters are possible: the objects made for it are named after it.`,
      },
    );
  }
}

/** The name of a task's ConfigMap in one role, and the stem of its children's names. */
export function recordName(tool: string, task: string, role: string): string {
  return `${tool}-${task}-${role}`;
}

/** The value of `app.kubernetes.io/managed-by` on all that this tool makes. */
export function managerOf(tool: string): string {
  return `kubectl-${tool}`;
}

/** The labels of a task's ConfigMap and of all its children, their pods included. */
export function taskLabels(tool: string, task: string, role: string): Record<string, string> {
  return { [Label.managedBy]: managerOf(tool), [Label.task]: task, [Label.role]: role };
}

/** A label selector that asks for all of these values; those that are undefined are not asked for. */
export function selectorOf(labels: Readonly<Record<string, string | undefined>>): string {
  return Object.entries(labels)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}
