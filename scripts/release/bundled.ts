/** What an executable holds beside our own code: Node.js, and the packages that package-lock.json gives the bundle. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../build.ts';

/** One entry of package-lock.json, as far as it is read. */
interface LockedPackage {
  readonly version: string;
  readonly license?: string;
  readonly integrity?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** An SPDX expression. */
  readonly license: string;
  /** As npm writes it: `sha512-<base64>`. */
  readonly integrity: string | undefined;
  /** The package's own licence file; undefined where it has none. */
  readonly licenseText: string | undefined;
}

const lockOf = (): Record<string, LockedPackage> =>
  (
    JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, LockedPackage>;
    }
  ).packages;

/** Where npm finds a package that another one asks for: the nearest node_modules above it. */
function resolve(lock: Record<string, LockedPackage>, from: string, name: string): string | undefined {
  for (let place = from; ; place = place.replace(/(^|\/)node_modules\/(@[^/]+\/)?[^/]+$/, '')) {
    const candidate = `${place === '' ? '' : `${place}/`}node_modules/${name}`;
    if (lock[candidate]) return candidate;
    if (place === '') return undefined;
  }
}

/** The packages that the plugins need at run time, and what those need in turn; sorted by name. */
export function bundledPackages(): BundledPackage[] {
  const lock = lockOf();
  const found = new Set<string>();
  const follow = (from: string): void => {
    for (const name of Object.keys(lock[from]?.dependencies ?? {})) {
      const path = resolve(lock, from, name);
      if (path === undefined)
        throw new Error(`package-lock.json: ${name}, which ${from || 'the project'} needs, is missing`);
      if (found.has(path)) continue;
      found.add(path);
      follow(path);
    }
  };
  follow('');
  const all = [...found].map((path) => read(path, lock[path] as LockedPackage));
  // One version may be there in several places.
  return [...new Map(all.map((one) => [`${one.name}@${one.version}`, one])).values()].sort(byName);
}

const byName = (a: BundledPackage, b: BundledPackage): number =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : a.version < b.version ? -1 : 1;

function read(path: string, { version, license, integrity }: LockedPackage): BundledPackage {
  const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
  const folder = join(root, path);
  const known = license ?? formerLicense(folder);
  if (known === undefined) throw new Error(`neither package-lock.json nor ${name} itself names its licence`);
  return { name, version, license: known, integrity, licenseText: licenseIn(folder) };
}

/** The licence of a package that names it as npm wanted it before 2015, which lock files leave out. */
function formerLicense(folder: string): string | undefined {
  const file = join(folder, 'package.json');
  if (!existsSync(file)) return undefined;
  const { licenses } = JSON.parse(readFileSync(file, 'utf8')) as { licenses?: { type: string }[] };
  return licenses?.map(({ type }) => type).join(' OR ');
}

function licenseIn(folder: string): string | undefined {
  if (!existsSync(folder)) return undefined;
  const [file] = readdirSync(folder)
    .filter((entry) => /^(licen[cs]e|copying)(\.(md|txt))?$/i.test(entry))
    .sort();
  return file === undefined ? undefined : readFileSync(join(folder, file), 'utf8').trim();
}

/** The text of NOTICE: who made what is bundled, and under which licence. */
export function noticeText(packages: readonly BundledPackage[], nodeVersion: string): string {
  const head = [
    'This program is licensed under the Apache License 2.0 (see LICENSE).',
    `It contains Node.js ${nodeVersion} (https://nodejs.org, MIT and the licences named in its LICENSE)`,
    'and the following packages:',
    '',
    ...packages.map(({ name, version, license }) => `  ${name} ${version} (${license})`),
  ];
  const texts = packages.flatMap(({ name, version, license, licenseText }) => [
    '',
    '-'.repeat(78),
    `${name} ${version} (${license})`,
    '',
    licenseText ?? `The package comes without a licence text of its own. Its licence is ${license}.`,
  ]);
  return `${[...head, ...texts].join('\n')}\n`;
}
