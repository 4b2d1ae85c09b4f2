/** `.devsync.yaml`: several specifications in one file, so that a team has them in its repository. */
import { realpathSync } from 'node:fs';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { parseDuration } from '../../../src/duration.ts';
import { UsageError } from '../../../src/errors.ts';
import { checkTaskName } from '../../../src/tasks/names.ts';
import { parseYaml, type YamlField } from '../../../src/yaml-field.ts';
import { modes } from '../reconcile/reconcile.ts';
import { buildSpec, type GivenSpec, specDefaults } from '../spec/build-spec.ts';
import { parseReloadRule } from '../spec/reload-spec.ts';
import {
  launchers,
  newPodRules,
  normalizeRemote,
  parseRunAs,
  permissionModes,
  role,
  type SyncSpec,
  sideNames,
  symlinkModes,
  tool,
} from '../spec/spec.ts';
import type { Workstation } from '../spec/workstation.ts';
import { timeModes } from '../sync/files/times.ts';
import { type WriteMode, type WriteRule, writeModes } from '../sync/ignore/write-rules.ts';

/** One sync of a file. */
export interface ConfiguredSync {
  readonly name: string;
  readonly spec: SyncSpec;
}

/** What a file says. */
export interface Config {
  /** Absolute, without links. */
  readonly file: string;
  readonly text: string;
  /** Of the kubeconfig; the current one where absent. */
  readonly context: string | undefined;
  /** The context's own where absent. */
  readonly namespace: string | undefined;
  readonly syncs: readonly ConfiguredSync[];
}

/** Where the syncs of a file go. */
export type NamedTarget = Pick<Config, 'file' | 'context' | 'namespace'>;

const topKeys = ['context', 'namespace', 'syncs'] as const;

/** Each is the option of `create` with that name. */
const syncKeys = [
  'selector',
  'pod',
  'container',
  'pods',
  'writer',
  'local',
  'remote',
  'mode',
  'from',
  'ignore',
  'ignoreVcs',
  'useGitignore',
  'takeGit',
  'permissions',
  'symlinks',
  'times',
  'write',
  'bandwidth',
  'onNewPod',
  'launcher',
  'runAs',
  'makeRemote',
  'trashLimit',
  'onChange',
  'reloadEvery',
  'reloadOnFirstSync',
  'restartAnyway',
] as const;

type Fields = Partial<Record<(typeof syncKeys)[number], YamlField>>;

/** Where a file is, and who works with it. */
export interface ConfigPlace {
  /** Absolute, without links. */
  readonly file: string;
  /** Its folder; all paths in it stay below. */
  readonly folder: string;
  readonly workstation: Pick<Workstation, 'id' | 'who'>;
}

/** @throws {UsageError} with file, line, column and field */
export function parseConfig(text: string, place: ConfigPlace): Config {
  const document = parseYaml(text, place.file);
  const { context, namespace, syncs } = document.map(topKeys);
  const entries = syncs?.entries() ?? [];
  if (entries.length === 0)
    throw (syncs ?? document).problem('names no sync', 'syncs: is a map from names to what each one syncs.');
  return {
    file: place.file,
    text,
    context: context?.string(),
    namespace: namespace?.string(),
    syncs: entries.map(([name, field]) => ({ name: nameOf(name, field), spec: parseSync(field, place) })),
  };
}

/** That alone: what the syncs say may be wrong. @throws {UsageError} */
export function parseNamedTarget(text: string, file: string): NamedTarget {
  const { context, namespace } = parseYaml(text, file).map(topKeys);
  return { file, context: context?.string(), namespace: namespace?.string() };
}

function nameOf(name: string, field: YamlField): string {
  if (name === 'stop') throw field.problem('a sync cannot be named stop');
  return refusedAt(field, () => {
    checkTaskName(tool, name, [role], 'sync');
    return name;
  });
}

function parseSync(field: YamlField, place: ConfigPlace): SyncSpec {
  const fields = field.map(syncKeys);
  const { remote } = fields;
  if (remote === undefined) throw field.problem('remote is missing: the directory in the container');
  const given: GivenSpec = {
    ...targetFields(fields),
    ...ruleFields(fields),
    ...reloadFields(fields),
    local: localOf(fields.local ?? field, fields.local?.string() ?? '.', place),
    remote: remote.read(normalizeRemote),
  };
  return refusedAt(field, () => buildSpec(given, place.workstation));
}

function targetFields({ selector, pod, container, pods, writer }: Fields) {
  return {
    selector: selector?.string(),
    pod: pod?.string(),
    container: container === undefined ? [] : texts(container),
    pods: choice(pods, ['one', 'all'], specDefaults.pods),
    writer: writer?.string(),
  };
}

function ruleFields(fields: Fields) {
  return {
    mode: choice(fields.mode, modes, specDefaults.mode),
    from: choice(fields.from, sideNames, specDefaults.from),
    ignore: fields.ignore?.strings() ?? [],
    ignoreVcs: fields.ignoreVcs?.boolean() ?? false,
    useGitignore: fields.useGitignore?.boolean() ?? false,
    takeGit: fields.takeGit?.boolean() ?? false,
    permissions: choice(fields.permissions, permissionModes, specDefaults.permissions),
    symlinks: choice(fields.symlinks, symlinkModes, specDefaults.symlinks),
    times: choice(fields.times, timeModes, specDefaults.times),
    write: writeOf(fields.write),
    bandwidth: fields.bandwidth?.string(),
    onNewPod: choice(fields.onNewPod, newPodRules, specDefaults.onNewPod),
    launcher: choice(fields.launcher, launchers, specDefaults.launcher),
    runAs: runAsOf(fields.runAs),
    makeRemote: fields.makeRemote?.boolean() ?? false,
    trashLimit: sizeOf(fields.trashLimit),
  };
}

function reloadFields({ onChange, reloadEvery, reloadOnFirstSync, restartAnyway }: Fields) {
  // Read one by one, so that a complaint names the line of the rule.
  for (const rule of onChange?.list() ?? []) rule.read(parseReloadRule);
  return {
    onChange: onChange?.strings() ?? [],
    reloadEvery: durationOf(reloadEvery),
    reloadOnFirstSync: reloadOnFirstSync?.boolean() ?? false,
    restartAnyway: restartAnyway?.boolean() ?? false,
  };
}

/** LOCAL of a sync. It stays below the folder of its file, also where links lead. */
function localOf(field: YamlField, path: string, { folder }: ConfigPlace): string {
  if (isAbsolute(path)) throw field.problem('local is a path from the folder of this file, such as ./src');
  requireBelow(field, folder, resolve(folder, path));
  let real: string;
  try {
    real = realpathSync(join(folder, path));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw field.problem(
      `local ${JSON.stringify(path)} ${code === 'ENOENT' ? 'does not exist' : `cannot be used: ${code}`}`,
    );
  }
  requireBelow(field, folder, real);
  return real;
}

function requireBelow(field: YamlField, folder: string, path: string): void {
  const way = relative(folder, path);
  if (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)) return;
  throw field.problem(`local leads out of the folder of this file, to ${path}`);
}

const texts = (field: YamlField): string[] => (field.isList() ? field.strings() : [field.string()]);

function choice<T extends string>(field: YamlField | undefined, choices: readonly T[], otherwise: T): T {
  if (field === undefined) return otherwise;
  const text = field.string();
  const found = choices.find((one) => one === text);
  if (found === undefined) throw field.problem(`must be one of ${choices.join(', ')}`);
  return found;
}

/** `1000` is a number in YAML, and `1000:1000` a text. */
function runAsOf(field: YamlField | undefined): string | undefined {
  if (field === undefined) return undefined;
  const value = field.json();
  const text = typeof value === 'number' ? String(value) : field.string();
  refusedAt(field, () => parseRunAs(text));
  return text;
}

/** A mode for all files, or rules of a pattern and a mode each. */
function writeOf(field: YamlField | undefined): WriteMode | readonly WriteRule[] {
  if (!field?.isList()) return choice(field, writeModes, specDefaults.write);
  return field.list().map((rule) => {
    const { pattern, mode } = rule.map(['pattern', 'mode']);
    if (pattern === undefined || mode === undefined) throw rule.problem('needs a pattern and a mode');
    return { pattern: pattern.string(), mode: choice(mode, writeModes, specDefaults.write) };
  });
}

/** MiB. */
function sizeOf(field: YamlField | undefined): number {
  const value = field === undefined ? specDefaults.trashLimit : field.json();
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 1) return value;
  throw (field as YamlField).problem('must be a whole number of MiB, 1 or more');
}

/** Milliseconds. */
function durationOf(field: YamlField | undefined): number | undefined {
  if (field === undefined) return undefined;
  const value = field.isText() ? parseDuration(field.string()) : undefined;
  if (value === undefined) throw field.problem('must be a duration such as 500ms, 2s or 1m');
  return value;
}

/** Runs a check; what it refuses is refused at this field, in the words of the file. */
function refusedAt<T>(field: YamlField, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (error instanceof UsageError) throw field.problem(inWordsOfTheFile(error.message), error.hint);
    throw error;
  }
}

/** `--on-change` is `onChange` in the file. */
const inWordsOfTheFile = (text: string) =>
  text.replace(/--([a-z]+(?:-[a-z]+)*)/g, (_, name: string) =>
    name.replace(/-([a-z])/g, (_all, letter: string) => letter.toUpperCase()),
  );
