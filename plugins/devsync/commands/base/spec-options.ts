/** Options that make a specification, and the specification that they make. */
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { KubeCommandContext } from '../../../../src/cli/kube-command.ts';
import { argument, option } from '../../../../src/cli/options.ts';
import type { SyncSpec } from '../../spec/spec.ts';
import type { Workstation } from '../../spec/workstation.ts';
import { AgentCommand, localPath } from './sync-command.ts';

const [group, reloadGroup] = ['What is synced', 'Reload'];

/** A command that is given LOCAL, REMOTE and how to sync them. */
export abstract class SpecCommand extends AgentCommand {
  selector = option.text('-l,--selector', {
    value: 'LABELS',
    description: 'Pods by their labels; the oldest Ready one is synced, and its successor after it.',
    group,
  });
  pod = option.text('--pod', { value: 'NAME', description: 'One pod.', group });
  container = option.list('-c,--container', {
    value: 'NAME',
    description:
      'Container in it, a sidecar among the init containers included; several with commas between. Default: the one that the annotation kubectl.kubernetes.io/default-container names, or the first.',
    group,
  });
  pods = option.choice('--pods', ['one', 'all'], {
    description:
      'all: every pod that matches takes part. One writes back, the others are made like this workstation.',
    default: 'one',
    group,
  });
  writer = option.text('--writer', {
    value: 'POD',
    description: 'The pod that writes back where several take part. Default: the oldest Ready one.',
    group,
  });
  mode = option.choice('--mode', ['two-way-safe', 'two-way-resolved', 'one-way-safe', 'one-way-replica'], {
    description:
      'two-way-safe lists conflicts; two-way-resolved lets one side win; one-way-safe never touches what the other side made; one-way-replica makes it the same.',
    default: 'two-way-safe',
    group,
  });
  from = option.choice('--from', ['local', 'container'], {
    description: 'The side that a one-way sync comes from, or that wins in two-way-resolved.',
    default: 'local',
    group,
  });
  ignore = option.repeated('--ignore', {
    value: 'PATTERN',
    description:
      'Leave out what matches, in the syntax of .gitignore; may be repeated. LOCAL/.devsyncignore is read too.',
    group,
  });
  ignoreVcs = option.flag('--ignore-vcs', { description: 'Leave out .git, .hg, .svn and the like.', group });
  useGitignore = option.flag('--use-gitignore', {
    description: 'Leave out what `git check-ignore` names; what git tracks is not left out.',
    group,
  });
  takeGit = option.flag('--take-git', {
    description:
      'Let .git, .hg and the like, and whatever git takes for a repository, come from the container. Their hooks would run on this workstation.',
    group,
  });
  permissions = option.choice('--permissions', ['portable', 'kept'], {
    description: 'portable: the executable bit; kept: all permission bits.',
    default: 'portable',
    group,
  });
  symlinks = option.choice('--symlinks', ['portable', 'raw', 'ignored'], {
    description: 'portable: links that stay inside; raw: any, as they are.',
    default: 'portable',
    group,
  });
  times = option.choice('--times', ['kept', 'arrival'], {
    description:
      'kept: a file that is carried over keeps the time that it was changed at; arrival: it bears the time of its arrival.',
    default: 'arrival',
    group,
  });
  write = option.choice('--write', ['replace', 'in-place'], {
    description:
      'replace: a new file takes the place of the old one at once; in-place: it stays the same file, for programs that watch a single file.',
    default: 'replace',
    group,
  });
  bandwidth = option.text('--bandwidth', {
    value: 'RATE',
    description:
      'Carry over no more than so many bytes of files a second, in each direction and for each container, such as 500k or 2M.',
    group,
  });
  onNewPod = option.choice('--on-new-pod', ['conflict', 'local'], {
    description: 'What to do with files that a new container made itself and that differ here.',
    default: 'conflict',
    group,
  });
  launcher = option.choice('--launcher', ['auto', 'exec', 'ephemeral', 'node-agent'], {
    description:
      'How an agent gets to the container: in it, by its own Node.js; beside it; or by the agent of its node, where `init --node-agent` made those.',
    default: 'auto',
    group,
  });
  runAs = option.text('--run-as', {
    value: 'UID[:GID]',
    description:
      "Who an agent beside the container runs as. Default: the container's own user. By the other launchers it runs as that user in any case.",
    group,
  });
  makeRemote = option.flag('--make-remote', {
    description: 'Make REMOTE where it is missing, with the directories above it.',
    group,
  });
  trashLimit = option.integer('--trash-limit', {
    value: 'MIB',
    min: 1,
    default: 1024,
    description: 'What the trash here may hold, in MiB; the container’s holds a quarter of it.',
    group,
  });
  onChange = option.repeated('--on-change', {
    value: 'PATTERN=ACTION',
    description:
      'Reload once files that match have arrived in the container: exec:COMMAND, signal:NAME, restart or rollout. May be repeated.',
    group: reloadGroup,
  });
  reloadEvery = option.duration('--reload-every', {
    description: 'Reload a rule at most once in this time. Default: 2s.',
    group: reloadGroup,
  });
  reloadOnFirstSync = option.flag('--reload-on-first-sync', {
    description: 'Reload after the first sync as well.',
    group: reloadGroup,
  });
  restartAnyway = option.flag('--restart-anyway', {
    description:
      'Restart also where what was synced goes with the container, and sync it again. The agent of the node holds the program back until then; by other launchers it starts without.',
    group: reloadGroup,
  });
  local = argument.required('LOCAL', { description: 'A directory on this workstation.' });
  remote = argument.required('REMOTE', { description: 'A directory in the container: an absolute path.' });

  /** Refuses bad input at once. */
  protected async spec(_context: KubeCommandContext, workstation: Workstation): Promise<SyncSpec> {
    const { buildSpec } = await import('../../spec/build-spec.ts');
    return buildSpec({ ...this, local: localPath(this.local) }, workstation);
  }
}

/** A name for a sync whose person gave none: the directory's, and a few digits of what it is synced with. */
export function defaultName({ local, remote, target }: SyncSpec): string {
  const plain = basename(local.path)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  const all = JSON.stringify([local.path, remote, target]);
  const digits = createHash('sha256').update(all).digest('hex').slice(0, 6);
  return `${plain.slice(0, 20) || 'sync'}-${digits}`;
}
