/** What rsync and ssh say on stderr, and what it means: room, vanished files, attributes that the target did not take. */

import type { LogLevel } from '../protocol/protocol.ts';
import { cut } from '../system/lines.ts';
import { stagingName } from '../system/paths.ts';

/** What rsync says where --max-delete has stopped it; its code may be that of something worse. */
const stopped = /^Deletions stopped due to --max-delete limit \((\d+) skipped\)/;

const longestLine = 2048;
const longestText = 1024;
const longestName = 512;
const mostLines = 200;
const mostNames = 20;

/** rsync's words for kinds of things that a target did not take, by what it called. */
const calls: readonly (readonly [call: RegExp, kind: string])[] = [
  [/chown|chgrp/, 'ownership'],
  [/mknod/, 'devices'],
  [/acl/, 'acls'],
  [/xattr/, 'xattrs'],
];

/** What the receiver says of attributes; all else that it says is of a file whose content came and was not kept. */
const ofAttributes = /failed to set |ch(?:own|grp) |[gs]et_acl|_acl_|xattr|xal_/;

/** A file that is another one at the target than was sent: the source could not be read, or wrote to it meanwhile. */
const unverified = /^ERROR: (.*) failed verification -- update /;

export class ErrorReader {
  /** Kinds of things that could not be kept. */
  readonly lost = new Set<string>();
  /** Names that could not be copied, the first twenty. */
  readonly names: string[] = [];
  /** How many names could not be copied. */
  failed = 0;
  /** Files whose content was sent and is not at the target; rsync's own figures count them as transferred. */
  undelivered = 0;
  /** How many files went from the source meanwhile. */
  vanished = 0;
  /** How many entries stayed that were to be deleted, since they were more than may be. */
  undeleted = 0;
  /** The target has no room left. */
  full = false;
  /** The first thing that rsync said, or what its daemon said at last; undefined where neither said anything. */
  said: string | undefined;
  /** The source's daemon refused. */
  refused = false;
  readonly #roots: readonly string[];
  /** The rsync whose figures are read is the one that sends, which counts a file before it opens it. */
  readonly #isSender: boolean;
  readonly #log: (level: LogLevel, text: string) => void;
  readonly #named = new Set<string>();
  #lines = 0;

  /** @param roots where the target's volume is mounted, and the source's if it is: names are reported as paths in them. */
  constructor(
    [target, source]: readonly [target: string, source?: string | undefined],
    log: (level: LogLevel, text: string) => void,
  ) {
    this.#roots = source === undefined ? [target] : [target, source];
    this.#isSender = source !== undefined;
    this.#log = log;
  }

  line(line: string): void {
    if (line === '') return;
    const mild = /^file has vanished|^rsync warning|^Warning/.test(line);
    this.#lines += 1;
    if (this.#lines <= mostLines) this.#log(mild ? 'warning' : 'error', cut(line, longestLine));
    const [, undeleted] = stopped.exec(line) ?? [];
    if (undeleted !== undefined) this.undeleted = Number(undeleted);
    else if (line.startsWith('file has vanished')) this.#vanished();
    else this.#error(line);
  }

  #vanished(): void {
    this.vanished += 1;
    if (this.#isSender) this.undelivered += 1;
  }

  #error(line: string): void {
    const isFull = /No space left on device/.test(line);
    // An attribute that is larger than the file system takes is refused in the same words as where there is no room.
    if (line.includes('setxattr')) {
      if (isFull) this.lost.add('large xattrs');
      else if (line.includes('Disk quota exceeded')) this.lost.add('xattrs');
    } else if (isFull || line.includes('Disk quota exceeded')) this.full = true;
    if (/\] link ".*failed: Too many links/.test(line)) this.lost.add('many hardlinks');
    if (this.#isRoot(line)) {
      this.lost.add('root folder');
      return;
    }
    if (/failed: Operation not permitted|Permission denied|not supported|Invalid argument/.test(line))
      for (const [call, kind] of calls) if (call.test(line)) this.lost.add(kind);
    // It came twice: rsync tries such a file once more, and says nothing of the first time.
    if (unverified.test(line)) this.undelivered += 2;
    if (/^rsync: |^cannot |^could not |^skipping |^ERROR: /.test(line)) this.#failure(line);
    // rsync is asked for something by the other side that it does not do: names that lead out of the tree, for one.
    else if (line.startsWith('ABORTING ')) this.said ??= cut(line, longestText);
    else if (line.startsWith('@ERROR')) {
      this.said = cut(line, longestText);
      this.refused = true;
    }
  }

  /** Without root, the volume's own root folder is somebody else's. */
  #isRoot(line: string): boolean {
    const [, name] =
      /^rsync: .* (?:failed to set (?:times|permissions) on|chown|chgrp) "(.*)\/\."/.exec(line) ?? [];
    return name === this.#roots[0];
  }

  #failure(line: string): void {
    this.said ??= cut(line, longestText);
    const name = nameOf(line, this.#roots);
    if (name === '' || this.#named.has(name)) return;
    this.failed += 1;
    const isUnsent = this.#isSender && line.startsWith('rsync: [sender] send_files failed to open ');
    if (isUnsent || (line.startsWith('rsync: [receiver] ') && !ofAttributes.test(line)))
      this.undelivered += 1;
    // How many there are is known from the first twenty on without their names.
    if (this.#named.size < 100_000) this.#named.add(name);
    if (this.names.length < mostNames) this.names.push(cut(name, longestName));
  }
}

/** Where a complaint has its name: the first that fits. The closing quote is the last one, since names may hold quotes. */
const complaints: readonly RegExp[] = [
  unverified,
  /^(?:could not make way for|cannot delete) [a-z -]+: (.*)/,
  /^rsync: \[\w+\] rename ".*?\.[^.]{6}" -> "(.*)"/,
  /^rsync: \[\w+\] rename ".*" -> "(.*)"/,
  /xattr\("(.*)","[^"]*"[,)]/,
  /"(.*)"/,
];

/** Where rsync keeps a file until it is whole, by the name that it will have and `.XXXXXX`. */
const temporary = `${stagingName}/tmp/`;

/**
 * The name that a complaint is about, as it is in the volume; empty where it is about none. Of a file that still is in the
 * temporary folder rsync does not tell where it belongs: that name has no folder.
 */
export function nameOf(line: string, roots: readonly string[]): string {
  const name = complaints.map((complaint) => complaint.exec(line)?.[1]).find(Boolean) ?? '';
  const root = roots.find((path) => name.startsWith(`${path}/`));
  const path = root === undefined ? name.replace(/^\//, '') : name.slice(root.length + 1);
  return path.startsWith(temporary) ? path.slice(temporary.length).replace(/\.[^.]{6}$/, '') : path;
}
