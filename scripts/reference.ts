/** `npm run reference`: docs/reference/PLUGIN.md from the commands, and man pages in dist/man. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Definitions } from '../src/cli/run/definitions.ts';
import { pluginNames, root } from './build.ts';
import { manPage } from './reference/man.ts';
import { referencePage } from './reference/markdown.ts';

/** The commands of a plugin, as it describes them itself. */
export function definitionsOf(plugin: string): Definitions {
  const program = join(root, 'plugins', plugin, 'main.ts');
  return JSON.parse(
    execFileSync(process.execPath, [program, '__definitions'], { encoding: 'utf8' }),
  ) as Definitions;
}

/** Path of a plugin's reference page. */
export const pageOf = (plugin: string): string => join(root, 'docs', 'reference', `${plugin}.md`);

/** Path of a plugin's man page. */
export const manPageOf = (plugin: string): string => join(root, 'dist', 'man', `kubectl-${plugin}.1`);

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  console.log(relative(root, path));
}

if (import.meta.main) {
  for (const plugin of pluginNames()) {
    const definitions = definitionsOf(plugin);
    write(pageOf(plugin), referencePage(definitions));
    write(manPageOf(plugin), manPage(definitions));
  }
}
