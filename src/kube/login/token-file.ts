/**
 * The tokens of an OpenID Connect login in the kubeconfig that they came from. kubectl writes them there too, so both keep
 * to client-go's lock (tools/clientcmd/config.go): a file `<kubeconfig>.lock` that only one can create.
 */
import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import type { Clock } from '../../clock.ts';
import type { UserPlace } from './access-point.ts';
import { type Kubeconfig, loadKubeconfigFile, parseKubeconfig } from './kubeconfig.ts';
import { withProviderConfig } from './kubeconfig-edit.ts';
import {
  isOidc,
  type OidcProvider,
  type OidcTokens,
  providerOf,
  tokenKeys,
  tokensOf,
} from './oidc-config.ts';

/** kubectl holds the lock for as long as it takes to write a file. */
const lockPatienceMs = 3_000;
const lockPauseMs = 50;

/** The tokens that are there now; undefined where the user is gone or logs in elsewhere, or the file can't be read. */
export async function readTokens(place: UserPlace, provider: OidcProvider): Promise<OidcTokens | undefined> {
  try {
    // A pipe was read already, and would be waited for.
    if (!statSync(place.file).isFile()) return undefined;
    return tokensIn(await loadKubeconfigFile(place.file), place.name, provider);
  } catch {
    return undefined;
  }
}

/**
 * Writes new tokens down, unless the refresh token in the file is none of `spent`, the ones that they were got for:
 * then another process has written its own since, and they are returned.
 * @throws {Error} the file can't be written; says why, and quotes nothing of it
 */
export async function writeTokens(
  { file, name }: UserPlace,
  provider: OidcProvider,
  { tokens, spent }: { readonly tokens: OidcTokens; readonly spent: ReadonlySet<string> },
  clock: Clock,
): Promise<OidcTokens | undefined> {
  await lock(`${file}.lock`, clock);
  // From here on nothing is awaited: a signal that ends the process would leave the lock, and kubectl without a way in.
  try {
    const path = realpathSync(file);
    if (!statSync(path).isFile()) throw new Error('it is no regular file');
    const text = decode(readFileSync(path));
    const present = tokensIn(parseKubeconfig(text, file), name, provider);
    if (!present) throw new Error('the user is no longer in it');
    if (!spent.has(present.refreshToken)) return present;
    replace(path, withProviderConfig(text, name, changes(present, tokens), tokenKeys.refreshToken));
    return undefined;
  } finally {
    rmSync(`${file}.lock`, { force: true });
  }
}

function tokensIn(config: Kubeconfig, name: string, provider: OidcProvider): OidcTokens | undefined {
  const entry = config.users.get(name)?.['auth-provider'];
  if (!isOidc(entry)) return undefined;
  const { issuer, clientId } = providerOf(entry.config);
  return issuer === provider.issuer && clientId === provider.clientId ? tokensOf(entry.config) : undefined;
}

function changes(present: OidcTokens, tokens: OidcTokens): Record<string, string> {
  const rotated = tokens.refreshToken !== present.refreshToken;
  return {
    [tokenKeys.idToken]: tokens.idToken,
    ...(rotated ? { [tokenKeys.refreshToken]: tokens.refreshToken } : {}),
  };
}

async function lock(path: string, clock: Clock): Promise<void> {
  const end = clock.monotonic() + lockPatienceMs;
  while (!isLocked(path)) {
    if (clock.monotonic() >= end)
      throw new Error(
        `${path} is there: if no kubectl is at work, one that was killed has left it; delete it`,
      );
    await clock.sleep(lockPauseMs);
  }
}

/** Whether the lock is ours now. */
function isLocked(path: string): boolean {
  try {
    closeSync(openSync(path, 'wx', 0));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** What is no UTF-8 would not come out as it went in. */
function decode(bytes: Buffer): string {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
}

/** Puts a text in the place of a file, whole or not at all where the file is our own. */
function replace(path: string, text: string): void {
  const { mode, uid } = statSync(path);
  accessSync(path, constants.W_OK);
  // root may write everything, but who took every right to write away meant it.
  if ((mode & 0o222) === 0) throw new Error('it is read-only');
  const isOurs = process.geteuid === undefined || process.geteuid() === uid;
  // A new file would belong to us: in the place of another's it is written as kubectl writes it.
  if (!isOurs || !replacedAtOnce(path, text, mode)) writeFileSync(path, text);
}

/** False where the file can't have another in its place: it is mounted by itself, as into a container. */
function replacedAtOnce(path: string, text: string, mode: number): boolean {
  const fresh = `${path}.${Math.random().toString(36).slice(2)}`;
  try {
    writeWhole(fresh, text, mode & 0o777);
    renameSync(fresh, path);
    return true;
  } catch (error) {
    rmSync(fresh, { force: true });
    if ((error as NodeJS.ErrnoException).code === 'EBUSY') return false;
    throw error;
  }
}

function writeWhole(path: string, text: string, mode: number): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    writeFileSync(file, text);
    fchmodSync(file, mode);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
