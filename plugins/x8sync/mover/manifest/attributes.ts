/** ACLs and extended attributes of many entries at once: Node.js has no call for them, so `getfattr` tells. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { LineSplitter } from '../system/lines.ts';

/** Attributes of one entry, each `name=value`; the path is as it was asked for. */
export interface Attributes {
  /** Of entries that have some. */
  readonly found: ReadonlyMap<string, readonly string[]>;
  /** Of entries whose attributes could not be read: why. */
  readonly unread: ReadonlyMap<string, string>;
}

/** Values up to so many characters of hexadecimal are told as they are. */
const longestValue = 64;

/**
 * SELinux's labels are each cluster's own, and are not copied. Of system.* only ACLs are: the rest are other faces of
 * what the file system tells anyway.
 */
const isCompared = (name: string): boolean =>
  name.startsWith('system.') ? name.startsWith('system.posix_acl_') : name !== 'security.selinux';

/**
 * Reads them for paths below a folder, without following links.
 *
 * @param paths a byte a character.
 * @throws Error where getfattr failed in another way than at single entries.
 */
export async function readAttributes(root: string, paths: readonly string[]): Promise<Attributes> {
  const program = ['getfattr', '--no-dereference', '--dump', '--match=-', '--encoding=hex', '--'];
  // Arguments of a program that Node.js starts are text; names of files need not be.
  const child = spawn('xargs', ['--null', ...program], { cwd: root, stdio: ['pipe', 'pipe', 'pipe'] });
  const answer = new Answer();
  const out = new LineSplitter((line) => answer.line(line), { encoding: 'latin1' });
  const err = new LineSplitter((line) => answer.complaint(line), { encoding: 'latin1' });
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  // One that ends early says why on stderr.
  child.stdin.on('error', () => {});
  child.stdin.end(Buffer.from(paths.map((path) => `${dot}${path}\0`).join(''), 'latin1'));
  const code = await new Promise<number>((resolve) => {
    child.once('error', () => resolve(127));
    child.once('close', (code) => resolve(code ?? 128));
  });
  out.end();
  err.end();
  if (code !== 0 && answer.unread.size === 0 && !answer.isWithout)
    throw new Error(`attributes could not be read (getfattr ended with ${code}): ${answer.said}`);
  return answer;
}

/** Before each path, so that none is taken for an option. */
const dot = './';
/** In the words of the C library of our own image. */
const noAttributes = 'Operation not supported';

class Answer implements Attributes {
  readonly found = new Map<string, string[]>();
  readonly unread = new Map<string, string>();
  /** What getfattr complained of at last. */
  said = '';
  /** A file system has no attributes at all. */
  isWithout = false;
  #path = '';

  line(text: string): void {
    if (text.startsWith('# file: ')) {
      this.#path = withoutDot(unescaped(text.slice('# file: '.length)));
      return;
    }
    const [, name = '', value = ''] = /^([^=]+)(?:=(.*))?$/s.exec(text) ?? [];
    if (name === '' || !isCompared(name)) return;
    const known = this.found.get(this.#path) ?? [];
    known.push(`${name}=${shortened(value)}`);
    this.found.set(this.#path, known.sort());
  }

  complaint(text: string): void {
    this.said = text;
    const [, path, why] = /^getfattr: (?:\.\/)?(.*): ([^:]+)$/s.exec(text) ?? [];
    if (path === undefined || why === undefined) return;
    if (why === noAttributes) this.isWithout = true;
    else this.unread.set(withoutDot(unescaped(path)), why);
  }
}

const withoutDot = (path: string): string => (path.startsWith(dot) ? path.slice(dot.length) : path);

const shortened = (value: string): string =>
  value.length <= longestValue ? value : createHash('sha256').update(value).digest('hex');

/** getfattr writes backslashes, line feeds and carriage returns in octal. */
const unescaped = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
