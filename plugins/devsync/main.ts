/** kubectl-devsync: keeps a local directory and a container's directory the same. */
import { runPlugin } from '../../src/cli/run-plugin.ts';
import { version } from '../../src/cli/version.ts';
import { CleanCommand, DoctorCommand, InitCommand } from './commands/care.ts';
import { CreateCommand, PlanCommand, RunCommand } from './commands/create.ts';
import { ConflictsCommand, GetCommand, ListCommand, LogsCommand } from './commands/look.ts';
import {
  DeleteCommand,
  FlushCommand,
  PauseCommand,
  ResetCommand,
  ResolveCommand,
  RestoreCommand,
  ResumeCommand,
} from './commands/steer.ts';
import { StopCommand, WatchCommand } from './commands/watch.ts';
import { agentImage } from './launch/images.ts';

void runPlugin({
  name: 'devsync',
  summary: 'Keeps a local directory and a directory in a container the same.',
  images: { agent: agentImage(version) },
  commands: [
    InitCommand,
    CreateCommand,
    WatchCommand,
    StopCommand,
    RunCommand,
    PlanCommand,
    GetCommand,
    ListCommand,
    ConflictsCommand,
    ResolveCommand,
    FlushCommand,
    PauseCommand,
    ResumeCommand,
    ResetCommand,
    RestoreCommand,
    LogsCommand,
    DoctorCommand,
    DeleteCommand,
    CleanCommand,
  ],
});
