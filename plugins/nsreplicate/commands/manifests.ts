/** `manifests`: what `install` would make, to be applied by others. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { messageOf, UsageError } from '../../../src/errors.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { InstallationCommand } from './install.ts';

export class ManifestsCommand extends InstallationCommand {
  static override paths = [['manifests']];
  static override usage = KubeCommand.Usage({
    description: 'Print the objects of a controller, as `install` makes them; asks no cluster.',
    examples: [
      ['For kubectl', '$0 manifests --namespaces team-a | kubectl apply --server-side -f -'],
      ['As a base for kustomize', '$0 manifests --namespaces team-a --kustomize controller'],
    ],
  });
  kustomize = option.text('--kustomize', {
    value: 'DIR',
    description: 'Write them into a folder instead, a file each, with a kustomization.yaml.',
  });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const [{ installationObjects }, { stringify }] = await Promise.all([
      import('../controller/installation/installation.ts'),
      import('yaml'),
    ]);
    const objects = installationObjects(await this.chosen(context));
    const yaml = (object: unknown) => stringify(object, { aliasDuplicateObjects: false, lineWidth: 0 });
    if (this.kustomize === undefined) return { text: objects.map(yaml).join('---\n').trimEnd() };
    const files = new Map(objects.map((object) => [fileOf(object), yaml(object)]));
    const kustomization = { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization' };
    files.set('kustomization.yaml', yaml({ ...kustomization, resources: [...files.keys()] }));
    await writeAll(this.kustomize, files);
    return { text: `${files.size} files are in ${this.kustomize}.` };
  }
}

function fileOf({ kind = '', metadata: { name, namespace } }: KubeObject): string {
  const parts = [kind, namespace, name].filter((part) => part !== undefined);
  return `${parts.join('-').toLowerCase()}.yaml`;
}

async function writeAll(folder: string, files: ReadonlyMap<string, string>): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    for (const [name, text] of files) await writeFile(join(folder, name), text);
  } catch (error) {
    throw new UsageError(`--kustomize: ${messageOf(error)}`);
  }
}
