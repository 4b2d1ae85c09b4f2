/** `kubectl devsync`: the entry point. */
import { runPlugin } from '../../src/cli/run-plugin.ts';
import { NotThereYetCommand } from './commands/not-there-yet.ts';

void runPlugin({
  name: 'devsync',
  summary: 'Keep a local directory and a directory in a container the same.',
  commands: [NotThereYetCommand],
});
