/** One line that says how far a step is. */
import { formatBytes, formatCount, formatDuration, formatRate } from './format.ts';
import type { Progress } from './reporter.ts';
import { truncate, widthOf } from './width.ts';

const barCells = { least: 5, most: 20 };

/** What is shown at most while anything is missing. */
const almost = 0.99;

/**
 * Done part, 0–1, by bytes where they are known, else by items; undefined where no total is known. It is the whole only
 * where neither lacks anything: a hundred thousand names of one file are no bytes, and take their time.
 */
export function fractionOf({ bytes, totalBytes, items, totalItems }: Progress): number | undefined {
  const of = (done: number | undefined, total: number | undefined) =>
    done === undefined || total === undefined || total <= 0 ? undefined : Math.min(1, done / total);
  const [byBytes, byItems] = [of(bytes, totalBytes), of(items, totalItems)];
  if (byBytes === undefined) return byItems;
  return byItems !== undefined && byItems < 1 ? Math.min(almost, byBytes) : byBytes;
}

function amount(done: number, total: number | undefined, format: (value: number) => string): string {
  return total === undefined ? format(done) : `${format(done)}/${format(total)}`;
}

/**
 * The figures without the bar: `42% · 1.2 GiB/2.8 GiB · 12,345/50,000 files · 112 MiB/s · 14s left`, or, as long as
 * nobody knows what there is in all, `1.2 GiB · 12,345 files · counting · 112 MiB/s`. What is not known is left out, never guessed. A hundred percent is said only of a whole.
 */
export function progressFigures(progress: Progress): string {
  const {
    bytes,
    totalBytes,
    items,
    totalItems,
    unit = 'items',
    bytesPerSecond,
    secondsLeft,
    counting,
    doing,
  } = progress;
  const fraction = fractionOf(progress);
  const parts: string[] = [];
  if (doing !== undefined) parts.push(doing);
  if (fraction !== undefined) parts.push(`${Math.floor(fraction * 100)}%`);
  if (bytes !== undefined) parts.push(amount(bytes, totalBytes, formatBytes));
  if (items !== undefined) parts.push(`${amount(items, totalItems, formatCount)} ${unit}`);
  if (counting) parts.push('counting');
  if (bytesPerSecond !== undefined) parts.push(formatRate(bytesPerSecond));
  if (secondsLeft !== undefined) parts.push(`${formatTimeLeft(secondsLeft)} left`);
  return parts.join(' · ');
}

/** Whole seconds, rounded up: `0s left` beside a moving bar would be a lie. */
function formatTimeLeft(seconds: number): string {
  const whole = Math.max(1, Math.ceil(seconds));
  return whole < 60 ? `${whole}s` : formatDuration(whole * 1000);
}

/** A bar of so many cells, in eighths of a cell. */
function bar(fraction: number, cells: number): string {
  const eighths = Math.floor(fraction * cells * 8);
  const partial = eighths % 8 === 0 ? '' : ('▏▎▍▌▋▊▉'[(eighths % 8) - 1] ?? '');
  return ('█'.repeat(Math.floor(eighths / 8)) + partial).padEnd(cells, '░');
}

/** Bar and figures in so many columns; the bar shrinks and then goes where room is short. */
export function progressLine(progress: Progress, columns: number): string {
  const figures = progressFigures(progress);
  const fraction = fractionOf(progress);
  const cells = Math.min(barCells.most, columns - widthOf(figures) - 1);
  if (fraction === undefined || cells < barCells.least) return truncate(figures, columns);
  return `${bar(fraction, cells)} ${figures}`;
}
