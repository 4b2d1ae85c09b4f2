import { expect, test } from '@jest/globals';
import { forTerminal, oneLine, shortened } from '../../../src/plain-text.ts';
import { createStyle } from '../../../src/ui/style.ts';

const { good, bad, caution, faint } = createStyle(true);

test("the suite's own colours, lines and tabs stay", () => {
  const text = `${good('yes')}\t${bad('no')}\n${caution('perhaps')} ${faint('…')} 漢字 é 👩‍🚀`.replace(
    '\u200d',
    '',
  );
  expect(forTerminal(text)).toBe(text);
});

test.each([
  ['a title', '\u001b]0;pwn\u0007', '\\u{1b}]0;pwn\\u{7}'],
  ['a moved cursor', 'a\u001b[2Ab', 'a\\u{1b}[2Ab'],
  ['a hidden text', '\u001b[8mb', '\\u{1b}[8mb'],
  ['two colours in one', '\u001b[31;8mb', '\\u{1b}[31;8mb'],
  ['a line over another', 'all is well\rnothing', 'all is well\\u{d}nothing'],
  ['a control character of eight bits', '\u009b31m', '\\u{9b}31m'],
  ['text that is turned round', 'a\u202etxt.exe', 'a\\u{202e}txt.exe'],
  ["a line's end of Windows", 'a\r\nb', 'a\nb'],
])('%s is shown, and not obeyed', (_, text, shown) => {
  expect(forTerminal(text)).toBe(shown);
});

test('one line is one line', () => {
  expect(oneLine('a\u001b[31m\nb\u2028c')).toBe('a [31m b c');
});

test('a long text keeps its beginning and its end, and whole characters', () => {
  expect(shortened('abcdef', 6)).toBe('abcdef');
  expect(shortened('abcdefg', 6)).toBe('abc…fg');
  expect(shortened('漢😀😀😀😀字', 6)).toBe('漢😀😀😀😀字');
  expect(shortened('漢😀😀😀😀字', 4)).toBe('漢😀…字');
});
