/**
 * Texts that both sides agreed on, kept on this workstation for merging: of files that were saved while the sync ran, up
 * to a limit, and of what git has committed. A text counts only where its digest is the one that was agreed on.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SerialQueue } from '../../../../src/async/serial-queue.ts';
import type { Operation } from '../../reconcile/operations.ts';
import type { ContentRef, Endpoint } from '../../sync/endpoint.ts';

/** Bytes of a text that is kept, and of all of them; operations of a batch that is a save and no first sync. */
const [largest, limit, fewOperations] = [256 << 10, 32 << 20, 20];

export interface BasesOptions {
  /** Of this session, on the workstation. */
  readonly folder: string;
  /** LOCAL. */
  readonly root: string;
  /** Whether git's directory in LOCAL is this workstation's own: one from a container may name programs to run. */
  readonly trustsGit: boolean;
}

export class Bases {
  readonly #folder: string;
  readonly #options: BasesOptions;
  readonly #working = new SerialQueue();
  /** Bytes that are kept; unknown until the folder was looked at. */
  #size: number | undefined;

  constructor(options: BasesOptions) {
    this.#options = options;
    this.#folder = join(options.folder, 'bases');
  }

  /** A batch was carried out: the small files of it are kept, beside the sync. */
  note(batch: readonly Operation[], local: Pick<Endpoint, 'read'>): void {
    if (batch.length > fewOperations) return;
    for (const { path, new: made } of batch)
      if (made?.kind === 'file' && made.size > 0 && made.size <= largest)
        void this.#working
          .run(() => this.#keep({ path, digest: made.digest, size: made.size }, local))
          .catch(() => {});
  }

  async #keep(content: ContentRef, local: Pick<Endpoint, 'read'>): Promise<void> {
    const bytes = await readContent(local, content);
    if (bytes === undefined || bytes.includes(0)) return;
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    writeFileSync(join(this.#folder, content.digest), bytes, { mode: 0o600 });
    this.#size = (this.#size ?? this.#measure()) + bytes.length;
    if (this.#size > limit) this.#makeRoom();
  }

  /** The text that a file had with this digest; undefined where nobody has it any more. */
  async find(path: string, digest: string): Promise<Buffer | undefined> {
    const { root, trustsGit } = this.#options;
    await this.#working.idle();
    return this.#kept(digest) ?? (trustsGit ? await committedText(root, path, digest) : undefined);
  }

  #kept(digest: string): Buffer | undefined {
    try {
      return ifDigest(readFileSync(join(this.#folder, digest)), digest);
    } catch {
      return undefined;
    }
  }

  #measure(): number {
    return this.#files().reduce((sum, { size }) => sum + size, 0);
  }

  /** The oldest go, until there is room for as much again. */
  #makeRoom(): void {
    const files = this.#files().sort((one, other) => other.time - one.time);
    let size = 0;
    for (const file of files) {
      size += file.size;
      if (size > limit / 2) rmSync(file.path, { force: true });
    }
    this.#size = undefined;
  }

  #files() {
    return readdirSync(this.#folder).map((name) => {
      const path = join(this.#folder, name);
      const { size, mtimeMs: time } = statSync(path);
      return { path, size, time };
    });
  }
}

/** The content of a file, if that is still there and is what it is said to be. */
export async function readContent(
  side: Pick<Endpoint, 'read'>,
  content: ContentRef,
  signal?: AbortSignal,
): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  for await (const { data } of side.read([{ ...content, offset: 0 }], signal)) parts.push(Buffer.from(data));
  return ifDigest(Buffer.concat(parts), content.digest);
}

const ifDigest = (bytes: Buffer, digest: string) =>
  createHash('sha256').update(bytes).digest('hex') === digest ? bytes : undefined;

/** What git has committed at a path below a directory, where that has this digest. */
async function committedText(root: string, path: string, digest: string): Promise<Buffer | undefined> {
  try {
    const args = ['-C', root, '--no-optional-locks', 'cat-file', 'blob', `HEAD:./${path}`];
    const options = { encoding: 'buffer', timeout: 5000, maxBuffer: 2 << 20 } as const;
    const { stdout } = await promisify(execFile)('git', args, options);
    return ifDigest(stdout, digest);
  } catch {
    return undefined;
  }
}
