/** The commands that documents show: what stands in blocks of `sh` and `console`. */

export interface CommandBlock {
  /** Line of the document, from 1, on which the block begins. */
  readonly line: number;
  /** What a person would type, as one script. */
  readonly script: string;
}

/** The blocks of a Markdown document, also those within lists. In a `console` block commands follow `$ `. */
export function commandBlocks(markdown: string): CommandBlock[] {
  const blocks: CommandBlock[] = [];
  let open: { language: string; indent: number; line: number; text: string[] } | undefined;
  for (const [index, text] of markdown.split('\n').entries()) {
    const [, space = '', language] = /^( *)```(\w*)\s*$/.exec(text) ?? [];
    if (language === undefined) open?.text.push(text.slice(open.indent));
    else if (open) {
      if (/^(sh|bash|console)$/.test(open.language))
        blocks.push({ line: open.line, script: scriptOf(open.language, open.text) });
      open = undefined;
    } else open = { language, indent: space.length, line: index + 1, text: [] };
  }
  return blocks;
}

/** The typed lines, without the answers. */
function scriptOf(language: string, lines: readonly string[]): string {
  if (language !== 'console') return lines.join('\n');
  const typed = lines.flatMap((line, index) => {
    if (line.startsWith('$ ')) return [line.slice(2)];
    return lines[index - 1]?.endsWith('\\') ? [line.replace(/^> /, '')] : [];
  });
  return typed.join('\n');
}

/** The block of another language that begins with this line, for a test that needs the file that a document shows. */
export function blockThatBegins(markdown: string, first: string): string {
  const lines = markdown.split('\n');
  const start = lines.findIndex((line) => line.trim() === first);
  if (start < 0) throw new Error(`no block begins with ${first}`);
  const indent = (lines[start] ?? '').search(/\S/);
  const length = lines.slice(start).findIndex((line) => line.trim().startsWith('```'));
  return `${lines
    .slice(start, start + length)
    .map((line) => line.slice(indent))
    .join('\n')}\n`;
}
