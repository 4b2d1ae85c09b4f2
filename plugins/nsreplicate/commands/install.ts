/** `install` and `upgrade`: a controller in the cluster. */

import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { namespaceNames } from '../../../src/cli/providers.ts';
import { X8sError } from '../../../src/errors.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { Installation } from '../controller/installation/installation.ts';
import { stateNamespace } from '../decide/spec.ts';

/** What can be chosen of an installation. */
export abstract class InstallationCommand extends KubeCommand {
  namespaces = option.list('--namespaces', {
    value: 'NAMES',
    description:
      'Namespaces whose KRMSyncers are carried out. In each the controller may read kubeconfigs in Secrets, ask for tokens of ServiceAccounts, and view objects.',
    complete: namespaceNames,
  });
  trustedNamespaces = option.list('--trusted-namespaces', {
    value: 'NAMES',
    description:
      "Namespaces, also as globs, whose KRMSyncers use the rights of the controller's own ServiceAccount.",
    complete: namespaceNames,
  });
  innerCidrs = option.list('--inner-cidrs', {
    value: 'CIDRS',
    description: 'Further addresses of this cluster to which kubeconfigs of KRMSyncers may not lead.',
  });
  mostObjects = option.integer('--most-objects', {
    description: 'A KRMSyncer one of whose clusters shows more objects of its rules than this is refused.',
    min: 1,
  });
  page = option.maybeFlag('--page', {
    description:
      'Serve the page, the API and the metrics at port 8080, encrypted; --page=false does without. Default: true.',
  });
  image = option.text('--image', {
    value: 'IMAGE',
    description: "The controller's image. Default: the one of this version.",
  });

  /** What the flags choose; where one is not given, what `before` has. */
  protected async chosen({ plugin }: KubeCommandContext, before?: Installation): Promise<Installation> {
    const { controllerImage } = await import('../controller/installation/image.ts');
    const orBefore = (given: string[], kept: readonly string[] = []) => (given.length > 0 ? given : kept);
    return {
      image: this.image ?? controllerImage(plugin.version),
      namespaces: orBefore(this.namespaces, before?.namespaces),
      trusted: orBefore(this.trustedNamespaces, before?.trusted),
      innerCidrs: orBefore(this.innerCidrs, before?.innerCidrs),
      mostObjects: this.mostObjects ?? before?.mostObjects,
      page: this.page ?? before?.page ?? true,
    };
  }
}

/** Applies an installation and waits for it. */
abstract class RollOutCommand extends InstallationCommand {
  forceConflicts = option.flag('--force-conflicts', {
    description: "Put ours in the place of others' fields, as of a definition of KRMSyncers that is there.",
  });
  wait = option.flag('--wait', {
    description:
      'Wait until the controller is ready; else the certificate of a page that is not served any more stays.',
    default: true,
  });
  waitLimit = option.duration('--wait-limit', {
    description: 'How long that may take. Default: 2m.',
    default: 120_000,
  });

  protected async rollOut(context: KubeCommandContext, installation: Installation): Promise<Outcome> {
    const { install, removeCertificate, rolledOut } = await import('../controller/installation/install.ts');
    const { signal, clock, reporter } = context;
    const kube = await context.kube();
    const did: string[] = [];
    const say = (what: string) => {
      did.push(what);
      reporter.info(what);
    };
    await install(kube, installation, { force: this.forceConflicts, signal, did: say });
    const page = installation.page ? await pageText(context, kube, (what) => did.push(what)) : '';
    if (this.wait) {
      reporter.info('waiting until both pods of the controller are ready');
      await rolledOut(kube, this.waitLimit, { signal, clock });
      if (!installation.page) await removeCertificate(kube, { signal, did: say });
    }
    const places = installation.namespaces.join(', ') || 'no namespace yet: name some by --namespaces';
    const text = `The controller is installed${this.wait ? ' and ready' : ''}. It carries out KRMSyncers of ${places}.${page}`;
    return { data: { installation, did }, text };
  }
}

/** How to reach the page; makes its certificate. */
async function pageText(
  { binaryName, clock, signal, reporter }: KubeCommandContext,
  kube: KubeClient,
  did: (what: string) => void,
): Promise<string> {
  const [{ certificateSecret, ensureCertificate, fingerprintOf }, { controllerName, PAGE_PORT }] =
    await Promise.all([
      import('../server/certificate/secret.ts'),
      import('../controller/installation/installation.ts'),
    ]);
  const { pair, became } = await ensureCertificate(kube, clock, { signal });
  const what = `Secret ${stateNamespace}/${certificateSecret} ${became === 'others' ? 'is not ours: used as it is' : became}`;
  did(what);
  reporter.info(what);
  const { context } = kube.cluster;
  return `
The page: kubectl --context ${context} -n ${stateNamespace} port-forward service/${controllerName} ${PAGE_PORT}
          and then https://localhost:${PAGE_PORT}
          The SHA-256 fingerprint of its certificate is
          ${fingerprintOf(pair)}
A user:   ${binaryName} users add NAME --role admin --context ${context}`;
}

export class InstallCommand extends RollOutCommand {
  static override paths = [['install']];
  static override usage = KubeCommand.Usage({
    description: 'Install a controller that carries out KRMSyncer resources, or change what is chosen of it.',
    details: `
      Makes namespace x8s-nsreplicate, the definition of KRMSyncers, a Deployment of two pods of which one leads, a
      ServiceAccount with its Roles, a Service, a PodDisruptionBudget, a NetworkPolicy and a certificate, and says what
      became of each and where the page is. What is not chosen any more is taken away again. Needs an administrator's rights.
    `,
    examples: [
      ['For two namespaces', '$0 install --namespaces team-a,team-b'],
      ['Look at what it makes', '$0 manifests --namespaces team-a,team-b'],
    ],
  });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    return this.rollOut(context, await this.chosen(context));
  }
}

export class UpgradeCommand extends RollOutCommand {
  static override paths = [['upgrade']];
  static override usage = KubeCommand.Usage({
    description:
      'Bring an installed controller to this version; what is chosen of it stays, unless flags say otherwise.',
    examples: [['To this version', '$0 upgrade']],
  });

  override async run(context: KubeCommandContext): Promise<Outcome> {
    const { installed } = await import('../controller/installation/install.ts');
    const kube = await context.kube();
    const before = await installed(kube, { signal: context.signal });
    if (!before)
      throw new X8sError(`no controller is installed in ${kube.cluster.context}`, {
        hint: `${context.binaryName} install makes one`,
      });
    return this.rollOut(context, await this.chosen(context, before));
  }
}
