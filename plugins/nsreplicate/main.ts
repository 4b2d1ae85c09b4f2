/** `kubectl nsreplicate`: the entry point. */
import { runPlugin } from '../../src/cli/run-plugin.ts';
import { NotThereYetCommand } from './commands/not-there-yet.ts';

void runPlugin({
  name: 'nsreplicate',
  summary: 'Keep namespaces the same on one or many replica clusters.',
  commands: [NotThereYetCommand],
});
