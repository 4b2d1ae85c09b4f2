/** CRC-32 as zlib has it. */
import * as zlib from 'node:zlib';

/** One step for each value of a byte (the polynomial of IEEE 802.3, reflected). */
export const crcTable: Uint32Array = new Uint32Array(256).map((_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** Goes on from the checksum of what came before; 0 to begin with. */
export const crc32: (data: Uint8Array, before: number) => number = 'crc32' in zlib ? zlib.crc32 : slowCrc32;

/** For Node before 20.15. */
function slowCrc32(data: Uint8Array, before: number): number {
  let crc = ~before;
  for (const byte of data) crc = (crc >>> 8) ^ (crcTable[(crc ^ byte) & 0xff] as number);
  return ~crc >>> 0;
}
