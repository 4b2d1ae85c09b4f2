/** What a second terminal may ask of a running sync. */
import type { SyncRunner } from '../session/sync-runner.ts';
import { asPath, asText } from '../wire/check.ts';
import type { Handler } from './socket.ts';

export interface ControlOptions {
  readonly runner: SyncRunner;
  readonly stop: () => void;
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
        const winner = parameters.use === 'container' ? 'container' : 'local';
        return await live().synchronizer.resolve(asText(parameters.path, 'a path'), winner);
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
        return stop();
      default:
        throw new Error(
          `the running sync does not know ${JSON.stringify(method)}; it may be of another version`,
        );
    }
  };
}

type Attached = NonNullable<SyncRunner['live']>['attached'];

async function trashOf({ local, container }: Attached): Promise<unknown> {
  const [here, there] = await Promise.all([local.trash(), container.trash()]);
  return { local: here, container: there };
}

async function restore(attached: Attached, parameters: Record<string, unknown>): Promise<void> {
  const item = { operation: asPath(parameters.operation), path: asPath(parameters.path) };
  const side = parameters.from === 'container' ? attached.container : attached.local;
  await side.restore(item, `${asPath(parameters.name)}-restore`);
}
