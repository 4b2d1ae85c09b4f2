/**
 * What a release is made of, in dist/archives: an archive for each plugin and platform, with LICENSE, README, NOTICE and man page;
 * a bill of materials for each program; SHA256SUMS.
 * `npm run archives [-- --platform linux-x64|…|all] [--version vX.Y.Z] [--images dist/images/images.json]`; this machine's
 * platform where none is named. With --images the programs know the digests of the images that `npm run images` made.
 */
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import type { ImageDigests } from '../src/images.ts';
import { root } from './build.ts';
import { hostPlatform } from './node-binaries.ts';
import { distOf, packagePlugins } from './package.ts';
import { manPage } from './reference/man.ts';
import { definitionsOf, manPageOf } from './reference.ts';
import { type ArchiveFile, digestOf, writeTarball, writeZip } from './release/archive.ts';
import { type BundledPackage, bundledPackages, noticeText } from './release/bundled.ts';
import { sbom } from './release/sbom.ts';
import { archiveOf, type Platform, programOf, releasePlatforms, releasePlugins } from './release/targets.ts';

/** Where archives are. */
export const archivesFolder = join(root, 'dist', 'archives');

/** The version in package.json, as releases are tagged. */
export const projectVersion = (): string =>
  `v${(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version}`;

/** Compiles and packs the plugins for these platforms; returns the names of the archives. */
export async function makeArchives(
  wanted: readonly Platform[],
  version: string,
  digests: ImageDigests = {},
): Promise<string[]> {
  await packagePlugins(
    wanted.map(({ node }) => node),
    digests,
  );
  mkdirSync(archivesFolder, { recursive: true });
  const packages = bundledPackages();
  const made: string[] = [];
  for (const platform of wanted)
    for (const plugin of releasePlugins) made.push(await makeArchive(plugin, platform, version, packages));
  return made;
}

async function makeArchive(
  plugin: string,
  platform: Platform,
  version: string,
  packages: readonly BundledPackage[],
): Promise<string> {
  const program = programOf(plugin, platform);
  const name = archiveOf(plugin, version, platform);
  const path = join(archivesFolder, name);
  const folder = mkdtempSync(join(tmpdir(), 'x8s-archive-'));
  try {
    copyFileSync(join(distOf(platform.node), program), join(folder, program));
    for (const text of ['LICENSE', 'README.md']) copyFileSync(join(root, text), join(folder, text));
    writeFileSync(join(folder, 'NOTICE'), noticeText(packages, process.version));
    const man = basename(manPageOf(plugin));
    writeFileSync(join(folder, man), manPage(definitionsOf(plugin)));
    const files: ArchiveFile[] = [program, 'LICENSE', 'NOTICE', 'README.md', man].map((file) => ({
      name: file,
      executable: file === program,
    }));
    for (const file of files) chmodSync(join(folder, file.name), file.executable ? 0o755 : 0o644);
    await (platform.os === 'windows' ? writeZip : writeTarball)(path, folder, files);
    const subject = {
      name: `kubectl-${plugin}`,
      version,
      nodeVersion: process.version,
      digest: await digestOf(join(folder, program)),
    };
    writeFileSync(`${path}.spdx.json`, sbom(subject, packages));
    return name;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The digests of images, from the file that `npm run images` wrote. */
export function digestsIn(path: string): ImageDigests {
  return (JSON.parse(readFileSync(path, 'utf8')) as { digests: ImageDigests }).digests;
}

/** `SHA256SUMS`, as sha256sum reads it. */
async function writeSums(names: readonly string[]): Promise<void> {
  const lines: string[] = [];
  for (const name of names) lines.push(`${await digestOf(join(archivesFolder, name))}  ${name}\n`);
  writeFileSync(join(archivesFolder, 'SHA256SUMS'), lines.sort().join(''));
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      platform: { type: 'string', default: hostPlatform },
      version: { type: 'string', default: projectVersion() },
      images: { type: 'string' },
    },
  });
  const names =
    values.platform === 'all' ? releasePlatforms.map(({ node }) => node) : values.platform.split(',');
  const wanted = releasePlatforms.filter(({ node }) => names.includes(node));
  const made = await makeArchives(wanted, values.version, values.images ? digestsIn(values.images) : {});
  await writeSums(made);
  for (const name of made) console.log(relative(root, join(archivesFolder, name)));
}
