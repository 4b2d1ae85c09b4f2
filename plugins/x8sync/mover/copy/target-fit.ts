/** How a copy goes by what its target keeps: tries that out, tells rsync of it, and leaves out what has no place there. */
import { MoverExit } from '../access/exit.ts';
import type { Source } from '../access/source.ts';
import type { SourceRsync } from '../access/source-rsync.ts';
import type { StagingFolder } from '../access/staging.ts';
import type { Loss, OutOfRangeTime } from '../protocol/losses.ts';
import { type CopyOptions, emptiesTarget } from '../protocol/options.ts';
import type { Runtime } from '../protocol/runtime.ts';
import { excludeOptions } from '../rsync/patterns.ts';
import { TargetCompatibility } from '../target/target-compatibility.ts';
import { isEmpty } from '../target/target-content.ts';
import { observeTarget } from '../target/target-look.ts';
import { probeTarget } from '../target/target-traits.ts';

/** What it works with. */
export interface FitParts {
  readonly options: CopyOptions;
  readonly runtime: Runtime;
  readonly staging: StagingFolder;
  readonly source: Source;
  readonly rsync: SourceRsync;
}

export class TargetFit {
  readonly #parts: FitParts;
  /** Undefined until the target is tried out. */
  #fit: TargetCompatibility | undefined;

  constructor(parts: FitParts) {
    this.#parts = parts;
  }

  /** What of the source's entries the target's file system can't keep. */
  get losses(): readonly Loss[] {
    return this.#fit?.losses ?? [];
  }

  /** Files that were left out because they are there already. */
  get present(): readonly OutOfRangeTime[] {
    return this.#fit?.present ?? [];
  }

  /** Times tell too few of the files apart. */
  get needsContent(): boolean {
    return this.#fit?.needsContent ?? false;
  }

  /** Looks at the target without a write. */
  async observe(): Promise<void> {
    const { options, runtime, source, rsync } = this.#parts;
    const traits = observeTarget(runtime.paths.target);
    rsync.folding = traits;
    this.#fit = new TargetCompatibility(traits, source, runtime.messages);
    await this.#fit.look(options, false);
  }

  /**
   * Tries out what the target keeps, and compares it with what the source has.
   *
   * @throws MoverExit where names fall together there, and are not to be skipped, or a file is too large.
   */
  async tryOut(): Promise<void> {
    const { options, runtime, staging, source, rsync } = this.#parts;
    try {
      const traits = await probeTarget(staging.temporary, runtime.uid === 0, source.largest);
      rsync.traits.fractions ||= traits.fractions;
      rsync.traits.owners = !traits.owner;
      rsync.traits.modes = !traits.modes;
      rsync.traits.unsupported = traits.unsupported;
      rsync.folding = traits;
      this.#fit = new TargetCompatibility(traits, source, runtime.messages);
      await this.#fit.look(options, !emptiesTarget(options.mode) && !(await isEmpty(runtime)));
    } catch (error) {
      if (error instanceof MoverExit && error.outcome === 'refused') await staging.abandon();
      throw error;
    }
  }

  /** By size and time, all of these files would be copied with every run. */
  compareContent(): void {
    const { runtime, rsync } = this.#parts;
    rsync.byContent = true;
    const text =
      "so many files have times that the target can't keep that all files are compared by their content";
    runtime.messages.write('notice', { text });
  }

  /** Has rsync leave out what has no place at the target, or is there as well as that can keep it. */
  async leaveOut(): Promise<void> {
    const { runtime, options, rsync } = this.#parts;
    rsync.excluded = this.#fit?.excluded(runtime.paths.target, options.checksum || rsync.byContent) ?? [];
    rsync.exclude = await excludeOptions(rsync.excluded, `${runtime.paths.work}/exclude`);
  }

  /** Once all is copied: what could not be known before. */
  async finish(): Promise<void> {
    await this.#fit?.finish();
  }
}
