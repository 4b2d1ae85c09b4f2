/** What a terminal shows while a program runs in it: real bytes of a real pseudo-terminal, with the times at which they came. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import xterm from '@xterm/headless';

/** Cells in a row that look alike. */
export interface Run {
  readonly text: string;
  /** 0–15 of the terminal's palette; absent for the terminal's own colour. */
  readonly color?: number;
  readonly bold?: boolean;
  readonly dim?: boolean;
  readonly inverse?: boolean;
}

export type Row = readonly Run[];

export interface Frame {
  /** Milliseconds since the beginning. */
  readonly at: number;
  readonly rows: readonly Row[];
}

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

export interface Chunk {
  /** Milliseconds since the beginning. */
  readonly at: number;
  readonly bytes: Buffer;
}

/** What looks still to a person is one frame, in milliseconds. */
const stillMs = 90;
/** A longer wait is shortened to this, in milliseconds: a recording is looked at once. */
const longestWaitMs = 2_500;

/** Runs a shell script in a terminal of this size; returns what it showed. */
export async function record(script: string, size: Size, env: NodeJS.ProcessEnv): Promise<Frame[]> {
  const folder = mkdtempSync(join(tmpdir(), 'x8s-recording-'));
  try {
    const paths = {
      script: join(folder, 'script'),
      out: join(folder, 'out'),
      timing: join(folder, 'timing'),
    };
    writeFileSync(paths.script, `stty cols ${size.columns} rows ${size.rows}\n${script}`);
    const command = ['--quiet', '--flush', '--return', '--command', `bash ${paths.script}`];
    const logs = ['--log-out', paths.out, '--log-timing', paths.timing, '--logging-format', 'classic'];
    execFileSync('script', [...command, ...logs], {
      env: { ...env, TERM: 'xterm-256color', COLORTERM: '' },
      stdio: ['ignore', 'ignore', 2],
    });
    return await framesOf(chunksOf(readFileSync(paths.out), readFileSync(paths.timing, 'utf8')), size);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The bytes with their times: `script` writes a line `SECONDS BYTES` for each piece, and a line of its own before the first. */
function chunksOf(out: Buffer, timing: string): Chunk[] {
  let offset = out.indexOf('\n') + 1;
  let at = 0;
  return timing
    .trim()
    .split('\n')
    .map((line) => {
      const [seconds = 0, length = 0] = line.split(' ').map(Number);
      at += Math.min(seconds * 1000, longestWaitMs);
      const bytes = out.subarray(offset, offset + length);
      offset += length;
      return { at, bytes };
    });
}

/** What was shown after each piece, but for what no person sees before the next one comes. */
export async function framesOf(chunks: readonly Chunk[], { columns, rows }: Size): Promise<Frame[]> {
  const terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true });
  const frames: Frame[] = [];
  for (const [index, { at, bytes }] of chunks.entries()) {
    await new Promise<void>((resolve) => terminal.write(bytes, resolve));
    const next = chunks[index + 1];
    if (next && next.at - at < stillMs) continue;
    const shown = screenOf(terminal);
    if (JSON.stringify(shown) !== JSON.stringify(frames.at(-1)?.rows)) frames.push({ at, rows: shown });
  }
  return frames;
}

function screenOf(terminal: xterm.Terminal): Row[] {
  const buffer = terminal.buffer.active;
  return Array.from({ length: terminal.rows }, (_, index) => {
    const line = buffer.getLine(buffer.viewportY + index);
    return line ? rowOf(line, terminal.cols) : [];
  });
}

function rowOf(line: xterm.IBufferLine, columns: number): Row {
  const runs: { text: string; look: Omit<Run, 'text'> }[] = [];
  for (let column = 0; column < columns; column++) {
    const cell = line.getCell(column);
    if (!cell || cell.getWidth() === 0) continue;
    const look = lookOf(cell);
    const last = runs.at(-1);
    const text = cell.getChars() || ' ';
    if (last && JSON.stringify(last.look) === JSON.stringify(look)) last.text += text;
    else runs.push({ text, look });
  }
  return withoutEnd(runs.map(({ text, look }) => ({ text, ...look })));
}

/** The row without the blanks at its end. */
function withoutEnd(row: Row): Row {
  const last = row.at(-1);
  if (!last || last.inverse) return row;
  const text = last.text.trimEnd();
  return text === '' ? withoutEnd(row.slice(0, -1)) : [...row.slice(0, -1), { ...last, text }];
}

function lookOf(cell: xterm.IBufferCell): Omit<Run, 'text'> {
  const color = cell.isFgPalette() ? cell.getFgColor() : undefined;
  return {
    ...(color !== undefined && color < 16 && { color }),
    ...(cell.isBold() !== 0 && { bold: true }),
    ...(cell.isDim() !== 0 && { dim: true }),
    ...(cell.isInverse() !== 0 && { inverse: true }),
  };
}
