/** `--rsync-arg`, `--fpart-arg`: options of the programs that people know, as far as they are safe. */
import { option } from '../../../../src/cli/options.ts';
import { UsageError } from '../../../../src/errors.ts';
import { allowedArgs, argProblem } from '../../mover/protocol/given-args.ts';
import type { FpartMeaning } from './fpart-args.ts';
import type { GivenParallel } from './parallel-options.ts';
import type { SelectionFlags } from './selection-options.ts';

const group = 'Parallel';

export const rsyncArgOption = () =>
  option.repeated('--rsync-arg', {
    group,
    value: 'ARGUMENT',
    description: `An option that rsync is given too: ${Object.keys(allowedArgs).join(', ')}. May be repeated.`,
  });

export const fpartArgOption = () =>
  option.repeated('--fpart-arg', {
    group,
    value: 'ARGUMENT',
    description: "One of fpart's options, in its meaning here: -n, -f, -s, -x. May be repeated.",
  });

export interface ToolFlags {
  readonly rsyncArg: readonly string[];
  readonly fpartArg: readonly string[];
}

/** @throws UsageError names an argument that is not taken, and why. */
export function rsyncArgsOf({ rsyncArg }: Pick<ToolFlags, 'rsyncArg'>): readonly string[] {
  for (const arg of rsyncArg) {
    const problem = argProblem(arg);
    if (problem !== undefined)
      throw new UsageError(`--rsync-arg ${JSON.stringify(arg)} is not taken: ${problem}`, {
        hint: `taken are ${Object.keys(allowedArgs).join(', ')}`,
      });
  }
  return rsyncArg;
}

/** What fpart's options add to how the files are spread. @throws UsageError where a flag says the same thing. */
export function withFpart(
  { parallelism, partitions, partitionFiles, partitionSize }: GivenParallel,
  meaning: FpartMeaning,
): GivenParallel {
  if (meaning.partitions !== undefined && partitions !== 'auto')
    throw new UsageError("--partitions and fpart's -n say the same thing: give either");
  return {
    parallelism,
    partitions: meaning.partitions ?? partitions,
    partitionFiles: meaning.partitionFiles ?? partitionFiles,
    partitionSize: meaning.partitionSize ?? partitionSize,
  };
}

/** What fpart's options add to what is left out. */
export function selectionWithFpart(flags: SelectionFlags, { exclude }: FpartMeaning): SelectionFlags {
  const { sourcePath, targetPath, include, excludeFrom } = flags;
  return { sourcePath, targetPath, include, excludeFrom, exclude: [...flags.exclude, ...exclude] };
}
