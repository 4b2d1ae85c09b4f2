/**
 * Which container writes back, as a file of this workstation: the next watch goes on with it, and with what it has made
 * meanwhile.
 */
import { join } from 'node:path';
import type { Target } from '../../launch/launcher.ts';
import { reasonOf } from '../../sync/files/system-error.ts';
import { asObject, asText } from '../../wire/check.ts';
import { type OnRemark, readStateFile, replaceStateFile } from '../ancestor/state-files.ts';
import { isSame, type Part, partOf } from './group-targets.ts';

export class LastWriter {
  readonly #file: string;
  readonly #onTrouble: OnRemark;
  #part: Part | undefined;

  /** @param folder of the sync on this workstation. @param onTrouble told what cannot be read, or noted. */
  constructor(folder: string, onTrouble: OnRemark) {
    this.#file = join(folder, 'writer');
    this.#onTrouble = onTrouble;
    const data = readStateFile(this.#file, 'which container writes back', onTrouble);
    if (data === undefined) return;
    try {
      const { uid, container } = asObject(JSON.parse(data.toString()), 'a container');
      this.#part = { uid: asText(uid, 'an id'), container: asText(container, 'a name') };
    } catch {
      // Nothing that says which.
    }
  }

  /** Undefined where none has ever been one here. */
  get part(): Part | undefined {
    return this.#part;
  }

  /** This one writes back from now on. */
  note(writer: Target): void {
    const part = partOf(writer);
    if (this.#part && isSame(this.#part, part)) return;
    this.#part = part;
    try {
      replaceStateFile(this.#file, JSON.stringify(part));
    } catch (error) {
      const name = writer.pod.metadata.name;
      this.#onTrouble(
        `that pod ${name} writes back cannot be noted (${reasonOf(error)}); the next watch may choose another one`,
      );
    }
  }
}
