/** Which plugin this is, and of which build. */
import { readFileSync } from 'node:fs';

/** What a plugin says of itself. */
export interface PluginDescription {
  /** `x8sync`: called as `kubectl x8sync`, installed as `kubectl-x8sync`. */
  readonly name: string;
  /** One line. */
  readonly summary: string;
  /** What it runs in clusters unless told otherwise: `{ mover: 'registry.example.com/owner/mover:0.1.0' }`. */
  readonly images?: Readonly<Record<string, string>>;
}

export interface PluginInfo extends PluginDescription {
  /** Semantic version without a `v`. */
  readonly version: string;
  /** Short commit hash; empty where run from sources. */
  readonly commit: string;
}

// Set by scripts/build.ts; there is neither when TypeScript runs as it is.
declare const X8S_VERSION: string | undefined;
declare const X8S_COMMIT: string | undefined;

/** Version of this build, without a `v`. */
export const version: string = typeof X8S_VERSION === 'string' ? X8S_VERSION : sourceVersion();
/** Short hash of the commit of this build; empty from sources. */
export const commit: string = typeof X8S_COMMIT === 'string' ? X8S_COMMIT : '';

function sourceVersion(): string {
  const file = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(file) as { version: string }).version;
}

/** `x8sync v0.1.0 (9e3ac63)`. */
export function formatVersion({ name, version, commit }: PluginInfo): string {
  return `${name} v${version}${commit === '' ? '' : ` (${commit})`}`;
}
