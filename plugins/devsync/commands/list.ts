/** `kubectl devsync list` */
import { outputOption } from '../../../src/cli/base-command.ts';
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { argument, option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { UsageError } from '../../../src/errors.ts';
import type { Target } from '../launch/launcher.ts';
import type { ListedFile, RemoteDirectory, RemoteFile } from '../session/preview/list-files.ts';
import type { TargetSpec } from '../spec/spec.ts';
import { AgentCommand, completeSync, type SyncEnvironment } from './base/sync-command.ts';
import { fileTable } from './output/output-tables.ts';

export class ListCommand extends AgentCommand {
  static override paths = [['list'], ['ls']];
  static override usage = KubeCommand.Usage({
    description:
      'List the files of a sync, or of a directory in any container, and what is not synced of them.',
    details: `
      Of a sync by its name, this side's files; --side container lists those of the container that it works with, and
      --pod and --container say which one of several. A directory in any containers is listed by --selector or --pod and
      its path. Nothing is made there; where a container has no Node.js of its own, its pod gets the ephemeral container
      that a sync would use.
    `,
    examples: [
      ['What is synced', '$0 list web'],
      ['What the container has of it', '$0 list web --side container'],
      ['A directory of every pod that matches', '$0 list -l app=web /app/src'],
    ],
  });
  override output = outputOption('json', 'yaml', 'name', 'table');
  side = option.choice('--side', ['local', 'container'], {
    description: 'Whose files. Default: local for a sync by its name, container for all else.',
  });
  selector = option.text('-l,--selector', {
    value: 'LABELS',
    description: 'Every pod with these labels; REMOTE is listed in each.',
  });
  pod = option.text('--pod', { value: 'NAME', description: 'One pod.' });
  container = option.text('-c,--container', {
    value: 'NAME',
    description: "Container in it. Default: the sync's, or the pod's default one.",
  });
  launcher = option.choice('--launcher', ['auto', 'exec', 'ephemeral', 'node-agent'], {
    description: "How an agent gets to the container. Default: the sync's own, or auto.",
  });
  what = argument.required('NAME|REMOTE', {
    description: 'Name of the sync, or an absolute path in containers.',
    complete: completeSync,
  });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    if (this.what.startsWith('/')) return await this.#remote(context);
    if (this.selector !== undefined)
      throw new UsageError(`--selector is for an absolute path in containers, and ${this.what} is none`, {
        hint: 'A sync by its name knows its pods; --pod names one of them.',
      });
    const isNarrowed = this.pod !== undefined || this.container !== undefined;
    if ((this.side ?? (isNarrowed ? 'container' : 'local')) === 'container')
      return await this.#ofContainers(context);
    if (isNarrowed) throw new UsageError('--pod and --container are for the side of the container');
    return await this.#ofLocal(context);
  }

  async #ofLocal(context: KubeCommandContext): Promise<Outcome> {
    const { workstation, sync } = await this.sync(context, this.what);
    const { requireHere } = await import('../control/serve-sync.ts');
    requireHere(sync, workstation);
    const { listFiles } = await import('../session/preview/list-files.ts');
    const metadataCandidates = workstation.metadataCandidatesFor(sync.spec.local.path);
    const files = await listFiles(sync.spec, { stateFolder: workstation.folder, metadataCandidates });
    return outcome(files);
  }

  /** The directory of a sync in the containers that it works with, or in those of them that are named. */
  async #ofContainers(context: KubeCommandContext): Promise<Outcome> {
    const env = await this.sync(context, this.what);
    const { sync, workstation, specs } = env;
    const [{ ignoreRules }, { findAll, findTargets }, { rulesOf }] = await Promise.all([
      import('../spec/spec.ts'),
      import('../session/preview/check-attach.ts'),
      import('../session/preview/list-files.ts'),
    ]);
    const { spec } = sync;
    const isHere = specs.belongsHere(sync);
    const ignores = ignoreRules(spec, rulesOf(spec, isHere ? workstation.folder : undefined));
    const { launcher = spec.launcher } = this;
    const target = this.#narrowed(spec.target);
    const find = target === spec.target ? findTargets : findAll;
    const directory = { ...spec, target, launcher, ignores };
    return await this.#list(context, env, directory, find);
  }

  /** A directory of containers that no sync need know of. */
  async #remote(context: KubeCommandContext): Promise<Outcome> {
    const { selector, pod, container, launcher = 'auto' } = this;
    if ((selector === undefined) === (pod === undefined))
      throw new UsageError('give either --selector or --pod', {
        hint: 'They say in which containers; a sync is listed by its name.',
      });
    if (this.side === 'local')
      throw new UsageError('--side local is for a sync by its name', {
        hint: 'ls lists any directory here.',
      });
    const [{ normalizeRemote }, { findAll }] = await Promise.all([
      import('../spec/spec.ts'),
      import('../session/preview/check-attach.ts'),
    ]);
    const directory: RemoteDirectory = {
      target: { selector, pod, container },
      remote: normalizeRemote(this.what),
      scan: { permissions: 'portable', symlinks: 'portable' },
      ignores: { lists: [], vcs: false },
      launcher,
    };
    return await this.#list(context, await this.environment(context), directory, findAll);
  }

  #narrowed(target: TargetSpec): TargetSpec {
    const { pod, container } = this;
    if (pod === undefined && container === undefined) return target;
    const { selector, pod: known, container: own, containers } = target;
    const which =
      container === undefined ? { container: own, ...(containers && { containers }) } : { container };
    return { selector, pod: pod ?? known, ...which };
  }

  async #list(
    context: KubeCommandContext,
    { kube, namespace }: SyncEnvironment,
    spec: RemoteDirectory,
    find: typeof import('../session/preview/check-attach.ts')['findAll'],
  ): Promise<Outcome> {
    const { listRemoteFiles } = await import('../session/preview/list-files.ts');
    const agent = await this.agent(context);
    const onDetail = (text: string) => context.reporter.info(text);
    const options = { ...context, ...agent, kube, namespace, spec, onDetail };
    const files: RemoteFile[] = [];
    const targets: Target[] = await find(options);
    for (const target of targets) files.push(...(await listRemoteFiles(target, options)));
    return outcome(files);
  }
}

const outcome = (files: readonly (ListedFile | RemoteFile)[]): Outcome => ({
  data: files,
  table: fileTable(files),
  names: files.map(({ path }) => path),
});
