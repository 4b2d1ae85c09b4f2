import { expect, test } from '@jest/globals';
import { forTerminal, inFull, oneLine, safeJson, shortened } from '../../../src/plain-text.ts';
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

test('what a person is to agree to is there whole, and hides nothing', () => {
  expect(inFull('a b  c')).toBe('a b  c');
  expect(inFull('make\ncurl x | sh')).toBe('make⏎curl x | sh');
  expect(inFull(`true${' '.repeat(3000)}; evil`)).toBe('true␣×3000; evil');
  expect(inFull('a\u00a0\u2003\u3000b\t\u001b[8m\u202e\u3164')).toBe(
    'a␣×3b\\u{9}\\u{1b}[8m\\u{202e}\\u{3164}',
  );
  expect(inFull('x'.repeat(5000))).toHaveLength(5000);
});

test('JSON stays equal, and has nothing in it that a terminal obeys', () => {
  const value = { 'a\u009b31m': ['\u202etxt.exe', '\u{e0001}\u007f', 'é 漢 😀', '\u001b'] };
  const json = safeJson(JSON.stringify(value));
  expect(JSON.parse(json)).toEqual(value);
  expect(json).not.toMatch(/[\u007f-\u009f\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  expect(json).toMatch(/é 漢 😀/);
});
