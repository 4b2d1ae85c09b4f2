/** `controller`: carries out KRMSyncer resources, on a workstation or in a pod. */

import { KubeCommand, type KubeCommandContext } from '../../../src/cli/kube-command.ts';
import { option } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/output.ts';
import { namespaceNames } from '../../../src/cli/providers.ts';
import { ControllerWork } from '../controller/work-now.ts';
import { checkServiceFlags, serve } from './base/service.ts';
import {
  insecureListenOption,
  listenOption,
  metricsAuthOption,
  ownCertificateOption,
  tlsCertOption,
  tlsKeyOption,
} from './base/service-options.ts';

export class ControllerCommand extends KubeCommand {
  static override paths = [['controller']];
  static override usage = KubeCommand.Usage({
    description:
      'Carry out the KRMSyncer resources of a cluster: what they ask for is copied while this runs.',
    details: `
      Makes the definition of KRMSyncers where there is none. Resources of all namespaces are carried out, with -n
      those of one. A second instance stands by and takes over. A resource without a ServiceAccount reads its own
      namespace only, and no Secrets; the flags below grant more. With --listen, every instance serves the page.
    `,
    examples: [
      ['On a workstation', '$0 controller'],
      [
        'With the rights of ServiceAccounts that resources name',
        '$0 controller --token-namespaces team-a,team-b',
      ],
    ],
  });
  trustedNamespaces = option.list('--trusted-namespaces', {
    value: 'NAMES',
    description: "Namespaces, also as globs, whose KRMSyncers use the controller's own rights.",
    complete: namespaceNames,
  });
  tokenNamespaces = option.list('--token-namespaces', {
    value: 'NAMES',
    description:
      'Namespaces, also as globs, whose KRMSyncers may name one of their ServiceAccounts and use its rights.',
    complete: namespaceNames,
  });
  innerCidrs = option.list('--inner-cidrs', {
    value: 'CIDRS',
    description:
      'Further addresses of this cluster to which kubeconfigs of KRMSyncers may not lead, as of pods whose network has ranges of its own.',
  });

  mostObjects = option.integer('--most-objects', {
    description:
      'A KRMSyncer one of whose clusters shows more objects of its rules than this is refused: all share the memory of this process. Default: 200000.',
    default: 200_000,
    min: 1,
  });

  health = option.text('--health', {
    value: 'HOST:PORT',
    description: 'Answer /healthz and /readyz there, for a kubelet; :8081 is all addresses.',
  });

  pod = option.text('--pod', {
    value: 'NAME',
    description:
      'The pod in which it runs, in namespace x8s-nsreplicate: it bears the label x8s.dev/leads=true while it leads, by which a Service finds it.',
  });

  listen = listenOption();
  tlsCert = tlsCertOption();
  tlsKey = tlsKeyOption();
  ownCertificate = ownCertificateOption();
  insecureListen = insecureListenOption();
  metricsAuth = metricsAuthOption();

  override async run(context: KubeCommandContext): Promise<Outcome> {
    checkServiceFlags(this);
    const [{ runController }, { ensureDefinition }] = await Promise.all([
      import('../controller/controller.ts'),
      import('../controller/installation/ensure-crd.ts'),
    ]);
    const { clock, signal, reporter, plugin } = context;
    const info = (text: string) => reporter.info(text);
    const warn = (text: string) => reporter.warn(text);
    const work = new ControllerWork();
    let isReady = false;
    const health = await this.#serveHealth(() => isReady);
    let service: Awaited<ReturnType<typeof serve>>;
    try {
      const own = await context.kube();
      await ensureDefinition(own, { info, warn }, { signal });
      const ownServer = new URL(own.cluster.server).origin;
      const serving = {
        state: own,
        tasks: () => work.tasks,
        watchRestarts: () => work.watchRestarts,
        serverName: (origin: string) => (origin === ownServer ? origin : 'remote'),
      };
      service = await serve(this, serving, context);
      await service?.listed;
      return await runController({
        own,
        namespace: this.namespace,
        pod: this.pod,
        work,
        metersOf: (task) => service?.metrics.metersOf(task),
        taskEnded: (task) => void service?.metrics.forget(task),
        policy: { trusted: this.trustedNamespaces, tokens: this.tokenNamespaces },
        mostObjects: this.mostObjects,
        innerCidrs: this.innerCidrs,
        requestTimeoutMs: this.requestTimeout,
        userAgent: `kubectl-${plugin.name}/v${plugin.version}`,
        clock,
        signal,
        ready: () => {
          isReady = true;
        },
        info,
        warn,
      });
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw error;
    } finally {
      await service?.close();
      await health?.close();
    }
  }

  async #serveHealth(isReady: () => boolean) {
    if (this.health === undefined) return undefined;
    const [{ parseListen }, { serveHealth }] = await Promise.all([
      import('../server/http/address.ts'),
      import('../controller/leading/health.ts'),
    ]);
    const { host, port } = parseListen(this.health, '--health');
    return serveHealth({ host: host === '' ? undefined : host, port }, isReady);
  }
}
