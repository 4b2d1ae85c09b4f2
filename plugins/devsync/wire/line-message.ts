/**
 * Messages on a line that several sessions share (see shared-line.ts).
 *
 * | bytes | |
 * | --- | --- |
 * | 4 | length of everything that follows, big-endian |
 * | 1 | type of the message |
 * | 4 | session |
 * | … | data |
 */
import { ProtocolError } from './check.ts';
import { maxFrame } from './frame.ts';

export const messageTypes = ['open', 'answer', 'data', 'keep', 'again', 'credit', 'end', 'close'] as const;
export type MessageType = (typeof messageTypes)[number];

/** Bytes of a message before its data, and of the longest data. */
export const [prefix, longest] = [9, maxFrame + 1024];

/** What comes before its data. */
export function headOf(type: MessageType, session: number, length: number): Buffer {
  const head = Buffer.allocUnsafe(prefix);
  head.writeUInt32BE(length + prefix - 4, 0);
  head[4] = messageTypes.indexOf(type);
  head.writeUInt32BE(session, 5);
  return head;
}

/** A number as the data of a message. */
export function countData(count: number): Buffer {
  const data = Buffer.alloc(4);
  data.writeUInt32BE(count);
  return data;
}

/** @throws {ProtocolError} it is none */
export function countIn(data: Buffer): number {
  if (data.length !== 4) throw new ProtocolError('a number of a wrong length');
  return data.readUInt32BE(0);
}
