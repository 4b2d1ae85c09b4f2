/** Follows what the primary has, kind by kind: one that is refused must not hold up the others. */
import { ForbiddenError, messageOf, X8sError } from '../../../src/errors.ts';
import type { InformerHandler } from '../cache/informers.ts';
import { isAway } from '../clusters/failure.ts';
import type { CopiedKind, KindChoice } from '../clusters/kinds.ts';
import { awaitKinds, isSilent } from '../clusters/late-kinds.ts';
import { scopesOf } from '../clusters/scopes.ts';
import type { TaskSpec } from '../decide/spec.ts';
import { listOf } from '../objects/keys.ts';
import { literalNamespaces } from '../rules/scope.ts';
import type { Listed } from './handlers.ts';
import type { TaskOptions } from './task-options.ts';

interface Problem {
  readonly kind: string;
  readonly error: X8sError;
}

export class PrimaryLists {
  readonly #options: TaskOptions;
  /** By list, in the order in which they came up. */
  readonly #problems = new Map<string, Problem>();
  readonly #notes: string[];
  #silent: readonly string[] = [];
  #followed = 0;

  constructor(options: TaskOptions, notes: string[]) {
    this.#options = options;
    this.#notes = notes;
  }

  /** Why the primary does not answer; undefined while it does. */
  get away(): X8sError | undefined {
    return [...this.#problems.values()].find(({ error }) => isAway(error))?.error;
  }

  /** Kinds, and versions of groups, that can't be read there, and why. */
  get refused(): ReadonlyMap<string, X8sError> {
    const refused = [...this.#problems.values()].filter(({ error }) => !isAway(error));
    return new Map([
      ...this.#silent.map((name) => [name, isSilent()] as const),
      ...refused.reverse().map(({ kind, error }) => [kind, error] as const),
    ]);
  }

  /** Versions of groups that do not answer; a watch asks them again. */
  takeSilent(choice: KindChoice): void {
    const { primary, watch, warn, changed } = this.#options;
    this.#silent = choice.silent;
    if (!watch) return;
    if (choice.silent.length > 0)
      warn(
        `primary ${primary.name}: ${choice.silent.join(', ')}: ${isSilent().message}; other kinds go on, and it is asked again by itself`,
      );
    void awaitKinds(this.#options, choice, (silent) => {
      if (silent.join() === this.#silent.join()) return;
      this.#silent = silent;
      changed();
    });
  }

  /** Whether a kind, as `groupKind` writes it, may be one of a group that does not answer. */
  isSilentAbout(kind: string): boolean {
    return this.#silent.some((version) => kind.endsWith(`.${version.slice(0, version.indexOf('/'))}`));
  }

  /**
   * Where a kind is listed.
   * @throws {ForbiddenError} namespaces would have to be read in the whole cluster, and may not
   */
  async scopes(kind: CopiedKind): Promise<Listed[]> {
    const { primary, spec, signal } = this.#options;
    try {
      const scopes = await scopesOf(primary, kind.resource, literalNamespaces(spec.namespaces), { signal });
      if (scopes.length === 0)
        this.#notes.push(
          `${kind.name} may not be listed on ${primary.name}: what is needed has to be on the replicas`,
        );
      return scopes.map((namespace) => ({ kind, namespace }));
    } catch (error) {
      if (!(error instanceof ForbiddenError) || kind.name === 'Namespace') throw error;
      this.note({ kind, namespace: undefined }, error);
      return [{ kind, namespace: undefined }];
    }
  }

  /**
   * Resolves when the list is complete, or was refused: then it comes later, should it be allowed again. A primary
   * that does not answer at all is waited for, since nothing else can be done meanwhile.
   * @throws {X8sError} without `watch`: the primary does not answer
   */
  async follow(listed: Listed, handler: InformerHandler): Promise<void> {
    const { primary, informers, watch, signal, broken } = this.#options;
    const { kind, namespace } = listed;
    this.#followed++;
    const refused = Promise.withResolvers<void>();
    const disconnected = (error: X8sError) => {
      this.note(listed, error);
      if (this.#mayBeLacking(kind, error)) refused.resolve();
    };
    const scope = { kube: primary.kube, resource: kind.resource, namespace, metadataOnly: false, watch };
    const connected = () => this.note(listed, undefined);
    let waits = true;
    const followed = informers
      .follow(scope, { ...handler, connected, disconnected }, signal)
      .catch((error: unknown) => {
        if (this.#mayBeLacking(kind, error)) return;
        if (waits) throw error;
        if (!signal.aborted) broken(error);
      });
    await Promise.race([followed, refused.promise]);
    waits = false;
  }

  /** Refuses, with the first reason, a comparison that could read nothing at all. A watch waits for its rights. */
  checkAny(): void {
    const [first] = this.#problems.values();
    if (first && !this.#options.watch && this.#problems.size >= this.#followed) throw first.error;
  }

  /** A list can't be read just now, or can again. */
  note({ kind, namespace }: Listed, error: X8sError | undefined): void {
    const { primary, watch, warn, changed } = this.#options;
    const list = listOf(kind.name, namespace);
    if (error === undefined && !this.#problems.has(list)) return;
    if (error && watch && !this.#isKnown(kind.name, error))
      warn(
        `primary ${primary.name}: ${isAway(error) ? '' : `${kind.name} can't be read, other kinds go on: `}${messageOf(error)}; tried again by itself`,
      );
    if (error) this.#problems.set(list, { kind: kind.name, error });
    else this.#problems.delete(list);
    changed();
  }

  #isKnown(kind: string, error: X8sError): boolean {
    return isAway(error) ? this.away !== undefined : this.refused.has(kind);
  }

  #mayBeLacking(kind: CopiedKind, error: unknown): error is X8sError {
    return mayBeLacking(kind, error, this.#options.spec);
  }
}

/**
 * Whether the other kinds go on without one that was answered so. Where labels decide which namespaces are covered,
 * nothing is known without those.
 */
export function mayBeLacking(
  { name }: CopiedKind,
  error: unknown,
  { namespaces }: Pick<TaskSpec, 'namespaces'>,
): error is X8sError {
  const isIndispensable = name === 'Namespace' && namespaces.selector.length > 0;
  return error instanceof X8sError && !isAway(error) && !isIndispensable;
}
