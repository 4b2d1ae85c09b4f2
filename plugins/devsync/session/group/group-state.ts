/** The state of a sync in which several containers take part, made of those of its sessions. */
import type { Target } from '../../launch/launcher.ts';
import { awaitsWriter, noRunnerState, type RunnerState, type SessionState } from '../runner/runner-state.ts';
import { joinActivities } from '../status/activity.ts';
import type { Beside, Nested } from './group-targets.ts';

export interface GroupParts {
  readonly writer: Target | undefined;
  readonly members: readonly {
    readonly role: SessionState['role'];
    readonly target: Target;
    readonly state: RunnerState;
  }[];
  /** Those that wait for the writer to have brought everything here. */
  readonly waiting: readonly Target[];
  /** Those that have the same files as another one. */
  readonly sharing: readonly Beside[];
  /** Those that are left out. */
  readonly nested: readonly Nested[];
  /** Which one writes back, or why there is none. */
  readonly message: string;
}

/**
 * The writer's state, with each session's. It is in sync only where all of them are: one that is not gives its phase to
 * all. Conflicts of a follower cannot be decided, so they are problems.
 */
export function groupState({ writer, members, waiting, sharing, nested, message }: GroupParts): RunnerState {
  const sessions = [
    ...members.map(({ role, target, state }): SessionState => ({ ...state, ...nameOf(target), role })),
    ...waiting.map((target) => absent(target, 'waiting', awaitsWriter)),
    ...sharing.map((one) => absent(one.target, 'watching', `has the files of ${nameIn(one.with)}`)),
    ...nested.map((one): SessionState => {
      const problem = whyLeftOut(one);
      const problems = [{ path: '', side: 'container' as const, problem }];
      return { ...absent(one.target, 'watching', 'left out'), problems };
    }),
  ].sort(byRole);
  const own = members.find(({ role }) => role === 'writer')?.state;
  const base = own ?? { ...noRunnerState, message: writer ? '' : message };
  const open = base.phase === 'watching' ? sessions.find(({ phase }) => phase !== 'watching') : undefined;
  const followers = sessions.filter(({ role }) => role === 'follower');
  return {
    ...base,
    ...(open && { phase: open.phase, message: `${open.pod}/${open.container}: ${open.message}` }),
    problems: [...base.problems, ...followers.flatMap(problemsOf)],
    reloads: sessions.flatMap(({ reloads, pod }) =>
      reloads.map((one) => (members.length > 1 ? { ...one, rule: `${one.rule} (${pod})` } : one)),
    ),
    activity: joinActivities(sessions.map(({ activity }) => activity)),
    sessions,
  };
}

/** What is said of one that is left out. */
export const whyLeftOut = ({ target, with: other, lies }: Nested): string =>
  `container ${target.container} is left out: its REMOTE lies ${lies} that of ${nameIn(other)}, on one volume, and files would be put into themselves; a sync can be with one of them`;

const nameIn = ({ pod, container }: Target) => `${pod.metadata.name}/${container}`;

const nameOf = ({ pod, container }: Target) => ({ pod: pod.metadata.name, container });

const absent = (target: Target, phase: 'waiting' | 'watching', message: string): SessionState => ({
  ...noRunnerState,
  ...nameOf(target),
  role: 'follower',
  phase,
  message,
});

function problemsOf({ pod, problems, conflicts }: SessionState): RunnerState['problems'] {
  return [
    ...problems.map((one) => ({ ...one, problem: `${pod}: ${one.problem}` })),
    ...conflicts.map(({ path, reason }) => ({
      path,
      side: 'container' as const,
      problem: `${pod}: ${reason}`,
    })),
  ];
}

function byRole(one: SessionState, other: SessionState): number {
  if (one.role !== other.role) return one.role === 'writer' ? -1 : 1;
  return one.pod.localeCompare(other.pod) || one.container.localeCompare(other.container);
}
