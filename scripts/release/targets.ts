/** What a release is made of: each plugin for each platform, under the names that krew and Go use for those. */
import { pluginNames } from '../build.ts';
import { platforms } from '../node-binaries.ts';

/** A platform in the words of Node (`win32-x64`) and of krew. */
export interface Platform {
  readonly node: string;
  readonly os: 'linux' | 'darwin' | 'windows';
  readonly arch: 'amd64' | 'arm64';
}

const operatingSystems = { linux: 'linux', darwin: 'darwin', win32: 'windows' } as const;
const architectures = { x64: 'amd64', arm64: 'arm64' } as const;

function platformOf(node: string): Platform {
  const [system, processor] = node.split('-') as [keyof typeof operatingSystems, keyof typeof architectures];
  return { node, os: operatingSystems[system], arch: architectures[processor] };
}

/** All platforms that there is a pinned Node.js for. */
export const releasePlatforms: readonly Platform[] = Object.keys(platforms).map(platformOf);

/** Name of a plugin's program, as it is in its archive. */
export const programOf = (plugin: string, { os }: Pick<Platform, 'os'>): string =>
  `kubectl-${plugin}${os === 'windows' ? '.exe' : ''}`;

/** Name of an archive: `kubectl-x8sync_v1.2.3_linux_amd64.tar.gz`. Windows gets a .zip. */
export const archiveOf = (plugin: string, version: string, { os, arch }: Omit<Platform, 'node'>): string =>
  `kubectl-${plugin}_${version}_${os}_${arch}.${os === 'windows' ? 'zip' : 'tar.gz'}`;

/** Every plugin of the suite. */
export const releasePlugins: readonly string[] = pluginNames();
