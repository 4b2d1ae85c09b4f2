/** Where the source may be found: addresses, and whether an ssh server answers there. */
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { getSystemErrorMessage } from 'node:util';
import { LineSplitter } from '../system/lines.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Of `host:port` or `[v6]:port`; undefined where it is neither. */
export function parseAddress(text: string): Address | undefined {
  const [, v6, name, port] = /^(?:\[([0-9A-Fa-f:.%a-z]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = v6 ?? name;
  if (host === undefined || Number(port) > 65_535) return undefined;
  return { host, port: Number(port) };
}

/** Addresses that the plugin delivered after the pod was made: words of a file that may not be there. */
export function deliveredAddresses(file: string): string[] {
  try {
    return readFileSync(file, 'utf8')
      .split(/\s+/)
      .filter((word) => word !== '');
  } catch {
    return [];
  }
}

/** Has room for one lost SYN and a far continent. */
export const answerMs = 2500;
/** A server of a name with several addresses: the next one is tried where one is silent so long. */
const attemptMs = 1000;
/** More than any banner has. */
const longestBanner = 4096;

export interface ProbeOptions {
  /** How long to wait for the banner of a server that has accepted the connection, in milliseconds. */
  readonly bannerMs?: number;
  /** Is called when the connection is accepted. */
  readonly accepted?: () => void;
}

/** Resolves with undefined where an ssh server answers at the address, else with why not, in a few words. */
export type Probe = (
  address: Address,
  signal: AbortSignal,
  options?: ProbeOptions,
) => Promise<string | undefined>;

/**
 * Resolves with undefined where an ssh server answers, else with why not. A load balancer without a backend accepts
 * and says nothing, hence the banner is awaited. An abort ends it, and is no answer.
 */
export function probe(
  { host, port }: Address,
  signal: AbortSignal,
  { bannerMs = answerMs, accepted }: ProbeOptions = {},
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, autoSelectFamilyAttemptTimeout: attemptMs });
    const done = (reason: string | undefined) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      socket.destroy();
      resolve(reason);
    };
    const abort = () => done(noAnswer);
    let timer = setTimeout(abort, answerMs);
    signal.addEventListener('abort', abort, { once: true });
    const lines = new LineSplitter((line) => done(line.startsWith('SSH-2.0-') ? undefined : otherServer));
    let seen = 0;
    socket.once('connect', () => {
      clearTimeout(timer);
      timer = setTimeout(abort, bannerMs);
      accepted?.();
    });
    socket.on('data', (chunk: Buffer) => {
      seen += chunk.length;
      lines.push(chunk);
      if (seen > longestBanner) done(otherServer);
    });
    socket.once('end', () => done(otherServer));
    socket.once('error', (error) => done(reasonOf(error)));
  });
}

export const noAnswer = 'no answer';
const otherServer = 'answers, but not as an ssh server';

function reasonOf(error: NodeJS.ErrnoException): string {
  // Several addresses of one name: each has its own reason, and the first will do.
  const [first = error] = error instanceof AggregateError ? (error.errors as NodeJS.ErrnoException[]) : [];
  const { code = '', errno, message } = first;
  if (code === 'ENOTFOUND') return 'name or service not known';
  if (code === 'EAI_AGAIN') return 'temporary failure in name resolution';
  if (code === 'ETIMEDOUT') return noAnswer;
  return errno === undefined ? message : getSystemErrorMessage(errno);
}
