/**
 * What is said on a line that holds back a program (node-agent.ts): the agent says what it holds, a line of JSON each, and
 * the workstation the ids of containers that are to go on. The end of the line lets all go on.
 */
import { asDigest, asObject, asWords, ProtocolError } from './check.ts';

/** News of a gate. */
export type GateNews =
  /** Containers that begin from now on are held. */
  | { readonly kind: 'looking' }
  /** The program of this one is held. Its id has no runtime's name. */
  | { readonly kind: 'held'; readonly id: string }
  /** The program of this one had begun before, and goes on. */
  | { readonly kind: 'late'; readonly id: string }
  /** One could not be held, and nothing is any more. */
  | { readonly kind: 'trouble'; readonly words: string };

/** @throws {ProtocolError} it is none */
export function parseNews(line: string): GateNews {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new ProtocolError('the agent sent a line that is no JSON');
  }
  const { looking, held, late, trouble } = asObject(value, 'news');
  if (trouble !== undefined) return { kind: 'trouble', words: asWords(trouble, 'words') };
  if (held !== undefined) return { kind: 'held', id: asDigest(held) };
  if (late !== undefined) return { kind: 'late', id: asDigest(late) };
  if (looking === true) return { kind: 'looking' };
  throw new ProtocolError('the agent sent news that mean nothing');
}

/** The container of this id is to go on. */
export const letGoLine = (id: string): string => `${JSON.stringify({ letGo: id })}\n`;
