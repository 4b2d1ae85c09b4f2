/** How far replicas are from the primary, by digests: per replica, namespace and kind. */
import { someAtOnce } from '../../../src/async/some-at-once.ts';
import { mayCopy } from '../decide/may-copy.ts';
import { ownsCopies } from '../objects/carry.ts';
import { digestOfAll } from '../objects/digest.ts';
import { isWhatItMakes } from './asking.ts';
import { type ObjectKey, placeOf } from './keys.ts';
import type { TaskSpec } from './spec.ts';
import { isUnread, type Survey } from './survey.ts';

export interface DriftLine {
  readonly replica: string;
  readonly namespace: string;
  readonly kind: string;
  /** Objects of the primary that should be there. */
  readonly objects: number;
  readonly missing: number;
  /** Applied from an older version of the original. */
  readonly outdated: number;
  /** Changed on the replica since. */
  readonly edited: number;
  /** Not made by this task. */
  readonly foreign: number;
  /** Copies of this task whose original is gone. */
  readonly extra: number;
  /** Over what should be there, and what is: equal where nothing drifted. */
  readonly wanted: string;
  readonly present: string;
}

type State = 'same' | 'missing' | 'outdated' | 'edited' | 'foreign' | 'extra';

interface Group {
  readonly counts: Record<State, number>;
  readonly wanted: [string, string][];
  readonly present: [string, string][];
}

/**
 * Lines for every replica, namespace and kind that has anything; drifted ones are not told apart here. What could not
 * be listed on a replica is in none of them.
 */
export async function drift(survey: Survey, spec: TaskSpec, signal: AbortSignal): Promise<DriftLine[]> {
  const sides = survey.replicas.map(async (replica) => {
    const unclear = [...survey.catalogue.keys()].filter((key) => isUnclear(survey, replica, key, spec));
    const answers = await someAtOnce(unclear.map((key) => () => isWhatItMakes(survey, replica, key, signal)));
    return driftOf(survey, replica, spec, new Set(unclear.filter((_, index) => answers[index])));
  });
  return (await Promise.all(sides)).flat();
}

/** Whether an object is not what was applied, and it is not known whether the replica made it so. */
function isUnclear(
  { catalogue }: Survey,
  replica: Survey['replicas'][number],
  key: ObjectKey,
  { name }: TaskSpec,
): boolean {
  const { site, copies, settled } = replica;
  const original = catalogue.original(key);
  const digest = catalogue.digest(key, site.name);
  if (!original || digest === undefined || !ownsCopies(original.rule.carry)) return false;
  const isKnown = settled.find(key, digest, copies.get(key)?.live) !== undefined;
  return !isKnown && stateOf(replica, key, digest, name) === 'edited';
}

export const isDrifted = ({ missing, outdated, edited, foreign, extra }: DriftLine): boolean =>
  missing + outdated + edited + foreign + extra > 0;

function driftOf(
  survey: Survey,
  replica: Survey['replicas'][number],
  spec: TaskSpec,
  made: ReadonlySet<ObjectKey>,
): DriftLine[] {
  const { catalogue, primary } = survey;
  const { site, copies } = replica;
  const groups = new Map<string, Group>();
  const group = (key: ObjectKey): Group => {
    const { namespace, kind } = placeOf(key);
    const found = groups.get(`${namespace}|${kind}`) ?? {
      counts: { same: 0, missing: 0, outdated: 0, edited: 0, foreign: 0, extra: 0 },
      wanted: [],
      present: [],
    };
    groups.set(`${namespace}|${kind}`, found);
    return found;
  };
  for (const key of catalogue.keys()) {
    const original = catalogue.original(key);
    const wanted = catalogue.wanted(key, { name: site.name, cluster: site.id });
    if (!original || !wanted || !ownsCopies(original.rule.carry) || isUnread(replica, key)) continue;
    const route = { primary: primary.id, replica: site.id, failBack: spec.failBack };
    const present = copies.get(key);
    if (!mayCopy(route, original.inherited, present?.stamp?.origin)) continue;
    const { counts, wanted: should, present: is } = group(key);
    const state = made.has(key) ? 'same' : stateOf(replica, key, wanted.digest, spec.name);
    if (placeOf(key).kind === 'Namespace' && state === 'foreign') continue;
    counts[state]++;
    should.push([key, wanted.digest]);
    if (present) is.push([key, state === 'same' ? wanted.digest : (present.live ?? '')]);
  }
  for (const key of copies.keys()) {
    if (catalogue.original(key) || !copies.isOurs(key) || !copies.isInScope(key)) continue;
    const { counts, present } = group(key);
    counts.extra++;
    present.push([key, copies.get(key)?.live ?? '']);
  }
  return [...groups]
    .map(([place, { counts, wanted, present }]) => {
      const [namespace = '', kind = ''] = place.split('|');
      const { missing, outdated, edited, foreign, extra } = counts;
      const digests = { wanted: digestOfAll(wanted), present: digestOfAll(present) };
      return {
        replica: site.name,
        namespace,
        kind,
        objects: wanted.length,
        missing,
        outdated,
        edited,
        foreign,
        extra,
        ...digests,
      };
    })
    .sort((a, b) => a.namespace.localeCompare(b.namespace) || a.kind.localeCompare(b.kind));
}

function stateOf(
  { copies, settled }: Survey['replicas'][number],
  key: ObjectKey,
  digest: string,
  task: string,
): State {
  const present = copies.get(key);
  if (!present) return 'missing';
  if (present.stamp?.origin.task !== task) return 'foreign';
  if (present.stamp.applied !== digest) return 'outdated';
  const clean = present.live === digest || settled.find(key, digest, present.live)?.foreign === false;
  return clean ? 'same' : 'edited';
}
