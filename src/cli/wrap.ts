/** Plain text in columns. Everything here is plain: help has no colours. */
import { padTo, widthOf } from '../ui/width.ts';

/** Text as it is written in the source, indented with its code: without that indentation and empty ends. */
export function dedent(text: string): string {
  const lines = text
    .replace(/^[ \t]*\n/, '')
    .trimEnd()
    .split('\n');
  const indents = lines
    .slice(text.startsWith('\n') ? 0 : 1)
    .filter((line) => line.trim() !== '')
    .map((line) => line.length - line.trimStart().length);
  const indent = Math.min(...indents);
  return lines.map((line) => line.slice(Math.min(indent, line.length - line.trimStart().length))).join('\n');
}

/** Words in lines of at most so many columns; a longer word has a line of its own. */
export function wrap(text: string, width: number): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter((part) => part !== '')) {
    if (line !== '' && widthOf(line) + 1 + widthOf(word) > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join('\n');
}

const indentation = 2;
const gap = 3;
/** Titles longer than this have a line of their own, or one of them would push all texts to the right. */
const widestTitle = 32;
/** Narrower than this, texts go below their titles. */
const narrowestText = 28;

/** Titles on the left, texts on the right, aligned and wrapped. */
export function columnsOf(rows: readonly (readonly [string, string])[], width: number): string {
  const fitting = rows.map(([title]) => widthOf(title)).filter((columns) => columns <= widestTitle);
  const start = indentation + Math.max(0, ...fitting) + gap;
  if (width - start < narrowestText) return rows.map(([title, text]) => below(title, text, width)).join('\n');
  return rows.map(([title, text]) => beside(title, text, start, width)).join('\n');
}

function beside(title: string, text: string, start: number, width: number): string {
  const head = `${' '.repeat(indentation)}${title}`;
  const lines = wrap(text, width - start).split('\n');
  const margin = ' '.repeat(start);
  if (widthOf(head) + gap > start) return [head, ...lines.map((line) => margin + line)].join('\n').trimEnd();
  const [first = '', ...others] = lines;
  return [padTo(head, start) + first, ...others.map((line) => margin + line)].join('\n').trimEnd();
}

function below(title: string, text: string, width: number): string {
  const margin = ' '.repeat(indentation * 4);
  const lines = wrap(text, Math.max(10, width - margin.length)).split('\n');
  return [`${' '.repeat(indentation)}${title}`, ...lines.map((line) => margin + line)].join('\n');
}
