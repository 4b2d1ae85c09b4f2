/** The agent inside the container itself, where that has a node that is new enough. Nothing is written. */
import { exitTooOld } from '../agent/loader.ts';
import {
  Declined,
  type LaunchContext,
  type Launched,
  requireUser,
  StartError,
  startAgent,
} from './launcher.ts';

/** @throws {Declined} the container has no node, or an old one */
export async function launchByExec(context: LaunchContext): Promise<Launched> {
  try {
    const connection = await startAgent(context, context.target.container, 'node');
    await requireUser(connection, context.runAs, 'in the container');
    return { launcher: 'exec', connection, base: '' };
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    const { code, message } = error;
    if (code === exitTooOld) throw new Declined(message);
    // 126 and 127: shells and runtimes for a command that cannot be run or is not there.
    if (code === undefined || code === 126 || code === 127 || /not found|no such file/i.test(message))
      throw new Declined('there is no node in the container');
    throw new Declined(`node in the container did not run the agent: ${message}`);
  }
}
