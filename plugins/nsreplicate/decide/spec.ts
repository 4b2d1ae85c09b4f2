/** What a task is told to do. A running task takes a new one at any time. */
import { UsageError } from '../../../src/errors.ts';
import type { NamespaceMap } from '../objects/mapping.ts';
import { compileGlobs } from '../rules/glob.ts';
import type { NamespaceScope, Override, Rule } from '../rules/rule.ts';
import { namespaceMatcher } from '../rules/scope.ts';
import type { BrakeLimits } from './brake.ts';
import type { PruneFlags } from './prune.ts';

export type OnImmutable = 'fail' | 'recreate' | 'recreate-orphan';
export type DriftPolicy = 'fix' | 'report';

export interface TaskSpec {
  readonly name: string;
  readonly rules: readonly Rule[];
  readonly namespaces: NamespaceScope;
  readonly map: NamespaceMap;
  /** Where a person wrote what the map says of a namespace, for messages. */
  readonly mapPlaces?: ReadonlyMap<string, string> | undefined;
  readonly overrides: readonly Override[];
  readonly adopt: boolean;
  readonly exact: boolean;
  readonly forceConflicts: boolean;
  readonly failBack: boolean;
  readonly drift: DriftPolicy;
  readonly onImmutable: OnImmutable;
  readonly prune: PruneFlags;
  readonly brake: BrakeLimits;
  /** Replicas on which workloads are held: globs over their names; empty: none. */
  readonly standby: readonly string[];
  /** How many objects are worked on at once, a replica. */
  readonly workers: number;
  /** Its configuration says that nothing is to be written; a pause, that a person ordered, is kept in the cluster. */
  readonly suspended: boolean;
  /** Nothing is wanted on replicas any more: its copies are deleted, though their originals are there. */
  readonly leaving?: boolean | undefined;
}

/** Whether a task holds workloads on a replica. */
export function standbyMatcher({ standby }: Pick<TaskSpec, 'standby'>): (replica: string) => boolean {
  // An empty list of globs would mean all.
  return standby.length === 0 ? () => false : compileGlobs(standby);
}

/** Where tasks keep their state, in a namespace of its own. */
export const stateNamespace = 'x8s-nsreplicate';

/** The field manager of everything that is written to a replica. */
export const fieldManager = 'kubectl-nsreplicate';

/** Who owns the number of a workload's pods between us and an autoscaler, which takes it when it first changes it. */
export const handoverManager = 'kubectl-nsreplicate-handover';

/** How whoever asks for a task says which namespace goes where. */
export interface MapWords {
  readonly map: string;
  /** What lets a namespace of the cluster's own be written to. */
  readonly ifSure: string;
}

const ofOptions: MapWords = { map: '--map', ifSure: 'If you are sure: --allow-sensitive-namespaces' };

/** Refuses (UsageError) maps that put two namespaces into one, or one into what belongs to the replica's cluster. */
export function checkMap(map: NamespaceMap, scope: NamespaceScope, words: MapWords = ofOptions): void {
  const taken = new Map<string, string>();
  const covers = namespaceMatcher(scope);
  for (const [from, to] of map) {
    if (to.startsWith('kube') && !scope.sensitive)
      throw new UsageError(
        `${words.map} puts ${from} into ${to}: such namespaces hold what belongs to one cluster.`,
        { hint: words.ifSure },
      );
    if (to === stateNamespace && from !== to)
      throw new UsageError(
        `${words.map} puts ${from} into ${to}: tasks keep their state in such a namespace.`,
        {
          hint: 'Choose another name.',
        },
      );
    const other = taken.get(to);
    if (other !== undefined)
      throw new UsageError(`${words.map} puts both ${other} and ${from} into namespace ${to}.`, {
        hint: 'Objects of the same name would overwrite each other: use one namespace for each.',
      });
    taken.set(to, from);
    const stays = !map.has(to) && scope.include.includes(to) && covers(to);
    if (from !== to && stays)
      throw new UsageError(`${words.map} puts ${from} into namespace ${to}, which is copied itself.`, {
        hint: `Map ${to} to another name, or leave it out.`,
      });
  }
}

/**
 * Whether a task covers a namespace of the primary: its scope does, and no other one is put under its name. That is
 * known here for names without globs only (`checkMap`); the objects of both would overwrite each other.
 */
export function coverageOf({
  namespaces,
  map,
}: Pick<TaskSpec, 'namespaces' | 'map'>): ReturnType<typeof namespaceMatcher> {
  const covers = namespaceMatcher(namespaces);
  const taken = takenNames(map);
  return (name, labels) => covers(name, labels) && !taken.has(name);
}

/** What a person should know of namespaces that are left out since another one is put under their names. */
export function displaced({ map }: Pick<TaskSpec, 'map'>, names: Iterable<string>): string[] {
  const taken = takenNames(map);
  return [...names].flatMap((name) => {
    const from = taken.get(name);
    return from === undefined ? [] : `namespace ${name} is not copied: --map puts ${from} under that name`;
  });
}

/** Names that others are put under, of namespaces that go nowhere else themselves, by who is. */
const takenNames = (map: NamespaceMap): ReadonlyMap<string, string> =>
  new Map([...map].filter(([, to]) => !map.has(to)).map(([from, to]) => [to, from]));
