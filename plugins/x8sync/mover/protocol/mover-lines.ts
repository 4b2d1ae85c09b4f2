/** Reads the lines that pods write, whatever stands in them: what is not as it should be is read as nothing. Pure. */
import type { Difference } from '../manifest/compare.ts';
import type { Loss } from './losses.ts';
import {
  type DeviceReport,
  type LogLevel,
  type MoverEnd,
  type MoverOutcome,
  type MoverProgress,
  type MoverStats,
  optionalStatNames,
  protocol,
  type Room,
  type StreamFigures,
  type StreamsReport,
  statNames,
  type Verification,
} from './protocol.ts';

/** What one line of a pod's log says. */
export type MoverLine =
  | { readonly kind: 'progress'; readonly progress: MoverProgress }
  | { readonly kind: 'streams'; readonly streams: readonly StreamFigures[] }
  | { readonly kind: 'connected'; readonly address: string }
  | { readonly kind: 'disconnected'; readonly since: string }
  | { readonly kind: 'serving' }
  /** sshd has ended since nobody came, and does not start again in this pod. */
  | { readonly kind: 'closed' }
  | { readonly kind: 'tunnel'; readonly address: string }
  | { readonly kind: 'workers'; readonly count: number }
  /** One entry that a dry run would change; `item` is rsync's own %i. */
  | { readonly kind: 'change'; readonly item: string; readonly name: string }
  | { readonly kind: 'difference'; readonly difference: Difference }
  | { readonly kind: 'log'; readonly level: LogLevel; readonly text: string }
  | { readonly kind: 'notice'; readonly text: string }
  | { readonly kind: 'end'; readonly end: MoverEnd }
  /** A line of an image that speaks another version of this protocol; 0 where it names none. */
  | { readonly kind: 'foreign'; readonly protocol: number };

type Fields = Readonly<Record<string, unknown>>;

const readers: Readonly<Record<string, (fields: Fields) => MoverLine>> = {
  progress: (fields) => ({ kind: 'progress', progress: progressOf(fields) }),
  streams: ({ streams }) => ({
    kind: 'streams',
    streams: Array.isArray(streams) ? streams.filter(isObject).map(streamOf) : [],
  }),
  connected: ({ address }) => ({ kind: 'connected', address: text(address) }),
  disconnected: ({ since }) => ({ kind: 'disconnected', since: text(since) }),
  serving: () => ({ kind: 'serving' }),
  closed: () => ({ kind: 'closed' }),
  tunnel: ({ address }) => ({ kind: 'tunnel', address: text(address) }),
  workers: (fields) => ({ kind: 'workers', count: count(fields.count) }),
  change: ({ item, name }) => ({ kind: 'change', item: text(item), name: text(name) }),
  difference: ({ path, aspects, detail }) => ({
    kind: 'difference',
    difference: { path: text(path), aspects: texts(aspects) as Difference['aspects'], detail: text(detail) },
  }),
  log: (fields) => ({ kind: 'log', level: levelOf(fields.level), text: text(fields.text) }),
  notice: (fields) => ({ kind: 'notice', text: text(fields.text) }),
  end: (fields) => ({ kind: 'end', end: endOf(fields) }),
};

/** Reads one line of a pod's log; what is not of the protocol is a line of some program's own. */
export function parseMoverLine(line: string): MoverLine {
  const [, word = '', json = ''] = /^x8s:([a-z]+) (.*)$/s.exec(line) ?? [];
  const fields = parseObject(json);
  const read = Object.hasOwn(readers, word) ? readers[word] : undefined;
  if (!fields || !read) return { kind: 'log', level: 'info', text: line };
  return fields.protocol === protocol ? read(fields) : { kind: 'foreign', protocol: count(fields.protocol) };
}

function parseObject(json: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? (value as Fields) : undefined;
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null;
const text = (value: unknown) => (typeof value === 'string' ? value : '');
const texts = (value: unknown) => (Array.isArray(value) ? value.map(String) : []);
const count = (value: unknown) => (typeof value === 'number' && Number.isFinite(value) ? value : 0);
const levelOf = (value: unknown): LogLevel => (value === 'warning' || value === 'error' ? value : 'info');

function verificationOf(fields: Fields): Verification {
  const { entries, files, bytes, different, extraneous, aspects } = fields;
  const counts = isObject(aspects)
    ? Object.entries(aspects).map(([name, value]) => [name, count(value)])
    : [];
  return {
    ...blocksUnit(fields),
    entries: count(entries),
    files: count(files),
    bytes: count(bytes),
    different: count(different),
    extraneous: count(extraneous),
    aspects: Object.fromEntries(counts),
  };
}

const blocksUnit = ({ unit }: Fields): { unit?: 'blocks' } => (unit === 'blocks' ? { unit } : {});

function progressOf(fields: Fields): MoverProgress {
  return {
    ...blocksUnit(fields),
    bytes: count(fields.bytes),
    totalBytes: count(fields.totalBytes),
    files: count(fields.files),
    totalFiles: count(fields.totalFiles),
    rate: count(fields.rate),
    scanning: fields.scanning === true,
    ...(fields.comparing === true && { comparing: true }),
  };
}

function streamOf({ stream, worker, files, bytes, rate }: Fields): StreamFigures {
  const at = typeof worker === 'number' ? { worker: count(worker) } : {};
  return { stream: count(stream), ...at, files: count(files), bytes: count(bytes), rate: count(rate) };
}

function roomOf({ needBytes, freeBytes, needInodes, freeInodes }: Fields): Room {
  return {
    needBytes: count(needBytes),
    freeBytes: count(freeBytes),
    needInodes: count(needInodes),
    freeInodes: count(freeInodes),
  };
}

function deviceOf(fields: Fields): DeviceReport {
  const { sourceBytes, targetBytes, blocks, differing, sentBytes, zeroedBytes } = fields;
  return {
    sourceBytes: count(sourceBytes),
    targetBytes: count(targetBytes),
    blocks: count(blocks),
    differing: count(differing),
    sentBytes: count(sentBytes),
    zeroedBytes: count(zeroedBytes),
  };
}

/** What is no count is none: of the optional ones it is left out. */
function statsOf(stats: unknown): MoverStats {
  const counts = isObject(stats) ? stats : {};
  const known = optionalStatNames.filter((name) => typeof counts[name] === 'number');
  const names = [...statNames, ...known];
  return Object.fromEntries(names.map((name) => [name, count(counts[name])])) as unknown as MoverStats;
}

function endOf({
  nonce,
  outcome,
  message,
  stats,
  failures,
  lost,
  lossOnly,
  losses,
  compared,
  verification,
  room,
  device,
  streams,
  seconds,
}: Fields): MoverEnd {
  return {
    nonce: text(nonce),
    outcome: (text(outcome) || 'failed') as MoverOutcome,
    message: text(message),
    stats: statsOf(stats),
    failures: texts(failures),
    lost: texts(lost),
    lossOnly: lossOnly === true ? true : undefined,
    losses: Array.isArray(losses) ? (losses as Loss[]) : undefined,
    compared: compared === 'content' ? compared : undefined,
    verification: isObject(verification) ? verificationOf(verification) : undefined,
    room: isObject(room) ? roomOf(room) : undefined,
    device: isObject(device) ? deviceOf(device) : undefined,
    streams: isObject(streams) ? (streams as unknown as StreamsReport) : undefined,
    seconds: count(seconds),
  };
}
