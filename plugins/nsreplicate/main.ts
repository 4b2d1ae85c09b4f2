/** kubectl-nsreplicate: keeps namespaces the same on replica clusters. */
import { runPlugin } from '../../src/cli/run-plugin.ts';
import { ApproveCommand, PauseCommand, ResumeCommand, StatusCommand } from './commands/control.ts';
import { ControllerCommand } from './commands/controller.ts';
import { ForgetCommand } from './commands/forget.ts';
import { JobsCommand, RetryCommand } from './commands/jobs.ts';
import { DriftCommand, PlanCommand } from './commands/plan.ts';
import { ReplicateCommand } from './commands/replicate.ts';

void runPlugin({
  name: 'nsreplicate',
  summary: 'Keep namespaces the same on one or many replica clusters.',
  commands: [
    ReplicateCommand,
    PlanCommand,
    DriftCommand,
    StatusCommand,
    JobsCommand,
    RetryCommand,
    ApproveCommand,
    PauseCommand,
    ResumeCommand,
    ForgetCommand,
    ControllerCommand,
  ],
});
