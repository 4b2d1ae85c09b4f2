/** kubectl-devsync: keeps a local directory and a container's directory the same. */
import { runPlugin } from '../../src/cli/run/run-plugin.ts';
import { version } from '../../src/cli/version.ts';
import { CleanCommand } from './commands/clean.ts';
import { ConflictsCommand } from './commands/conflicts.ts';
import { CreateCommand } from './commands/create.ts';
import { DeleteCommand } from './commands/delete.ts';
import { DoctorCommand } from './commands/doctor.ts';
import { DownCommand } from './commands/down.ts';
import { FlushCommand } from './commands/flush.ts';
import { GetCommand } from './commands/get.ts';
import { InitCommand } from './commands/init.ts';
import { ListCommand } from './commands/list.ts';
import { LogsCommand } from './commands/logs.ts';
import { NodeAgentCommand } from './commands/node-agent.ts';
import { PauseCommand } from './commands/pause.ts';
import { PlanCommand } from './commands/plan.ts';
import { RbacCommand } from './commands/rbac.ts';
import { ResetCommand } from './commands/reset.ts';
import { ResolveCommand } from './commands/resolve.ts';
import { RestoreCommand } from './commands/restore.ts';
import { ResumeCommand } from './commands/resume.ts';
import { RunCommand } from './commands/run.ts';
import { StopCommand } from './commands/stop.ts';
import { UninstallCommand } from './commands/uninstall.ts';
import { UpCommand } from './commands/up.ts';
import { UpgradeCommand } from './commands/upgrade.ts';
import { WatchCommand } from './commands/watch.ts';
import { agentImage } from './launch/agent-image.ts';

void runPlugin({
  name: 'devsync',
  summary: 'Keeps a local directory and a directory in a container the same.',
  images: { agent: agentImage(version) },
  commands: [
    UpCommand,
    DownCommand,
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
    RbacCommand,
    DeleteCommand,
    CleanCommand,
    UpgradeCommand,
    UninstallCommand,
    NodeAgentCommand,
  ],
});
