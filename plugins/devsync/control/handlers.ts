/** What a second terminal may ask of a running sync. */

import { keepBeside, putMerged, readVersions, type Versions } from '../session/cycle/settle.ts';
import type { RunningSync } from '../session/runner/runner-state.ts';
import type { Current } from '../session/runner/synchronizer-slot.ts';
import type { SyncState } from '../session/status/state.ts';
import { asDigest, asObject, asPath, asText } from '../wire/check.ts';
import type { Handler } from './socket.ts';

export interface ControlOptions {
  readonly runner: RunningSync;
  /** Ends it; resolves when it has let go of both sides. */
  readonly stop: () => Promise<void>;
}

/** One sync's answers. */
export function handlersOf({ runner, stop }: ControlOptions): Handler {
  const live = () => {
    if (runner.live) return runner.live;
    throw new Error(`it has no container right now: ${runner.state.message || runner.state.phase}`);
  };
  return async (method, parameters) => {
    switch (method) {
      case 'state':
        return runner.state;
      case 'flush':
        return await runner.flush();
      case 'pause':
        return await runner.pause();
      case 'resume':
        await runner.resume(parameters.confirm === true);
        return runner.state;
      case 'resolve': {
        const path = asText(parameters.path, 'a path');
        const isConflict = await live().synchronizer.resolve(path, winnerOf(parameters));
        if (isConflict) requireSettled(runner.state, path);
        return isConflict;
      }
      case 'versions':
        return await versionsOf(live(), asText(parameters.path, 'a path'));
      case 'merge':
        return await merge(live(), parameters);
      case 'keep-both': {
        const path = asText(parameters.path, 'a path');
        const { synchronizer, attached } = live();
        const beside = await synchronizer.settle(path, (settling) => keepBeside(path, settling, attached));
        if (await synchronizer.resolve(path, 'local')) requireSettled(runner.state, path);
        return beside;
      }
      case 'resolve-all': {
        const resolved = await live().synchronizer.resolveAll(winnerOf(parameters));
        requireMoving(runner.state, 'each of them');
        return { resolved, left: runner.state.conflicts };
      }
      case 'reset':
        return await live().synchronizer.reset();
      case 'trash':
        return await trashOf(live().attached);
      case 'restore':
        return await restore(live().attached, parameters);
      case 'empty-trash':
        return await Promise.all([
          live().attached.local.emptyTrash(),
          live().attached.container.emptyTrash(),
        ]);
      case 'stop':
        return await stop();
      default:
        throw new Error(
          `the running sync does not know ${JSON.stringify(method)}; it may be of another version`,
        );
    }
  };
}

const winnerOf = ({ use }: Record<string, unknown>) => (use === 'container' ? 'container' : 'local');

function requireMoving({ phase, message }: SyncState, what: string): void {
  if (phase === 'held' || phase === 'paused' || phase === 'waiting')
    throw new Error(`${what} is decided, but it is ${phase}: ${message}`);
}

/** A decision that changed nothing is an error, not a success. */
function requireSettled(state: SyncState, path: string): void {
  const name = path || '.';
  requireMoving(state, name);
  const left = state.conflicts.find((one) => one.path === path);
  if (left === undefined) return;
  throw new Error(
    `${name} cannot be settled so: ${left.reason} (here ${left.local}, there ${left.container})`,
  );
}

/** Both texts of a conflict, and what they were made of. */
function versionsOf({ synchronizer, attached, bases }: Current, path: string): Promise<Versions> {
  return synchronizer.settle(path, (settling) => readVersions(path, settling, { sides: attached, bases }));
}

async function merge(
  { synchronizer, attached }: Current,
  parameters: Record<string, unknown>,
): Promise<void> {
  const path = asText(parameters.path, 'a path');
  const text = asText(parameters.text, 'a text');
  const { local, container } = asObject(parameters.digests, 'digests');
  const digests = { local: asDigest(local), container: asDigest(container) };
  const to = parameters.to === 'both' ? 'both' : 'local';
  await synchronizer.settle(path, (settling) =>
    putMerged(path, text, settling, { sides: attached, digests, to }),
  );
}

type Attached = NonNullable<RunningSync['live']>['attached'];

async function trashOf({ local, container }: Attached): Promise<unknown> {
  const [here, there] = await Promise.all([local.trash(), container.trash()]);
  return { local: here, container: there };
}

async function restore(attached: Attached, parameters: Record<string, unknown>): Promise<void> {
  const item = { operation: asPath(parameters.operation), path: asPath(parameters.path) };
  const side = parameters.from === 'container' ? attached.container : attached.local;
  await side.restore(item, `${asPath(parameters.name)}-restore`);
}
