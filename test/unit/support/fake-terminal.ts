/** Streams that remember what was written to them. */
import { Writable } from 'node:stream';

export interface FakeTerminalOptions {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

/** Stands for stdout or stderr; a pipe unless it is told to be a terminal. */
export class FakeTerminal extends Writable {
  readonly isTTY: boolean;
  columns: number;
  rows: number;
  /** All that was written, escapes included. */
  text = '';

  constructor({ isTTY = false, columns = 100, rows = 40 }: FakeTerminalOptions = {}) {
    super({ decodeStrings: false });
    this.isTTY = isTTY;
    this.columns = columns;
    this.rows = rows;
  }

  override _write(chunk: string | Uint8Array, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }

  /** What a person would see now: the screen after every cursor movement. */
  screen(): string[] {
    return renderScreen(this.text);
  }

  /** As the type that the code under test asks for. */
  get stream(): NodeJS.WriteStream {
    return this as unknown as NodeJS.WriteStream;
  }
}

const esc = String.fromCharCode(27);
/** An escape sequence, or one character. */
const token = new RegExp(`${esc}\\[\\??\\d*[A-Za-z]|[\\s\\S]`, 'gu');

/** The few escapes that listr2 and log-update use, applied to an endless screen. */
function renderScreen(text: string): string[] {
  const lines: string[] = [''];
  let [row, column] = [0, 0];
  const move = (count: string | undefined) => Number(count || '1');
  const put = (character: string) => {
    const line = (lines[row] ?? '').padEnd(column);
    lines[row] = line.slice(0, column) + character + line.slice(column + 1);
    column += 1;
  };
  const escapes: Readonly<Record<string, (count: string) => void>> = {
    A: (count) => {
      row = Math.max(0, row - move(count));
    },
    B: (count) => {
      row += move(count);
    },
    G: () => {
      column = 0;
    },
    J: () => {
      lines[row] = (lines[row] ?? '').slice(0, column);
      lines.length = row + 1;
    },
    K: (count) => {
      lines[row] = count === '2' ? '' : (lines[row] ?? '').slice(0, column);
    },
  };
  for (const [part] of text.matchAll(token)) {
    const [, count = '', letter = ''] = /\[\??(\d*)([A-Za-z])$/.exec(part.length > 1 ? part : '') ?? [];
    if (letter !== '') escapes[letter]?.(count);
    else if (part === '\n') {
      row += 1;
      column = 0;
      lines[row] ??= '';
    } else if (part === '\r') column = 0;
    else put(part);
  }
  return Array.from(lines, (line) => (line ?? '').trimEnd());
}
