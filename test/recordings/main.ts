/**
 * `npm run recordings [-- NAME…]`: docs/pictures/NAME.svg, what a real terminal shows while each plugin does its main
 * job on two real clusters (the lab's, or those that `X8S_KUBECONFIG` names). Needs util-linux's `script`.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../../scripts/build.ts';
import { packagePlugins } from '../../scripts/package.ts';
import { isLab } from '../cluster/support/contexts.ts';
import { Stage } from '../cluster/support/stage.ts';
import { ensureUp } from '../lab/index.ts';
import { type Recording, recordings } from './scenes.ts';
import { svgOf } from './svg.ts';
import { record } from './terminal.ts';

const folder = join(root, 'docs', 'pictures');

/** Types a command as a person does, then runs it. */
const prelude = String.raw`
type() { printf '\e[2m$\e[0m '; for ((i = 0; i < ${'$'}{#1}; i++)); do printf %s "${'$'}{1:i:1}"; sleep 0.03; done; sleep 0.4; echo; }
run() { type "$1"; eval "$1"; sleep 1; }
sleep 0.5
`;

async function make({ name, title, size, prepare, script, tidy }: Recording): Promise<void> {
  const stage = await Stage.open({ folder: join(tmpdir(), 'shop') });
  try {
    await prepare(stage);
    console.error(`Recording ${name} …`);
    const frames = await record(`cd ${stage.folder}\n${prelude}${script}`, size, stage.env);
    // The picture ends while it is at work: that the recorder interrupts it is no part of the story.
    const end = frames.findIndex(({ rows }) => rows.some((row) => row[0]?.text.startsWith('Interrupted')));
    const shown = end < 0 ? frames : frames.slice(0, end);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${name}.svg`), svgOf(shown, size, title));
    console.log(`docs/pictures/${name}.svg  ${shown.length} frames`);
  } finally {
    if (tidy) await stage.sh(`${tidy} || true`);
    await stage.close();
  }
}

const { positionals } = parseArgs({ allowPositionals: true });
const unknown = positionals.filter((name) => !recordings.some((one) => one.name === name));
if (unknown.length > 0) throw new Error(`no such recording: ${unknown.join(', ')}`);
await packagePlugins();
if (isLab) await ensureUp();
for (const recording of recordings)
  if (positionals.length === 0 || positionals.includes(recording.name)) await make(recording);
