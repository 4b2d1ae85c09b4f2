/** Records where REMOTE leads in a container: a link that is pointed elsewhere makes it another directory. */
import { join } from 'node:path';
import { X8sError } from '../../../../src/errors.ts';
import { asObject, asText } from '../../wire/check.ts';
import { type OnRemark, readStateFile, replaceStateFile } from '../ancestor/state-files.ts';

/** What was worked with last. */
interface RemoteRoot {
  readonly container: string;
  /** Without links, as the container sees it. */
  readonly root: string;
}

/** A person is to be asked before a sync goes on in another directory. */
export class RemoteMovedError extends X8sError {
  readonly #accept: () => void;

  constructor(message: string, accept: () => void) {
    super(message, { hint: 'resume --confirm goes on there.' });
    this.#accept = accept;
  }

  /** The next attempt goes on there. */
  accept(): void {
    this.#accept();
  }
}

/**
 * Takes note of where REMOTE leads in this container. Another container has links of its own, and is another location
 * anyway.
 *
 * @param folder of the sync, on the workstation. @param onTrouble told where what was noted cannot be read.
 * @throws PlaceChangedError where it led elsewhere when this container was worked with last.
 */
export function requireSameRoot(
  folder: string,
  remote: string,
  now: RemoteRoot,
  onTrouble: OnRemark = () => {},
): void {
  const file = join(folder, 'remote-place');
  const note = () => replaceStateFile(file, JSON.stringify(now));
  const last = read(file, onTrouble);
  if (last?.container === now.container && last.root !== now.root)
    throw new RemoteMovedError(
      `REMOTE ${remote} leads to ${now.root} now, and led to ${last.root}; there, nothing is agreed on yet`,
      note,
    );
  if (last?.container !== now.container || last.root !== now.root) note();
}

function read(file: string, onTrouble: OnRemark): RemoteRoot | undefined {
  const data = readStateFile(file, 'where REMOTE led to', onTrouble);
  if (data === undefined) return undefined;
  try {
    const { container, root } = asObject(JSON.parse(data.toString()), 'a place');
    return { container: asText(container, 'an id'), root: asText(root, 'a path') };
  } catch {
    // Nothing that says where.
    return undefined;
  }
}
