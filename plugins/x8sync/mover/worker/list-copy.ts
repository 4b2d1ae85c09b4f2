/** Copies the files of one list as the mover's own streams do, for a worker. */
import { readFile } from 'node:fs/promises';
import { SourceRsync } from '../access/source-rsync.ts';
import { MountedSource } from '../copy/mounted-source.ts';
import type { CopyOptions } from '../protocol/options.ts';
import type { Runtime } from '../protocol/runtime.ts';
import type { RsyncResult } from '../rsync/run.ts';
import { cut } from '../system/lines.ts';
import { realSubfolder } from '../volume/subfolder.ts';
import type { Given, ListResult } from '../workers/messages.ts';
import type { WorkPaths } from '../workers/work-paths.ts';

export interface ListCopy {
  readonly options: CopyOptions;
  /** Its signal ends the copy of this list. */
  readonly runtime: Runtime;
  readonly paths: WorkPaths;
  readonly worker: number;
  readonly given: Given;
  readonly list: number;
  /** Is told of the bytes that have come. */
  readonly moved: (bytes: number) => void;
}

const mostSaid = 5;
const longestSaid = 300;

/** Copies a list that this worker has taken. @throws the signal's reason, and where the list can't be read. */
export async function copyList(copy: ListCopy): Promise<ListResult> {
  const { paths, given, list, worker, moved } = copy;
  const said: string[] = [];
  const messages = {
    write: (word: string, message: object) => {
      if (word === 'progress') moved((message as { bytes: number }).bytes);
    },
    log: (_: string, text: string) => {
      if (said.length < mostSaid) said.push(cut(text, longestSaid));
    },
  };
  const staging = {
    temporary: paths.temporary(given.run, worker),
    partial: paths.partial(given.run, worker),
  };
  const content = await readFile(paths.list(given.run, 'taken', list));
  return resultOf(list, await rsyncFor(copy).copyListed(staging, content, messages), said);
}

function resultOf(list: number, { code, moved, stats, errors }: RsyncResult, said: string[]): ListResult {
  const { full, refused } = errors;
  return { list, code, moved, full, refused, stats, said };
}

function rsyncFor({ options, runtime, paths, given }: ListCopy): SourceRsync {
  const { rsync: facts, run } = given;
  const { sourcePath } = options.selection;
  const folder = sourcePath === '' ? '' : realSubfolder(runtime.paths.source, sourcePath);
  const { sparse, hasSmallFilesOnly, fractions, owners, modes, unsupported } = facts;
  const source = { folder, sparse, hasSmallFilesOnly, totals: undefined };
  // By size and time, as the mover's own streams.
  const rsync = new SourceRsync(
    { ...options, checksum: false },
    runtime,
    new MountedSource(options, runtime),
    source,
  );
  Object.assign(rsync.traits, { fractions, owners, modes, unsupported });
  if (facts.hasExcluded) rsync.exclude = ['--from0', `--exclude-from=${paths.excluded(run)}`];
  return rsync;
}
