import { describe, expect, test } from '@jest/globals';
import { LiveLines } from '../../../../src/ui/live-lines.ts';
import { createStyle } from '../../../../src/ui/style.ts';
import { TerminalTitle } from '../../../../src/ui/title.ts';
import { FakeTerminal } from '../../support/fake-terminal.ts';

function scene(columns = 20, rows = 6) {
  const terminal = new FakeTerminal({ isTTY: true, columns, rows });
  return { terminal, lines: new LiveLines(terminal.stream, createStyle(false)) };
}
const text = (...all: string[]) => all.map((one) => [{ text: one }]);
const seen = (terminal: FakeTerminal) => terminal.screen().filter((line) => line !== '');

describe('live lines', () => {
  test('replace each other, and lines that stay pass above them', () => {
    const { terminal, lines } = scene();
    lines.draw(text('one', 'two'));
    lines.printAbove('stays');
    lines.draw(text('three'));
    expect(seen(terminal)).toEqual(['stays', 'three']);
    lines.end();
    lines.printAbove('after');
    expect(seen(terminal)).toEqual(['stays', 'after']);
    expect(terminal.text.startsWith('\u001b[?25l')).toBe(true);
    expect(terminal.text).toContain('\u001b[?25h');
  });

  test('are cut to the terminal, and nothing is written where nothing has changed', () => {
    const { terminal, lines } = scene(10, 3);
    lines.draw([[{ text: 'short ' }, { text: 'and much longer' }], ...text('b', 'c', 'd')]);
    expect(seen(terminal)).toEqual(['short an…', 'b']);
    const { length } = terminal.text;
    lines.draw([[{ text: 'short ' }, { text: 'and much longer' }], ...text('b')]);
    expect(terminal.text).toHaveLength(length);
  });

  test('are cut at their paths first, in the middle, so that what stands beside them is seen', () => {
    const { terminal, lines } = scene(40);
    const path = { text: 'src/some/very/deep/folder/数据库.ts', isPath: true };
    lines.draw([
      [{ text: '  → ' }, path, { text: '  12 MiB of 1 GiB' }],
      [{ text: '  → ' }, path],
    ]);
    expect(seen(terminal)).toEqual([
      '  → src/some…数据库.ts  12 MiB of 1 GiB',
      '  → src/some/very/deep/folder/数据库.ts',
    ]);
    terminal.columns = 30;
    lines.draw([[{ text: '  → ' }, path, { text: '  12 MiB of 1 GiB' }]]);
    expect(seen(terminal)).toEqual(['  → src/som…据库.ts  12 MiB …']);
  });

  test('begin below what a shell wrote while the process was stopped', () => {
    const { terminal, lines } = scene();
    lines.draw(text('one', 'two'));
    terminal.text += '[1]+ Stopped\n$ fg\n';
    lines.resume();
    lines.draw(text('three'));
    expect(seen(terminal)).toEqual(['one', 'two', '[1]+ Stopped', '$ fg', 'three']);
    lines.end();
    lines.resume();
    expect(seen(terminal)).toEqual(['one', 'two', '[1]+ Stopped', '$ fg']);
  });

  test('count the rows that a terminal made of them which has become narrower', () => {
    const { terminal, lines } = scene(20);
    lines.draw(text('0123456789', 'b'));
    terminal.columns = 5;
    terminal.text = '';
    lines.draw(text('c'));
    expect(terminal.text.startsWith('\r\u001b[3A\u001b[J')).toBe(true);
  });
});

test('a title holds no control characters, is written once, and gives way to the one before', () => {
  const terminal = new FakeTerminal({ isTTY: true });
  const title = new TerminalTitle(terminal.stream);
  title.set('a\u0007\u001b]2;b');
  title.set('a\u0007\u001b]2;b');
  expect(terminal.text).toBe('\u001b[22;2t\u001b]2;a ]2;b\u001b\\');
  title.restore();
  title.restore();
  expect(terminal.text.endsWith('\u001b[23;2t')).toBe(true);
});
