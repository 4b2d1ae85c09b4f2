/** What a task is told to do, from the flags of a command and its config file. */
import { UsageError } from '../../../../src/errors.ts';
import type { Cluster } from '../../clusters/cluster.ts';
import type { DriftPolicy, OnImmutable, TaskSpec } from '../../decide/spec.ts';
import type { NamespaceScope, TaskConfig } from '../../rules/rule.ts';
import { checkName, defaultTask } from '../../state/task-objects.ts';

/** Flags that decide what is copied, and how. */
export interface SpecFlags {
  readonly name: string | undefined;
  readonly kinds: readonly string[];
  readonly selector: string | undefined;
  readonly syncNamespaces: readonly string[];
  readonly allowSensitive: boolean;
  /** `FROM=TO` */
  readonly map: readonly string[];
  readonly adopt: boolean;
  readonly exact: boolean;
  readonly forceConflicts: boolean;
  readonly failBack: boolean;
  readonly drift: DriftPolicy;
  readonly onImmutable: OnImmutable;
  /** All replicas are standbys. */
  readonly standby: boolean;
  readonly workerCount: number;
  /** Undefined: not said. */
  readonly prune: boolean | undefined;
  readonly pruneClaims: boolean;
  readonly pruneNamespaces: boolean;
  readonly pruneCrds: boolean;
  readonly pruneLimit: number;
  readonly prunePercent: number;
}

/** What the task is called. */
export const taskNameOf = (flags: Pick<SpecFlags, 'name'>, config: TaskConfig | undefined): string =>
  flags.name ?? config?.name ?? defaultTask;

/**
 * @param watches whether the task follows changes, and so deletions as a rule
 * @throws {UsageError} flags or the file ask for what can't be
 */
export async function specFrom(
  flags: SpecFlags,
  config: TaskConfig | undefined,
  primary: Cluster,
  { watches, signal }: { readonly watches: boolean; readonly signal: AbortSignal },
): Promise<TaskSpec> {
  const [{ defaultRules }, { parseSelector }, { rulesForKinds }, { defaultLimits }] = await Promise.all([
    import('../../rules/rule.ts'),
    import('../../rules/selector.ts'),
    import('../../clusters/kinds.ts'),
    import('../../decide/brake.ts'),
  ]);
  const name = taskNameOf(flags, config);
  checkName(name);
  const configured = config && config.rules.length > 0 ? config.rules : defaultRules;
  const chosen = flags.kinds.length > 0 ? await rulesForKinds(primary, flags.kinds, { signal }) : configured;
  const selector = parseSelector(flags.selector ?? '');
  const { adopt, exact, forceConflicts, failBack, drift, onImmutable } = flags;
  const mappings = flags.map.map(parseMapping);
  return {
    name,
    rules: chosen.map((rule) => ({ ...rule, selector: [...rule.selector, ...selector] })),
    namespaces: await scopeFrom(flags, config),
    map: new Map([...Object.entries(config?.map ?? {}), ...mappings]),
    mapPlaces: new Map([
      ...Object.entries(config?.mapPlaces ?? {}),
      ...mappings.map(([from, to]) => [from, `--map ${from}=${to}`] as const),
    ]),
    overrides: config?.overrides ?? [],
    adopt,
    exact,
    forceConflicts,
    failBack,
    drift,
    onImmutable,
    prune: {
      prune: flags.prune ?? watches,
      claims: flags.pruneClaims,
      namespaces: flags.pruneNamespaces,
      definitions: flags.pruneCrds,
    },
    brake: { ...defaultLimits, objects: flags.pruneLimit, percent: flags.prunePercent },
    standby: flags.standby ? ['*'] : (config?.standby ?? []),
    workers: flags.workerCount,
    suspended: config?.suspend ?? false,
  };
}

async function scopeFrom(
  { syncNamespaces, allowSensitive }: SpecFlags,
  config: TaskConfig | undefined,
): Promise<NamespaceScope> {
  const [{ refusedNamespaces }, { compileGlob }] = await Promise.all([
    import('../../rules/scope.ts'),
    import('../../rules/glob.ts'),
  ]);
  for (const glob of syncNamespaces) compileGlob(glob);
  const base = config?.namespaces ?? { include: [], exclude: [], selector: [], sensitive: false };
  const scope = {
    ...base,
    include: syncNamespaces.length > 0 ? syncNamespaces : base.include,
    sensitive: allowSensitive || base.sensitive,
  };
  const refused = refusedNamespaces(scope);
  if (refused.length === 0) return scope;
  throw new UsageError(
    `${refused.join(', ')}: namespaces that begin with "kube" hold what belongs to one cluster`,
    { hint: 'If you are sure: --allow-sensitive-namespaces' },
  );
}

function parseMapping(text: string): [string, string] {
  const match = /^([a-z0-9-]+)=([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)$/.exec(text);
  if (!match)
    throw new UsageError(`--map: ${JSON.stringify(text)} is not FROM=TO`, {
      hint: 'e.g. --map prod=prod-standby',
    });
  return [match[1] ?? '', match[2] ?? ''];
}
