/** Hashes passwords in a thread of its own: a hash takes a tenth of a second on purpose. */
import { parentPort } from 'node:worker_threads';
import bcrypt from 'bcryptjs';

/** 2^10 rounds, the least that OWASP's Password Storage Cheat Sheet recommends for bcrypt. */
const COST = 10;

export type HashRequest =
  | { readonly id: number; readonly password: string; readonly hash?: undefined }
  | { readonly id: number; readonly password: string; readonly hash: string };

export interface HashAnswer {
  readonly id: number;
  /** A hash where one was asked for, else whether the password is the hash's. */
  readonly result: string | boolean;
}

parentPort?.on('message', ({ id, password, hash }: HashRequest) => {
  const result = hash === undefined ? bcrypt.hashSync(password, COST) : isOf(password, hash);
  parentPort?.postMessage({ id, result } satisfies HashAnswer);
});

/** What is no hash is nobody's. */
function isOf(password: string, hash: string): boolean {
  try {
    return bcrypt.compareSync(password, hash);
  } catch {
    return false;
  }
}
