/**
 * Debian packages for an image, by apt alone: fetched for any architecture and verified by Debian's signatures, with no
 * change to the packages of this machine.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from '../release/archive.ts';

export const suite = 'bookworm';
const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
const archive = 'http://deb.debian.org/debian';
const security = 'http://deb.debian.org/debian-security';

export interface DebianPackage {
  readonly name: string;
  readonly version: string;
  /** The .deb file. */
  readonly path: string;
  /** SHA-256 of the .deb, in hex. */
  readonly digest: string;
}

/** What an image takes from Debian. */
export interface PackageChoice {
  /** Packages with all that they depend on. */
  readonly packages: readonly string[];
  /** Packages without what they depend on. */
  readonly alone: readonly string[];
  /** Dependencies that only an installation needs: an image is unpacked, and no maintainer script runs. */
  readonly leftOut: RegExp;
}

/**
 * Fetches the packages for one architecture (`amd64`, `arm64`) into a folder; sorted by name.
 * @throws {Error} apt failed: its own message is on stderr
 */
export async function fetchPackages(
  { packages, alone, leftOut }: PackageChoice,
  architecture: string,
  folder: string,
): Promise<DebianPackage[]> {
  const apt = privateApt(architecture, join(folder, 'apt'));
  const debs = join(folder, 'debs');
  rmSync(debs, { recursive: true, force: true });
  mkdirSync(debs);
  apt(['update', '-qq']);
  const needed = namesIn(apt(['install', '--simulate', '-qq', ...packages]));
  const wanted = [...needed.filter((name) => !leftOut.test(name)), ...alone];
  apt(['download', '-qq', ...wanted], debs);
  const files = readdirSync(debs).sort();
  return Promise.all(files.map((file) => packageIn(join(debs, file))));
}

/** Names in the lines `Inst NAME (VERSION …)` of a simulated installation. */
const namesIn = (text: string): string[] =>
  [...text.matchAll(/^Inst (\S+)/gm)].map(([, name = '']) => name.replace(/:.*/, ''));

async function packageIn(path: string): Promise<DebianPackage> {
  const field = (name: string) => execFileSync('dpkg-deb', ['-f', path, name], { encoding: 'utf8' }).trim();
  return { name: field('Package'), version: field('Version'), path, digest: await digestOf(path) };
}

/** An apt with settings, lists and a (void) package database of its own. */
function privateApt(architecture: string, folder: string): (args: string[], cwd?: string) => string {
  if (!existsSync(keyring)) throw new Error(`${keyring} is missing: install debian-archive-keyring`);
  for (const name of ['lists/partial', 'archives/partial', 'parts'])
    mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, 'status'), '');
  const mirror = mirrors();
  writeFileSync(
    join(folder, 'sources.list'),
    `deb [signed-by=${keyring}] ${mirror.archive} ${suite} main\ndeb [signed-by=${keyring}] ${mirror.security} ${suite}-security main\n`,
  );
  const config = join(folder, 'apt.conf');
  writeFileSync(config, settings(architecture, folder));
  const env = { ...process.env, APT_CONFIG: config, LC_ALL: 'C.UTF-8' };
  return (args, cwd = folder) =>
    execFileSync('apt-get', args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 2] });
}

const settings = (architecture: string, folder: string) => `
Dir::State::lists "${folder}/lists";
Dir::State::status "${folder}/status";
Dir::Cache::archives "${folder}/archives";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Dir::Etc::sourcelist "${folder}/sources.list";
Dir::Etc::sourceparts "${folder}/parts";
APT::Architecture "${architecture}";
APT::Architectures { "${architecture}"; };
APT::Install-Recommends "false";
APT::Sandbox::User "";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::Languages "none";
`;

/** The machine's own mirrors where it is this Debian too, so that a build works wherever its apt does. */
function mirrors(): { archive: string; security: string } {
  const format = ['indextargets', '--format', '$(RELEASE) $(REPO_URI)'];
  const known = new Map<string, string>();
  try {
    const text = execFileSync('apt-get', format, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    for (const line of text.split('\n')) known.set(line.split(' ')[0] ?? '', line.split(' ')[1] ?? '');
  } catch {
    // Without lists of its own the machine tells of no mirror.
  }
  return { archive: known.get(suite) ?? archive, security: known.get(`${suite}-security`) ?? security };
}

/** The control file of a package: scanners of images find it in var/lib/dpkg/status.d. */
export const controlOf = ({ path }: DebianPackage): string =>
  execFileSync('dpkg-deb', ['-f', path], { encoding: 'utf8' });

/** The licence texts that a package brings, for the list of parts; `NOASSERTION` where it has none. */
export const copyrightOf = (root: string, name: string): string | undefined => {
  const path = join(root, 'usr/share/doc', name, 'copyright');
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
};
