/**
 * Carries out operations on a real directory tree. Nothing is replaced or deleted that is not what it was when
 * it was planned for, and whatever goes, goes to the trash.
 */
import { lstatSync, mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { nextTurn } from '../../../../src/async/next-turn.ts';
import { machine } from '../../../../src/machine.ts';
import type { Directory, File, Tracked } from '../../reconcile/entry.ts';
import type { Operation, OperationResult } from '../../reconcile/operations.ts';
import { splitPath } from '../../reconcile/tree.ts';
import { findTwin } from '../files/exact-names.ts';
import { Descent, sameHere } from '../files/folder.ts';
import { completesRepository, gitPart, gitPartsIn, isRepository, partsOf } from '../files/names.ts';
import { codeOf, reasonOf } from '../files/system-error.ts';
import { buildable, buildDirectory } from './build.ts';
import type { ApplyContext } from './file-operations.ts';
import {
  isWhatWasSeen,
  type Leaf,
  putNew,
  putOver,
  type ResolvedPath,
  removeLeaf,
  setMode,
} from './file-operations.ts';

/** Others get their turn this often, in milliseconds. */
const slice = 15;

/** Does the operations in order, each on its own: one that fails says why and the others go on. */
export async function apply(
  context: ApplyContext,
  operations: readonly Operation[],
): Promise<OperationResult[]> {
  using applier = new Applier(context);
  const results: OperationResult[] = [];
  let turnEnds = performance.now() + slice;
  while (results.length < operations.length) {
    results.push(
      ...(applier.build(operations, results.length) ?? [
        await applier.attempt(operations[results.length] as Operation),
      ]),
    );
    if (performance.now() < turnEnds) continue;
    await nextTurn();
    turnEnds = performance.now() + slice;
  }
  return results;
}

const goneMeanwhile = 'it has gone meanwhile';

class Applier implements Disposable {
  readonly #context: ApplyContext;
  readonly #descent: Descent;

  constructor(context: ApplyContext) {
    this.#context = context;
    this.#descent = new Descent(context.root, context.foldsNames);
  }

  /** Makes a whole new directory, where the operations from `first` on are one. */
  build(operations: readonly Operation[], first: number): OperationResult[] | undefined {
    const count = this.#context.foldsNames ? 0 : buildable(operations, first);
    if (count === 0) return undefined;
    const group = operations.slice(first, first + count);
    if (this.#makesRepository(group)) return undefined;
    try {
      // The names of what is in it are checked with this; its own, and those above, on the way there.
      for (const operation of group)
        if (this.#context.gate.refusal(operation) !== undefined) return undefined;
      return buildDirectory(this.#placeOf(operations[first]?.path ?? ''), group, this.#context);
    } catch {
      // The reason is found out when the operations are tried one by one.
      return undefined;
    }
  }

  async attempt(operation: Operation): Promise<OperationResult> {
    const result = await this.#outcomeOf(operation);
    const { new: wanted } = operation;
    const isDone = result.problem === undefined;
    if (!isDone && wanted === undefined) this.#context.undeleted.add(result.path);
    this.#context.staging.release(isDone, wanted?.kind === 'file' ? wanted.digest : undefined);
    return result;
  }

  [Symbol.dispose](): void {
    this.#descent.leave();
  }

  async #outcomeOf(operation: Operation): Promise<OperationResult> {
    const { path } = operation;
    try {
      const refusal = this.#context.gate.refusal(operation);
      return refusal === undefined ? await this.#perform(operation) : { path, problem: refusal };
    } catch (error) {
      return { path, problem: reasonOf(error) };
    }
  }

  async #perform(operation: Operation): Promise<OperationResult> {
    const { path, old, new: wanted } = operation;
    const place = this.#placeOf(path);
    if (wanted === undefined && old === undefined) return { path };
    if (old !== undefined && this.#isRespelled(place))
      return wanted === undefined ? { path } : { path, problem: goneMeanwhile };
    if (wanted === undefined)
      return old?.kind === 'directory' ? this.#removeDirectory(place) : this.#remove(place, old);
    if (old?.kind === 'directory' && wanted.kind === 'directory') return this.#directoryMode(place, wanted);
    const content = () => this.#contentOf(wanted as File, operation.reuse !== true);
    if (old === undefined) return this.#create(place, wanted, content);
    if (old.kind === 'directory' || wanted.kind === 'directory')
      return { path, problem: 'cannot be done in one step' };
    return await this.#replace(place, old, wanted, content);
  }

  /** A file with the content, which is to be renamed into place. */
  #contentOf({ digest }: File, isLast: boolean): string {
    const { staging, contents } = this.#context;
    const data = contents?.get(digest);
    return data === undefined ? staging.take(digest, isLast) : staging.put(digest, data);
  }

  #placeOf(path: string): ResolvedPath {
    const [parent, name] = splitPath(path);
    const folder = this.#descent.to(parent);
    if (name !== '') partsOf(name, machine.platform);
    return { path, at: name === '' ? folder.path : folder.at(name), folder, name };
  }

  /** Whether a new directory with these in it is one that git takes for a repository. */
  #makesRepository(group: readonly Operation[]): boolean {
    const names = group.slice(1).map(({ path }) => splitPath(path)[1]);
    return this.#context.refusesRepositories && isRepository(gitPartsIn(names));
  }

  /**
   * Whether something new of this name has git take its directory for a repository. What is really there decides: other
   * sessions bring things to the same directory.
   */
  #completesRepository({ folder, name }: ResolvedPath): boolean {
    if (!this.#context.refusesRepositories || gitPart(name) === undefined) return false;
    return isRepository(gitPartsIn([...readdirSync(folder.path), name]));
  }

  /** What is found there has another name by now, which differs by case. */
  #isRespelled({ folder, name }: ResolvedPath): boolean {
    return this.#context.foldsNames && name !== '' && findTwin(folder.path, name) !== undefined;
  }

  #create(place: ResolvedPath, wanted: Tracked, content: () => string): OperationResult {
    const { path, folder, name } = place;
    if (this.#completesRepository(place)) return { path, problem: completesRepository };
    const twin = this.#context.foldsNames ? findTwin(folder.path, name) : undefined;
    if (twin !== undefined) return { path, problem: sameHere(twin) };
    if (wanted.kind === 'directory') return this.#createDirectory(place, wanted);
    return putNew(place, wanted, this.#context, wanted.kind === 'file' ? content() : undefined);
  }

  #createDirectory({ path, at, folder }: ResolvedPath, wanted: Directory): OperationResult {
    try {
      mkdirSync(at);
      setMode(at, wanted, folder.self, this.#context);
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
      if (!lstatSync(at).isDirectory()) return { path, problem: 'something else has appeared there' };
    }
    return { path };
  }

  #directoryMode({ path, at }: ResolvedPath, wanted: Directory): OperationResult {
    setMode(at, wanted, undefined, this.#context);
    return { path };
  }

  #removeDirectory({ path, at }: ResolvedPath): OperationResult {
    this.#descent.leave();
    const { folder, name } = this.#placeOf(path);
    if (path === '') return { path, problem: 'the root itself is never deleted' };
    try {
      rmdirSync(folder.at(name));
      return { path };
    } catch (error) {
      const code = codeOf(error);
      if (code === 'ENOENT') return { path };
      if (code === 'ENOTEMPTY' || code === 'EEXIST') return this.#leftDirectory(path);
      throw Object.assign(error as Error, { message: reasonOf(error).replace(at, path) });
    }
  }

  /** What is left in it is ignored, or new; or it was to go, and did not. */
  #leftDirectory(path: string): OperationResult {
    for (const one of this.#context.undeleted)
      if (splitPath(one)[0] === path) return { path, problem: `${one} in it could not be deleted` };
    return { path, left: true };
  }

  async #remove(place: ResolvedPath, old: Tracked | undefined): Promise<OperationResult> {
    const { path, at } = place;
    const stats = lstatSync(at, { throwIfNoEntry: false });
    if (stats === undefined) return { path };
    if (
      old?.kind === 'directory' ||
      old === undefined ||
      !(await isWhatWasSeen(place, old, stats, this.#context))
    )
      return { path, problem: 'it has changed meanwhile' };
    return removeLeaf(place, stats, this.#context);
  }

  async #replace(
    place: ResolvedPath,
    old: Leaf,
    wanted: Leaf,
    content: () => string,
  ): Promise<OperationResult> {
    const { path, at } = place;
    const stats = lstatSync(at, { throwIfNoEntry: false });
    if (stats === undefined) return { path, problem: goneMeanwhile };
    if (!(await isWhatWasSeen(place, old, stats, this.#context)))
      return { path, problem: 'it has changed meanwhile' };
    return await putOver(place, old, wanted, stats, this.#context, content);
  }
}
