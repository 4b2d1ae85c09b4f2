/** A terminal's frames as one SVG that plays by itself, in the reader's own light or dark, with no script in it. */
import type { Frame, Row, Run, Size } from './terminal.ts';

const cell = { width: 8.4, height: 19 };
const margin = { x: 18, y: 42, bottom: 16 };
/** How long the last frame stays, in milliseconds. */
const lastMs = 5_000;

/** The terminal's sixteen colours, on light and on dark; contrast of each with its ground is at least 4.5. */
const palettes = {
  light: {
    ground: '#ffffff',
    text: '#24292f',
    bar: '#eaeef2',
    colors: ['#24292f', '#cf222e', '#116329', '#7d4e00', '#0969da', '#8250df', '#1b7c83', '#57606a'],
  },
  dark: {
    ground: '#0d1117',
    text: '#e6edf3',
    bar: '#21262d',
    colors: ['#8b949e', '#ff7b72', '#3fb950', '#d29922', '#58a6ff', '#bc8cff', '#39c5cf', '#e6edf3'],
  },
} as const;

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const rounded = (value: number): string => String(Math.round(value * 100) / 100);

/** The document; `title` is read to those who can't see it. */
export function svgOf(frames: readonly Frame[], { columns, rows }: Size, title: string): string {
  const width = columns * cell.width + 2 * margin.x;
  const screen = rows * cell.height;
  const height = screen + margin.y + margin.bottom;
  const lines = new Map<string, string>();
  const film = frames.map(({ rows: shown }, index) =>
    shown
      .map((row, line) => {
        if (row.length === 0) return '';
        const y = rounded(index * screen + (line + 0.75) * cell.height);
        return `<use href="#${lineIn(lines, row)}" y="${y}"/>`;
      })
      .join(''),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${rounded(width)} ${rounded(height)}" width="${rounded(width)}" height="${rounded(height)}" role="img" aria-label="${escaped(title)}">
<title>${escaped(title)}</title>
<style>${styleOf(frames, screen)}</style>
<defs>${[...lines].map(([content, id]) => `<text id="${id}">${content}</text>`).join('\n')}</defs>
<rect class="ground" width="100%" height="100%" rx="8"/>
<path class="bar" d="M8 0H${rounded(width - 8)}a8 8 0 0 1 8 8V28H0V8a8 8 0 0 1 8-8z"/>
<text class="title" x="${rounded(width / 2)}" y="19" text-anchor="middle">${escaped(title)}</text>
<svg x="${margin.x}" y="${margin.y}" width="${rounded(width - margin.x)}" height="${screen}" viewBox="0 0 ${rounded(width - margin.x)} ${screen}">
<g class="film">${film.join('\n')}</g>
</svg>
</svg>
`;
}

/** The name of a row's content; rows that look alike are kept once. */
function lineIn(lines: Map<string, string>, row: Row): string {
  let column = 0;
  const content = row
    .map((run) => {
      const x = rounded(column * cell.width);
      column += [...run.text].length;
      return `<tspan x="${x}"${classOf(run)} textLength="${rounded([...run.text].length * cell.width)}">${escaped(run.text)}</tspan>`;
    })
    .join('');
  const known = lines.get(content);
  if (known) return known;
  const id = `l${lines.size}`;
  lines.set(content, id);
  return id;
}

function classOf({ color, bold, dim, inverse }: Run): string {
  const names = [
    ...(color === undefined ? [] : [`c${color % 8}`]),
    ...(bold ? ['b'] : []),
    ...(dim ? ['d'] : []),
    ...(inverse ? ['i'] : []),
  ];
  return names.length === 0 ? '' : ` class="${names.join(' ')}"`;
}

function styleOf(frames: readonly Frame[], screen: number): string {
  const total = (frames.at(-1)?.at ?? 0) + lastMs;
  const place = (index: number): string => `transform:translateY(-${rounded(index * screen)}px)`;
  const steps = frames.map(
    ({ at }, index) => `${index === 0 ? 0 : rounded((at / total) * 100)}%{${place(index)}}`,
  );
  const last = place(frames.length - 1);
  return `
text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:pre}
.b{font-weight:700}.d{opacity:.7}.i{text-decoration:underline}
.title{font-size:12px;opacity:.7}
.film{animation:film ${rounded(total / 1000)}s step-end infinite}
@keyframes film{${steps.join('')}100%{${last}}}
${coloursOf('light')}
@media(prefers-color-scheme:dark){${coloursOf('dark')}}
@media(prefers-reduced-motion){.film{animation:none;${last}}}
`;
}

function coloursOf(scheme: keyof typeof palettes): string {
  const { ground, text, bar, colors } = palettes[scheme];
  const classes = colors.map((color, index) => `.c${index}{fill:${color}}`).join('');
  return `text{fill:${text}}.ground{fill:${ground};stroke:${bar}}.bar{fill:${bar}}${classes}`;
}
