/** kubectl-nsreplicate: keeps namespaces the same on replica clusters. */
import { runPlugin } from '../../src/cli/run/run-plugin.ts';
import { version } from '../../src/cli/version.ts';
import { ApproveCommand } from './commands/approve.ts';
import { ControllerCommand } from './commands/controller.ts';
import { DemoteCommand } from './commands/demote.ts';
import { DoctorCommand } from './commands/doctor.ts';
import { DriftCommand } from './commands/drift.ts';
import { FailoverStatusCommand } from './commands/failover-status.ts';
import { ForgetCommand } from './commands/forget.ts';
import { GetCommand } from './commands/get.ts';
import { InstallCommand, UpgradeCommand } from './commands/install.ts';
import { JobsCommand } from './commands/jobs.ts';
import { ManifestsCommand } from './commands/manifests.ts';
import { PauseCommand } from './commands/pause.ts';
import { PlanCommand } from './commands/plan.ts';
import { PromoteCommand } from './commands/promote.ts';
import { RbacCommand } from './commands/rbac.ts';
import { ReplicateCommand } from './commands/replicate.ts';
import { ResumeCommand } from './commands/resume.ts';
import { RetryCommand } from './commands/retry.ts';
import { StatusCommand } from './commands/status.ts';
import { UninstallCommand } from './commands/uninstall.ts';
import { UsersAddCommand } from './commands/users/add.ts';
import { UsersListCommand } from './commands/users/list.ts';
import { UsersPasswdCommand } from './commands/users/passwd.ts';
import { UsersRemoveCommand } from './commands/users/remove.ts';
import { UsersTokenCommand } from './commands/users/token.ts';
import { controllerImage } from './controller/installation/image.ts';

void runPlugin({
  name: 'nsreplicate',
  summary: 'Keep namespaces the same on one or many replica clusters.',
  images: { controller: controllerImage(version) },
  commands: [
    ReplicateCommand,
    PlanCommand,
    DriftCommand,
    GetCommand,
    StatusCommand,
    JobsCommand,
    RetryCommand,
    ApproveCommand,
    PauseCommand,
    ResumeCommand,
    PromoteCommand,
    DemoteCommand,
    FailoverStatusCommand,
    RbacCommand,
    DoctorCommand,
    ForgetCommand,
    ControllerCommand,
    InstallCommand,
    UpgradeCommand,
    UninstallCommand,
    ManifestsCommand,
    UsersAddCommand,
    UsersListCommand,
    UsersPasswdCommand,
    UsersRemoveCommand,
    UsersTokenCommand,
  ],
});
