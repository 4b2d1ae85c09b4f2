/** What the controller says of a resource, as conditions. Pure. */
import type { RefusalReason } from './refusal.ts';
import type { SyncerCondition } from './resource.ts';

/** How the work of a running task stands. */
export interface Work {
  /** The first comparison is through. */
  readonly compared: boolean;
  /** The resource is being deleted, and its copies before it. */
  readonly leaving?: boolean | undefined;
  readonly paused: boolean;
  /** What is kept the same; of what the rules cover, without what is not copied at all. */
  readonly objects: number;
  readonly pending: number;
  /** Milliseconds that the oldest pending object has waited. */
  readonly oldestMs: number;
  readonly failed: number;
  /** Why changes fail, by the engine's reasons. */
  readonly failing: Readonly<Record<string, number>>;
  /** Objects left as they are, by why. */
  readonly left: Readonly<Record<string, number>>;
  readonly deletionsStopped: string | undefined;
  /** Why a side does not answer. */
  readonly away: string | undefined;
  /** Kinds that can't be read, on either side, and why. */
  readonly unlisted: Readonly<Record<string, string>>;
  /** Kinds whose rules carry nothing. */
  readonly nothingCarried: readonly string[];
  /** What a person should know of the rules: names and globs to which nothing answers. */
  readonly notes: readonly string[];
}

/** How a resource stands. */
export type Standing =
  | { readonly is: 'suspended' }
  | { readonly is: 'starting' }
  | { readonly is: 'refused'; readonly reason: RefusalReason; readonly message: string }
  | {
      readonly is: 'failed';
      readonly reason: 'Unreachable' | 'Failed' | 'Forbidden' | 'Refused';
      readonly message: string;
    }
  | { readonly is: 'working'; readonly work: Work };

/** Type, status, reason and message of one condition. */
type Said = readonly [status: 'True' | 'False', reason: string, message: string];

/** `meta/v1.Condition` takes no more. */
const LONGEST = 1024;

export interface ConditionContext {
  readonly generation: number;
  /** What a person should know in any case. */
  readonly notes: readonly string[];
  /** The conditions before, for the time of their last change. */
  readonly before: readonly Partial<SyncerCondition>[];
  readonly now: Date;
}

/** The conditions of a resource, always the same types in the same order. */
export function conditionsOf(
  standing: Standing,
  { generation, notes, before, now }: ConditionContext,
): SyncerCondition[] {
  const said: Record<string, Said> = {
    Ready: withNotes(ready(standing), standing.is === 'working' ? [...notes, ...standing.work.notes] : notes),
    Suspended: suspended(standing),
    Degraded: degraded(standing),
    InvalidRule: invalidRule(standing),
  };
  return Object.entries(said).map(([type, [status, reason, message]]) => {
    const known = before.find((one) => one.type === type && one.status === status);
    return {
      type,
      status,
      reason,
      message: message.slice(0, LONGEST),
      observedGeneration: generation,
      lastTransitionTime: known?.lastTransitionTime ?? now.toISOString().replace(/\.\d+Z$/, 'Z'),
    };
  });
}

function withNotes([status, reason, message]: Said, notes: readonly string[]): Said {
  return [status, reason, [message, ...notes].join('; ')];
}

function ready(standing: Standing): Said {
  switch (standing.is) {
    case 'suspended':
      return ['False', 'Suspended', 'nothing is copied: it is suspended'];
    case 'starting':
      return ['False', 'Starting', 'it is being started'];
    case 'refused':
    case 'failed':
      return ['False', standing.reason, standing.message];
    case 'working':
      return readyWork(standing.work);
  }
}

function readyWork(work: Work): Said {
  if (work.away !== undefined) return ['False', 'Unreachable', work.away];
  if (work.paused) return ['False', 'Paused', 'its task is paused, until `kubectl nsreplicate resume`'];
  if (work.leaving && !troubleOf(work))
    return ['False', 'DeletingCopies', 'it is being deleted, and its copies before it'];
  if (!work.compared) return ['False', 'Comparing', 'everything is compared for the first time'];
  const trouble = troubleOf(work);
  if (trouble && !trouble.harmless) return ['False', trouble.reason, trouble.message];
  const kept = `${objects(work.objects)} kept the same`;
  return ['True', 'InSync', `${kept}${trouble ? `; ${trouble.message}` : ''}`];
}

const objects = (count: number): string => (count === 1 ? 'one object' : `${count} objects`);

/** Reasons of the engine of which a resource's writer can do something. */
const inWords: Readonly<Record<string, string>> = {
  'not-ours': 'others made them; spec.adopt takes them over',
  'other-task': 'another task or KRMSyncer made them; spec.adopt takes them over',
  'other-primary': 'they were made from another cluster; `kubectl nsreplicate approve` accepts this one',
  forbidden: 'not allowed on the other side',
};

interface Trouble {
  readonly reason: string;
  readonly message: string;
  /** What can be copied is copied. */
  readonly harmless: boolean;
}

function troubleOf(work: Work): Trouble | undefined {
  if (work.deletionsStopped !== undefined)
    return {
      reason: 'DeletionsStopped',
      message: `deletions are stopped: ${work.deletionsStopped}; \`kubectl nsreplicate approve\` lets them go on`,
      harmless: false,
    };
  const unlisted = Object.entries(work.unlisted);
  const [first] = unlisted;
  if (first)
    return {
      reason: 'NotListed',
      message: `not readable: ${unlisted.map(([kind]) => kind).join(', ')}: ${first[1]}`,
      harmless: false,
    };
  if (work.failed > 0) {
    const named = Object.entries(work.failing).map(([reason, count]) => [inWords[reason] ?? reason, count]);
    const reasons = counts(Object.fromEntries(named));
    return {
      reason: 'ChangesFail',
      message: `${objects(work.failed)} can't be written${reasons === '' ? '' : `: ${reasons}`}`,
      harmless: false,
    };
  }
  if (work.nothingCarried.length > 0)
    return {
      reason: 'NothingToCarry',
      message: `${work.nothingCarried.join(', ')} has no status, so its rule carries nothing: name fields in syncFields`,
      harmless: false,
    };
  if (Object.keys(work.left).length > 0)
    return { reason: 'ObjectsLeft', message: `left as they are: ${counts(work.left)}`, harmless: true };
  return undefined;
}

const counts = (by: Readonly<Record<string, number>>): string =>
  Object.entries(by)
    .map(([why, count]) => `${count} (${why})`)
    .join(', ');

function suspended({ is }: Standing): Said {
  return is === 'suspended'
    ? ['True', 'Suspended', 'spec.suspend or spec.suspended is true']
    : ['False', 'NotSuspended', ''];
}

function degraded(standing: Standing): Said {
  if (standing.is === 'failed') return ['True', standing.reason, standing.message];
  if (standing.is !== 'working') return ['False', 'NotRunning', ''];
  const { away } = standing.work;
  if (away !== undefined) return ['True', 'Unreachable', away];
  const trouble = troubleOf(standing.work);
  return trouble && !trouble.harmless
    ? ['True', trouble.reason, trouble.message]
    : ['False', 'AsExpected', ''];
}

function invalidRule(standing: Standing): Said {
  return standing.is === 'refused' && standing.reason === 'InvalidRule'
    ? ['True', 'InvalidRule', standing.message]
    : ['False', 'AllRulesValid', ''];
}

/** Steps in which a lag is told, in seconds: a status that changes each second would be written each second. */
const steps = [0, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 86_400];

/** How long the oldest pending object has waited, at least: `5s`, `10m`, `2h`. */
export function lagOf({ pending, oldestMs }: Pick<Work, 'pending' | 'oldestMs'>): string {
  const seconds = pending === 0 ? 0 : (steps.findLast((step) => step * 1000 <= oldestMs) ?? 0);
  if (seconds >= 3600) return `${seconds / 3600}h`;
  return seconds >= 60 ? `${seconds / 60}m` : `${seconds}s`;
}
