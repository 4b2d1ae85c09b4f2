/**
 * Everything that a release is made of, and nothing published: `npm run release -- --version vX.Y.Z [--dry-run]`.
 * Checks, images, archives, krew manifests and notes are made in dist/; publishing them is .github/workflows/release.yml's.
 * A dry run also takes a checkout with changes, without the tag, and a version that package.json and CHANGELOG.md do not
 * have: its programs say package.json's, and its notes are the newest ones.
 * `--platform` makes archives for some platforms only (with --dry-run).
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { archivesFolder, digestsIn, projectVersion } from './archives.ts';
import { root } from './build.ts';
import { pushLine } from './images/push.ts';
import { imagesFolder, pushesOf } from './images.ts';
import { notesOf, rehearsedNotes } from './release/changelog.ts';

const releaseFolder = join(root, 'dist', 'release');

const git = (...args: string[]): string => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();

const changelog = (): string => readFileSync(join(root, 'CHANGELOG.md'), 'utf8');

/** Why there are no notes for this version, if so. */
function withoutNotes(version: string): string[] {
  try {
    notesOf(changelog(), version);
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
}

/** What stands against a release of this checkout under this version. */
function objections(version: string): string[] {
  const tagged = git('tag', '--points-at', 'HEAD').split('\n').includes(version);
  return [
    ...(version === projectVersion() ? [] : [`package.json has ${projectVersion()}, not ${version}`]),
    ...(git('status', '--porcelain') === '' ? [] : ['the checkout has changes that are not committed']),
    ...(tagged ? [] : [`the commit does not bear the tag ${version}`]),
    ...withoutNotes(version),
  ];
}

/** Runs one of the project's npm scripts, with its output. */
function npm(script: string, ...args: string[]): void {
  console.error(`\n== npm run ${[script, ...args].join(' ')}`);
  const pinned = join(import.meta.dirname, 'pinned.mjs');
  execFileSync(process.execPath, [pinned, script, ...args], { cwd: root, stdio: ['ignore', 2, 2] });
}

interface Plan {
  readonly version: string;
  /** Platforms of the archives, in Node's words, or `all`. */
  readonly platform: string;
}

function make({ version, platform }: Plan): void {
  const notes = rehearsedNotes(changelog(), version);
  for (const script of ['lint', 'typecheck', 'test:unit']) npm(script);
  const images = join(imagesFolder, 'images.json');
  npm('images', '--platform', 'all');
  npm('archives', '--platform', platform, '--version', version, '--images', images);
  if (platform === 'all') npm('krew-manifests', '--version', version);
  mkdirSync(releaseFolder, { recursive: true });
  writeFileSync(join(releaseFolder, 'NOTES.md'), notes);
  writeFileSync(
    join(releaseFolder, 'push-images.sh'),
    `set -eu\n${pushesOf(digestsIn(images)).map(pushLine).join('\n')}\n`,
  );
}

/** Every file that is published, with its size. */
function listMade(): void {
  // A dry run for some platforms makes no manifests.
  const folders = [archivesFolder, imagesFolder, join(root, 'dist', 'krew'), releaseFolder].filter(
    existsSync,
  );
  for (const folder of folders)
    for (const name of readdirSync(folder).sort()) {
      const path = join(folder, name);
      console.log(`${(statSync(path).size / 2 ** 20).toFixed(1).padStart(7)} MiB  ${relative(root, path)}`);
    }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      version: { type: 'string', default: projectVersion() },
      'dry-run': { type: 'boolean', default: false },
      platform: { type: 'string', default: 'all' },
    },
  });
  const { version, platform } = values;
  const against = objections(version);
  if (!values['dry-run'] && platform !== 'all') against.push('a release has archives for all platforms');
  for (const text of against) console.error(`${values['dry-run'] ? 'note' : 'error'}: ${text}`);
  if (against.length > 0 && !values['dry-run']) process.exit(3);
  make({ version, platform });
  listMade();
}
