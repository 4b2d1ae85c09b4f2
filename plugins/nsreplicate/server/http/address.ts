/** Where the service listens. */
import { isIPv6 } from 'node:net';
import { RefusedError, UsageError } from '../../../../src/errors.ts';

export interface ListenAddress {
  /** Empty: all addresses of the machine. */
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
}

/**
 * Reads `HOST:PORT`, `:PORT` (all addresses) or `[::1]:PORT`.
 * @throws {UsageError} it is neither
 */
export function parseListen(text: string, flag = '--listen'): ListenAddress {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]*)):(\d{1,5})$/.exec(text);
  const [, six, name = '', digits] = match ?? [];
  const port = Number(digits);
  if (!match || port > 65_535 || (six !== undefined && !isIPv6(six)))
    throw new UsageError(`${flag}: ${JSON.stringify(text)} is not HOST:PORT`, {
      hint: 'e.g. 127.0.0.1:8080 for this machine only, or :8080 for all of its addresses',
    });
  return { host: six ?? name, port };
}

/** Whether nobody but this machine can connect. */
export const isLoopback = ({ host }: ListenAddress): boolean =>
  host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);

/**
 * Passwords and tokens do not go over a network as they are.
 * @throws {RefusedError} others could connect, and nothing would be encrypted
 */
export function checkProtected(
  address: ListenAddress,
  { tls, insecure }: { readonly tls: boolean; readonly insecure: boolean },
): void {
  if (tls || insecure || isLoopback(address)) return;
  throw new RefusedError('Passwords and tokens would cross the network in the clear.', {
    hint: 'Give --tls-cert and --tls-key, listen on 127.0.0.1 only, or, behind a proxy that encrypts, add --insecure-listen.',
  });
}
