/** `kubectl x8sync verify` and what it says. */
import { expect } from '@jest/globals';
import { documentOf, x8sync } from './x8sync.ts';

export interface VerifyDocument {
  readonly task: string;
  readonly outcome: string;
  readonly verification: {
    readonly entries: number;
    readonly different: number;
    readonly extraneous: number;
  };
  readonly differences: readonly { readonly path: string; readonly aspects: readonly string[] }[];
}

/** Its document, once it has ended with this exit code. */
export async function verified(expected: number, ...args: string[]): Promise<VerifyDocument> {
  const ended = await x8sync('verify', ...args, '-o', 'json');
  expect({ code: ended.code, stderr: ended.stderr }).toMatchObject({ code: expected });
  return documentOf<VerifyDocument>(ended);
}
