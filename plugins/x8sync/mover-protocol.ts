/**
 * The lines by which the pods of images/mover tell what they do: `x8s:WORD JSON`. The mover's last line is
 * the truth about a run; it bears the nonce that this run was started with.
 */

/** Why the mover ended. */
export type Outcome =
  /** Everything is at the target. */
  | 'ok'
  /** Some files could not be copied, or something of them could not be kept. */
  | 'partial'
  /** The target has less room than is needed; nothing was written. */
  | 'no-room'
  /** No address of the source answered. */
  | 'unreachable'
  /** The source answered, but with another host key, or it refused ours. */
  | 'auth'
  /** The source's side failed. */
  | 'source-failed'
  /** Reading or writing failed. */
  | 'io'
  /** Ended by a signal. */
  | 'interrupted'
  | 'failed';

export interface MoverStats {
  /** Entries looked at, directories and links included. */
  readonly files: number;
  readonly transferredFiles: number;
  readonly createdFiles: number;
  /** Bytes of all files of the source. */
  readonly totalBytes: number;
  /** Bytes of the files that were transferred. */
  readonly transferredBytes: number;
  /** Entries that only the target has. */
  readonly extraneous: number;
}

export interface MoverEnd {
  readonly nonce: string;
  readonly code: number;
  readonly outcome: Outcome;
  readonly message: string;
  readonly stats: MoverStats;
  /** What could not be kept: `ownership`, `devices`, … */
  readonly lost: readonly string[];
  readonly seconds: number;
}

export type MoverLine =
  | { readonly kind: 'progress'; readonly progress: MoverProgress }
  | { readonly kind: 'connected'; readonly address: string }
  | { readonly kind: 'serving'; readonly nonce: string }
  | { readonly kind: 'change'; readonly text: string }
  | { readonly kind: 'log'; readonly text: string }
  | { readonly kind: 'end'; readonly end: MoverEnd };

export interface MoverProgress {
  readonly bytes: number;
  readonly totalBytes: number;
  readonly files: number;
  readonly totalFiles: number;
  /** Bytes a second. */
  readonly rate: number;
  /** The totals may still grow. */
  readonly scanning: boolean;
}

const line = /^x8s:([a-z]+) ?(.*)$/s;

/** Reads one line of a pod's log; what is not of the protocol is a plain log line. */
export function parseMoverLine(text: string): MoverLine {
  const [, word, rest = ''] = line.exec(text) ?? [];
  if (word === 'log') return { kind: 'log', text: rest };
  if (word === 'change') return { kind: 'change', text: rest };
  const fields = word === undefined ? undefined : parseObject(rest);
  if (!fields) return { kind: 'log', text };
  switch (word) {
    case 'progress':
      return { kind: 'progress', progress: progressOf(fields) };
    case 'connected':
      return { kind: 'connected', address: String(fields.address ?? '') };
    case 'serving':
      return { kind: 'serving', nonce: String(fields.nonce ?? '') };
    case 'end':
      return { kind: 'end', end: endOf(fields) };
    default:
      return { kind: 'log', text };
  }
}

type Fields = Readonly<Record<string, unknown>>;

function parseObject(json: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? (value as Fields) : undefined;
  } catch {
    return undefined;
  }
}

const count = (value: unknown) => (typeof value === 'number' && Number.isFinite(value) ? value : 0);

function progressOf(fields: Fields): MoverProgress {
  return {
    bytes: count(fields.bytes),
    totalBytes: count(fields.totalBytes),
    files: count(fields.files),
    totalFiles: count(fields.totalFiles),
    rate: count(fields.rate),
    scanning: fields.scanning === true,
  };
}

function endOf(fields: Fields): MoverEnd {
  const stats = (typeof fields.stats === 'object' && fields.stats !== null ? fields.stats : {}) as Fields;
  return {
    nonce: String(fields.nonce ?? ''),
    code: count(fields.code),
    outcome: (fields.outcome as Outcome | undefined) ?? 'failed',
    message: String(fields.message ?? ''),
    stats: {
      files: count(stats.files),
      transferredFiles: count(stats.transferredFiles),
      createdFiles: count(stats.createdFiles),
      totalBytes: count(stats.totalBytes),
      transferredBytes: count(stats.transferredBytes),
      extraneous: count(stats.extraneous),
    },
    lost: Array.isArray(fields.lost) ? fields.lost.map(String) : [],
    seconds: count(fields.seconds),
  };
}
