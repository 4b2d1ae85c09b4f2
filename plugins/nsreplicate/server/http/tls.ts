/** The service's certificate: read at the start, and again when it changes where it comes from. */
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { Clock } from '../../../../src/clock.ts';
import { messageOf, UsageError } from '../../../../src/errors.ts';
import { unreadableFile } from '../../../../src/given-file.ts';

export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

/** PEM texts; the key is secret. */
export interface TlsPair {
  readonly cert: string;
  readonly key: string;
}

/** Where a certificate comes from. */
export interface TlsSource {
  /** Rejects where there is none that can be used. */
  read(options: { readonly clock: Clock; readonly signal: AbortSignal }): Promise<TlsPair>;
  /** How often it is read again. */
  readonly periodMs: number;
}

/** Files of a mounted Secret are links that change together; so often they are read again. */
const PERIOD_MS = 2000;

export const filesSource = (files: TlsFiles): TlsSource => ({
  read: () => readPair(files),
  periodMs: PERIOD_MS,
});

/** Throws where the two do not belong together, or are none. */
export function checkPair(pair: TlsPair): void {
  // OpenSSL would take an empty text, and refuse every client afterwards.
  if (pair.cert.trim() === '' || pair.key.trim() === '') throw new Error('it is empty');
  createSecureContext(pair);
}

/** @throws {UsageError} a file can't be read, or the two do not belong together */
export async function readPair({ cert, key }: TlsFiles): Promise<TlsPair> {
  const pair = { cert: await read('--tls-cert', cert), key: await read('--tls-key', key) };
  try {
    checkPair(pair);
  } catch (error) {
    throw new UsageError(`--tls-cert ${cert} and --tls-key ${key} can't be used: ${messageOf(error)}`);
  }
  return pair;
}

async function read(flag: string, path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw unreadableFile(flag, path, error);
  });
  if (text.trim() === '') throw new UsageError(`${flag}: ${path} is empty`);
  return text;
}

export interface FollowOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly changed: (pair: TlsPair) => void;
  readonly warn: (text: string) => void;
}

/**
 * Hands out each new pair until the signal aborts. One that can't be used is said once, and the last good one stays. It is
 * said when it is still so at the next look: files that are being written are empty, or half there, for a moment.
 */
export async function followPair(
  source: TlsSource,
  first: TlsPair,
  { clock, signal, changed, warn }: FollowOptions,
): Promise<void> {
  let current = first;
  let found = '';
  let said = '';
  while (!signal.aborted) {
    await clock.sleep(source.periodMs, signal).catch(() => undefined);
    if (signal.aborted) return;
    try {
      const pair = await source.read({ clock, signal });
      found = '';
      said = '';
      if (pair.cert === current.cert && pair.key === current.key) continue;
      current = pair;
      changed(pair);
    } catch (error) {
      if (signal.aborted) return;
      const why = messageOf(error).replace(/\.$/, '');
      if (why === found && why !== said) {
        warn(`${why}; the certificate from before stays in use`);
        said = why;
      }
      found = why;
    }
  }
}
