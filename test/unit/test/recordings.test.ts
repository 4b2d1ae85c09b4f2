/** Recordings as SVG: what is shown, when, and that nothing of it is read as markup. */
import { expect, test } from '@jest/globals';
import { svgOf } from '../../recordings/svg.ts';
import { framesOf, record } from '../../recordings/terminal.ts';

const size = { columns: 20, rows: 4 };

test('a real terminal is recorded as it was seen, colours, wide characters and redrawn lines included', async () => {
  const script = String.raw`printf '\e[32m✔\e[0m 世界\n50 %%'; printf '\r\e[2K100 %%\n'; stty size`;
  const frames = await record(script, size, process.env);
  expect(frames.at(-1)?.rows).toEqual([
    [{ text: '✔', color: 2 }, { text: ' 世界' }],
    [{ text: '100 %' }],
    [{ text: '4 20' }],
    [],
  ]);
});

test('what is redrawn at once is no frame, and what stands for a moment is one', async () => {
  const shown = async (at: number) => {
    const pieces = ['50 %', '\r\u001b[2K100 %'].map((text, index) => ({
      at: index * at,
      bytes: Buffer.from(text),
    }));
    return (await framesOf(pieces, size)).map((frame) => [frame.at, frame.rows[0]?.[0]?.text]);
  };
  expect(await shown(200)).toEqual([
    [0, '50 %'],
    [200, '100 %'],
  ]);
  expect(await shown(20)).toEqual([[20, '100 %']]);
});

test('each frame has its moment, the last one stays, and a row that comes again is kept once', () => {
  const row = [{ text: '<b>&' }];
  const svg = svgOf(
    [
      { at: 0, rows: [row, [], []] },
      { at: 5000, rows: [row, [{ text: 'done', color: 2, bold: true }], []] },
    ],
    size,
    'A & B',
  );
  expect(svg).toContain('0%{transform:translateY(-0px)}50%{transform:translateY(-76px)}100%');
  expect(svg.match(/&lt;b&gt;&amp;/g)).toHaveLength(1);
  expect(svg).not.toContain('<b>');
  expect(svg).toContain('<title>A &amp; B</title>');
  expect(svg).toContain('class="c2 b"');
});
