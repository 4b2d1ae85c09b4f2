/** `--source-path`, `--target-path`, `--exclude`, `--include`, `--exclude-from`: which part of the volumes is meant. */
import { readFileSync } from 'node:fs';
import { option } from '../../../../src/cli/options.ts';
import { UsageError } from '../../../../src/errors.ts';
import { unreadableFile } from '../../../../src/given-file.ts';
import type { Selection } from '../../mover/protocol/options.ts';
import { type FilterRule, patternProblem } from '../../mover/volume/filters.ts';
import { subfolderProblem } from '../../mover/volume/subfolder.ts';

/** They travel in the pod's specification. */
const mostFilterBytes = 64 << 10;

export const sourcePathOption = () =>
  option.text('--source-path', {
    value: 'FOLDER',
    description: "Copy what is in this folder of the source's volume, not all of it.",
  });

export const targetPathOption = () =>
  option.text('--target-path', {
    value: 'FOLDER',
    description: "Copy into this folder of the target's volume; it is made where it is missing.",
  });

export const excludeOption = () =>
  option.repeated('--exclude', {
    value: 'PATTERN',
    description: "Leave out what fits, by rsync's patterns: *.log, /cache/, data/**/tmp. May be repeated.",
  });

export const includeOption = () =>
  option.repeated('--include', {
    value: 'PATTERN',
    description: 'Do not leave out what fits, whatever --exclude says. May be repeated.',
  });

export const excludeFromOption = () =>
  option.repeated('--exclude-from', {
    value: 'FILE',
    description: 'Patterns to leave out, one a line; `+ PATTERN` is an exception. May be repeated.',
  });

export interface SelectionFlags {
  readonly sourcePath: string | undefined;
  readonly targetPath: string | undefined;
  readonly exclude: readonly string[];
  readonly include: readonly string[];
  readonly excludeFrom: readonly string[];
}

/** @throws UsageError where a folder or a pattern is none, or a file can't be read. */
export function selectionOf(flags: SelectionFlags): Selection {
  const filters = [
    ...flags.include.map((pattern) => rule('include', pattern, '--include')),
    ...flags.exclude.map((pattern) => rule('exclude', pattern, '--exclude')),
    ...flags.excludeFrom.flatMap(rulesIn),
  ];
  const bytes = Buffer.byteLength(JSON.stringify(filters));
  if (bytes > mostFilterBytes)
    throw new UsageError(`the patterns take ${bytes} bytes, and a pod is given ${mostFilterBytes} at most`);
  return {
    sourcePath: folder(flags.sourcePath, '--source-path'),
    targetPath: folder(flags.targetPath, '--target-path'),
    filters,
  };
}

/** Without slashes at the ends, so that one folder has one name in a task's specification. */
function folder(path: string | undefined, flag: string): string {
  if (path === undefined) return '';
  if (path.trim() === '')
    throw new UsageError(`${flag} ${JSON.stringify(path)}: names nothing; / is the whole volume`);
  const problem = subfolderProblem(path);
  if (problem !== undefined) throw new UsageError(`${flag} ${JSON.stringify(path)}: ${problem}`);
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  return parts.join('/');
}

function rule(action: FilterRule['action'], pattern: string, where: string): FilterRule {
  const problem = patternProblem(pattern);
  if (problem !== undefined) throw new UsageError(`${where} ${JSON.stringify(pattern)}: ${problem}`);
  return { action, pattern };
}

/** A file as rsync's --exclude-from takes it: comments begin with # or ;. */
function rulesIn(file: string): FilterRule[] {
  const lines = readLines(file).map((line, index) => ({ line, where: `${file}:${index + 1}:` }));
  return lines
    .filter(({ line }) => line.trim() !== '' && !/^[#;]/.test(line))
    .map(({ line, where }) => {
      const [, sign, pattern] = /^([+-]) (.*)$/.exec(line) ?? [];
      if (line === '!') throw new UsageError(`${where} rsync's ! is not taken; leave the lines above it out`);
      return rule(sign === '+' ? 'include' : 'exclude', pattern ?? line, where);
    });
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split(/\r?\n/);
  } catch (error) {
    throw unreadableFile('--exclude-from', file, error);
  }
}
