/** Values in DER, the encoding of certificates (ITU-T X.690), as far as a certificate needs them. Pure. */

/** One value: its tag, its length, its content. */
function value(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag]), lengthOf(content.length), content]);
}

/** Up to 127 in one byte; else how many bytes follow, and these. */
function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const bytes = unsigned(BigInt(length));
  return Buffer.concat([Buffer.from([0x80 | bytes.length]), bytes]);
}

function unsigned(number: bigint): Buffer {
  const digits = number.toString(16);
  return Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex');
}

export const sequence = (...contents: readonly Uint8Array[]): Buffer => value(0x30, ...contents);
export const set = (...contents: readonly Uint8Array[]): Buffer => value(0x31, ...contents);
export const octets = (content: Uint8Array): Buffer => value(0x04, content);
export const utf8 = (text: string): Buffer => value(0x0c, Buffer.from(text));
export const yes = (): Buffer => value(0x01, Buffer.from([0xff]));

/** A number that is not negative: one whose first bit is set gets a byte of zeros in front of it. */
export function integer(number: bigint): Buffer {
  const bytes = unsigned(number);
  return value(0x02, (bytes[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
}

/** @param unused how many of the last bits mean nothing */
export const bits = (content: Uint8Array, unused = 0): Buffer => value(0x03, Buffer.from([unused]), content);

/** `2.5.29.17`: the first two numbers share a byte, the others are written in groups of seven bits. */
export function identifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...others] = dotted.split('.').map(Number);
  return value(0x06, Buffer.from([first * 40 + second, ...others.flatMap(groupsOfSeven)]));
}

function groupsOfSeven(number: number): number[] {
  const groups = [number & 0x7f];
  for (let left = number >>> 7; left > 0; left >>>= 7) groups.unshift(0x80 | (left & 0x7f));
  return groups;
}

/** Whole seconds; years from 2050 on have all four digits (RFC 5280, 4.1.2.5). */
export function time(at: Date): Buffer {
  const digits = `${at.toISOString().replaceAll(/\D/g, '').slice(0, 14)}Z`;
  return at.getUTCFullYear() < 2050
    ? value(0x17, Buffer.from(digits.slice(2)))
    : value(0x18, Buffer.from(digits));
}

/** `[number]` around other values. */
export const explicit = (number: number, ...contents: readonly Uint8Array[]): Buffer =>
  value(0xa0 | number, ...contents);

/** `[number]` in place of the tag of a simple value. */
export const implicit = (number: number, content: Uint8Array): Buffer => value(0x80 | number, content);
