/** `x8s-mover work`: the program of a worker's pod. */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { shareOf } from '../parallel/rate.ts';
import { type CopyOptions, type Env, foreignPlugin, readCopyOptions } from '../protocol/options.ts';
import type { Runtime } from '../protocol/runtime.ts';
import { withTargetFolder } from '../target/target-folder.ts';
import { givenIn, sealed, stateIn } from '../workers/messages.ts';
import { readNote, writeNote } from '../workers/note.ts';
import { signOf } from '../workers/root-sign.ts';
import { takeList } from '../workers/take.ts';
import { type WorkPaths, workPaths } from '../workers/work-paths.ts';
import { keyOf } from '../workers/workers.ts';
import { copyList } from './list-copy.ts';
import { Worker, type WorkerParts } from './worker.ts';

/** Set by Kubernetes in the pods of an Indexed Job. */
const indexVariable = 'JOB_COMPLETION_INDEX';

/** Refused, which the Job does not try again. */
const refusedCode = 3;
/** Another pod may do better. */
const failedCode = 20;

/** Copies what the mover hands out, to its end; resolves with the process's exit code. */
export async function startWork(env: Env, runtime: Runtime): Promise<number> {
  const foreign = foreignPlugin(env);
  if (foreign !== undefined) {
    runtime.messages.log('error', foreign);
    return refusedCode;
  }
  const options = readCopyOptions(env);
  const worker = Number(env[indexVariable] ?? 0) + 1;
  try {
    // The mover has made the folder that is copied to before it called for workers.
    const within = await withTargetFolder(options, runtime);
    const end = await new Worker(partsOf(worker, options, within)).run();
    runtime.messages.log('info', `worker ${worker} ends: ${ends[end]}`);
    return end === 'stopped' ? 143 : 0;
  } catch (error) {
    runtime.messages.log('error', (error as Error).message);
    return failedCode;
  }
}

const ends = {
  over: 'nothing is left for it',
  superseded: 'another process has its place',
  stopped: 'it was asked to',
};

function partsOf(worker: number, options: CopyOptions, runtime: Runtime): WorkerParts {
  const { clock, signal, messages } = runtime;
  const paths = workPaths(runtime.paths);
  return {
    ...{ worker, signal, id: randomBytes(8).toString('hex'), name: hostname(), key: keyOf(options.nonce) },
    ...notesOf(worker, paths),
    root: () => signOf(runtime.paths.source),
    take: (run, list) => takeList(paths, { run, list }, 'taken'),
    copy: (given, list, moved, stop) => {
      const own = { ...runtime, signal: AbortSignal.any([signal, stop]) };
      const copied = { ...options, bandwidth: shareOf(options.bandwidth, given.streams) };
      return copyList({ options: copied, runtime: own, paths, worker, given, list, moved });
    },
    monotonic: () => clock.monotonic(),
    sleep: (ms, until) => clock.sleep(ms, until),
    log: (level, text) => messages.log(level, text),
  };
}

function notesOf(
  worker: number,
  paths: WorkPaths,
): Pick<WorkerParts, 'readGiven' | 'readState' | 'writeState'> {
  return {
    readGiven: async () => {
      const note = await readNote(paths.given(worker));
      return note === 'gone' ? 'gone' : givenIn(note);
    },
    readState: async () => stateIn(await readNote(paths.state(worker))),
    writeState: (state) => writeNote(paths.state(worker), sealed(state)),
  };
}
