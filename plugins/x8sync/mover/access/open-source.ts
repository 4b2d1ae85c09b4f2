/** Opens the source, and says so. */
import type { CopyOptions } from '../protocol/options.ts';
import type { Runtime } from '../protocol/runtime.ts';
import { MoverExit, Unreachable } from './exit.ts';
import type { SourceAccess } from './source-access.ts';

/** @throws MoverExit where no address answers in time, and what else opening throws. */
export async function openSource(
  connection: SourceAccess,
  { connectSeconds }: Pick<CopyOptions, 'connectSeconds'>,
  { messages }: Pick<Runtime, 'messages'>,
): Promise<void> {
  try {
    await connection.open();
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    throw new MoverExit(
      'unreachable',
      `the source did not answer within ${connectSeconds} s: ${error.message}`,
    );
  }
  messages.write('connected', { address: connection.address });
}
