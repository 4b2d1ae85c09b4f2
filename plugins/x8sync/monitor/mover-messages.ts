/** What the mover says while it works, gathered for the person and for the result. */
import type { Clock } from '../../../src/clock.ts';
import { formatBytes, formatPlural, formatRate } from '../../../src/ui/format.ts';
import type { Progress, StepHandle } from '../../../src/ui/reporter.ts';
import type { Difference } from '../mover/manifest/compare.ts';
import type { MoverLine } from '../mover/protocol/mover-lines.ts';
import type { LogLevel, MoverEnd, MoverProgress, StreamFigures } from '../mover/protocol/protocol.ts';
import { tunnelAddress } from '../mover/protocol/tunnel-options.ts';
import type { Role } from '../objects/sides.ts';
import { TimeLeft } from './time-left.ts';

/** A rate is of the last few seconds: after so many without data it is none any more. */
const stillMs = 5000;
/** Between two lines of a step, where these are written one below the other, there is as much. */
const remindMs = 10_000;
/** What helps against being killed for memory. */
export const moreMemory = '--memory gives the pods more';
const maxDiagnostics = 20;
const maxChanges = 200;

/** Gathers lines from the first one on; a step that begins later is shown what it missed. */
export class MoverMessages {
  /** Errors and warnings, the last few: they explain a failure. */
  readonly diagnostics: string[] = [];
  /** In a dry run: what would change, the first few hundred. */
  readonly changes: string[] = [];
  /** What a comparison of both trees found, the first thousand. */
  readonly differences: Difference[] = [];
  /** The address that the mover reached the source at. */
  #connected: string | undefined;
  /** The target's address that the source's tunnel leads to. */
  #tunnel: string | undefined;
  /** Warnings: a run that succeeds shows them, and no other diagnostics. */
  readonly #warnings: string[] = [];
  /** What a person is to read at once, and no step has shown yet. */
  readonly #notices: string[] = [];
  readonly #moving = Promise.withResolvers<void>();
  #progress: MoverProgress | undefined;
  readonly #timeLeft = new TimeLeft();
  #secondsLeft: number | undefined;
  readonly #clock: Pick<Clock, 'monotonic' | 'now'>;
  /** When it has got further last. */
  #movedAt = 0;
  #movedOn: Date | undefined;
  #shownAt = 0;
  /** Since when it has not, RFC 3339; undefined where it does. */
  #stillSince: string | undefined;
  /** Since when nothing leads to the source; undefined where something does. */
  #lostSince: string | undefined;
  #killed: string | undefined;
  /** What the pods of each side wait for while they are to work; empty where they do. */
  readonly #waits: Record<Role, string> = { source: '', target: '' };
  #show: () => void = () => {};
  #onNotice = (text: string): void => void this.#notices.push(text);
  readonly #debug: (text: string) => void;

  /** @param debug is told what only those want to know who ask for more. */
  constructor(clock: Pick<Clock, 'monotonic' | 'now'>, debug: (text: string) => void) {
    this.#clock = clock;
    this.#debug = debug;
  }

  /** Resolves once the mover has told how far it is. */
  get moving(): Promise<void> {
    return this.#moving.promise;
  }

  /** The address that answered: the source's, or the target's where the source dialled it. */
  get address(): string | undefined {
    return this.#connected === tunnelAddress ? this.#tunnel : this.#connected;
  }

  /** Notes where the source opens its tunnel. */
  takeTunnel(address: string): void {
    this.#tunnel = address;
  }

  /** That a container of either side was killed for memory, the last time: what fails then has no other reason. */
  get killed(): string | undefined {
    return this.#killed;
  }

  noteKilled(text: string): void {
    this.#killed = text;
    this.addDiagnostic(`${text}: ${moreMemory}`);
  }

  /** Notes what the pods of a side wait for; an empty text where nothing holds them up. */
  noteWait(side: Role, text: string): void {
    if (text === this.#waits[side]) return;
    this.#waits[side] = text;
    this.#show();
  }

  /** The mover was stopped; its successor may already be there, and wait for something that tells more. */
  noteStopped(): void {
    if (this.#waits.target === '') this.noteWait('target', 'it was stopped; waiting for the next one');
  }

  take(line: MoverLine): void {
    if (line.kind === 'connected') {
      this.#connected = line.address;
      this.#setLost(undefined);
    } else if (line.kind === 'disconnected') this.#setLost(line.since);
    else if (line.kind === 'progress') {
      this.#noteMoves(line.progress);
      this.#progress = line.progress;
      this.#secondsLeft = this.#timeLeft.next(line.progress, this.#clock.monotonic());
      this.#moving.resolve();
      this.#show();
    } else if (line.kind === 'streams') for (const one of line.streams) this.#debug(streamText(one));
    else if (line.kind === 'change') this.#addChange(`${line.item} ${line.name}`);
    else if (line.kind === 'difference') this.differences.push(line.difference);
    else if (line.kind === 'notice') this.#onNotice(line.text);
    else if (line.kind === 'log') this.#takeLog(line.level, line.text);
  }

  #takeLog(level: LogLevel, text: string): void {
    if (level === 'info') this.#debug(`mover: ${text}`);
    else this.addDiagnostic(text);
    if (level === 'warning') addOnce(this.#warnings, text);
  }

  #noteMoves({ bytes, files }: MoverProgress): void {
    if (this.#progress?.bytes === bytes && this.#progress.files === files) return;
    this.#movedAt = this.#clock.monotonic();
    this.#movedOn = this.#clock.now();
    this.#stillSince = undefined;
  }

  /**
   * To be called now and then: shows that nothing moves any more, where that is so; and again after a while, since what
   * was said right after another line may have been left out.
   */
  look(): void {
    const now = this.#clock.monotonic();
    const wasStill = this.#stillSince !== undefined;
    if (this.#progress && now - this.#movedAt >= stillMs) this.#stillSince ??= this.#movedOn?.toISOString();
    const isNews = this.#stillSince !== undefined && !wasStill;
    if (isNews || (this.#held !== undefined && now - this.#shownAt >= remindMs)) this.#show();
  }

  /** Why nothing moves; undefined where it does. */
  get #held(): string | undefined {
    const { source, target } = this.#waits;
    if (target !== '') return `the mover's pod: ${target}`;
    const [lost, still] = [this.#lostSince, this.#stillSince];
    if (lost === undefined && still === undefined) return undefined;
    if (source !== '') return `the source's pod: ${source}`;
    return lost === undefined ? still && noData(still) : noConnection(lost);
  }

  #setLost(since: string | undefined): void {
    if (since === this.#lostSince) return;
    this.#lostSince = since;
    this.#show();
  }

  /** A mover whose connection broke lists all changes once more. */
  #addChange(text: string): void {
    if (this.changes.length < maxChanges && !this.changes.includes(text)) this.changes.push(text);
  }

  /** Notes what explains a failure. */
  addDiagnostic(text: string): void {
    addOnce(this.diagnostics, text);
  }

  /** Shows progress and notices from now on, and those that came before. */
  showOn(handle: StepHandle, onProgress: (text: string) => void): void {
    let wasHeld = false;
    this.#show = () => {
      const held = this.#held;
      this.#shownAt = this.#clock.monotonic();
      const text = this.#progress && progressWith(this.#progress, held);
      if (text !== undefined) onProgress(text);
      // A step shows either how far it is or what it waits for, whichever was said last.
      if (held !== undefined) handle.detail(text ?? held);
      else if (wasHeld) handle.detail('');
      wasHeld = held !== undefined;
      if (!wasHeld && this.#progress) handle.progress(stepProgress(this.#progress, this.#secondsLeft));
    };
    this.#show();
    this.#onNotice = (text) => handle.warn(text);
    this.#notices.splice(0).forEach(this.#onNotice);
  }

  showWarnings(handle: StepHandle): void {
    for (const text of this.#warnings) handle.warn(text);
  }

  /** Whether the mover that ended so had begun to change the target. */
  hasBegun({ stats }: MoverEnd): boolean {
    return this.#progress !== undefined || stats.transferredFiles > 0 || stats.createdEntries > 0;
  }
}

/** Adds a text that is not there yet, and keeps the last ones only. */
function addOnce(texts: string[], text: string): void {
  if (texts.includes(text)) return;
  texts.push(text);
  if (texts.length > maxDiagnostics) texts.shift();
}

/** @param since RFC 3339. */
export const noConnection = (since: string) => `no connection to the source since ${since}`;

/** Files are compared, or the line is slow, or what stands at its end: nobody knows. @param since RFC 3339. */
const noData = (since: string) => `no data since ${since}`;

/** How far a mover is, as a step shows it. */
function stepProgress(progress: MoverProgress, secondsLeft: number | undefined): Progress {
  const { bytes, totalBytes, files, totalFiles, rate, scanning, comparing, unit = 'entries' } = progress;
  return {
    ...(comparing && { doing: 'comparing' }),
    bytes,
    // Totals that still grow are none.
    ...(scanning ? { counting: true } : { totalBytes, totalItems: totalFiles }),
    items: files,
    unit,
    bytesPerSecond: rate,
    ...(secondsLeft !== undefined && { secondsLeft }),
  };
}

/**
 * How far a mover is, in a few words.
 *
 * @param lostSince since when nothing leads to the source, RFC 3339; undefined where something does.
 */
export function progressText(progress: MoverProgress, lostSince?: string | undefined): string {
  return progressWith(progress, lostSince === undefined ? undefined : noConnection(lostSince));
}

/** @param held why there is no rate; the rate where absent. */
function progressWith(
  { bytes, totalBytes, rate, scanning, comparing }: MoverProgress,
  held: string | undefined,
): string {
  const total = scanning ? ', counting' : ` of ${formatBytes(totalBytes)}`;
  const what = comparing ? 'comparing, ' : '';
  return `${what}${formatBytes(bytes)}${total}, ${held ?? (rate > 0 ? formatRate(rate) : 'no data at the moment')}`;
}

/** What one of several streams has done, and where. */
function streamText({ stream, worker, files, bytes, rate }: StreamFigures): string {
  const where = worker === undefined ? '' : ` (worker ${worker})`;
  return `mover: stream ${stream}${where}: ${formatPlural(files, 'file')}, ${formatBytes(bytes)}, ${formatRate(rate)}`;
}

/** Since when nothing leads to the source, by the last lines of a mover; undefined where they tell of no such thing. */
export function lostSinceOf(said: readonly MoverLine[]): string | undefined {
  const last = said.findLast(({ kind }) => kind === 'connected' || kind === 'disconnected');
  return last?.kind === 'disconnected' ? last.since : undefined;
}
