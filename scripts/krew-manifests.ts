/**
 * Renders krew-manifests/*.yaml for a release, from the archives in dist/archives (`npm run archives`) and their digests:
 * `npm run krew-manifests -- [--version vX.Y.Z] [--base-url URL]`. The manifests are in dist/krew afterwards.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { archivesFolder, projectVersion } from './archives.ts';
import { root } from './build.ts';
import { renderManifest } from './release/krew-manifest.ts';
import { releasePlugins } from './release/targets.ts';

/** The template of a plugin's manifest. */
export const templateOf = (plugin: string): string =>
  readFileSync(join(root, 'krew-manifests', `${plugin}.yaml`), 'utf8');

/** Digests of the archives that were made, by name. */
function sums(): Map<string, string> {
  const lines = readFileSync(join(archivesFolder, 'SHA256SUMS'), 'utf8').trim().split('\n');
  return new Map(lines.map((line) => line.split('  ').reverse() as [string, string]));
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { version: { type: 'string', default: projectVersion() }, 'base-url': { type: 'string' } },
  });
  const made = sums();
  const digestOf = (archive: string): string => {
    const digest = made.get(archive);
    if (!digest)
      throw new Error(
        `${archive} is not in dist/archives: run npm run archives -- --platform all --version ${values.version}`,
      );
    return digest;
  };
  const folder = join(root, 'dist', 'krew');
  mkdirSync(folder, { recursive: true });
  for (const plugin of releasePlugins) {
    const release = { version: values.version, baseUrl: values['base-url'], digestOf };
    const path = join(folder, `${plugin}.yaml`);
    writeFileSync(path, renderManifest(templateOf(plugin), release));
    console.log(relative(root, path));
  }
}
