/** kubectl-x8sync: copies a PersistentVolumeClaim's data between clusters. */
import { runPlugin } from '../../src/cli/run/run-plugin.ts';
import { version } from '../../src/cli/version.ts';
import { AttachCommand } from './commands/attach.ts';
import { CancelCommand } from './commands/cancel.ts';
import { CleanupCommand } from './commands/cleanup.ts';
import { CopyCommand } from './commands/copy.ts';
import { DoctorCommand } from './commands/doctor.ts';
import { ListCommand } from './commands/list.ts';
import { LogsCommand } from './commands/logs.ts';
import { RbacCommand } from './commands/rbac.ts';
import { StatusCommand } from './commands/status.ts';
import { VerifyCommand } from './commands/verify.ts';
import { moverImage } from './objects/manifests/pods.ts';

void runPlugin({
  name: 'x8sync',
  summary: "Copies a PersistentVolumeClaim's data to another claim, in the same cluster or another.",
  images: { mover: moverImage(version) },
  commands: [
    CopyCommand,
    VerifyCommand,
    DoctorCommand,
    ListCommand,
    StatusCommand,
    LogsCommand,
    AttachCommand,
    CancelCommand,
    CleanupCommand,
    RbacCommand,
  ],
});
