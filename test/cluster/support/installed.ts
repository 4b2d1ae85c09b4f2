/** A controller that `install` makes, in the second cluster, and what is asked of its pods. */
import { randomBytes } from 'node:crypto';
import { expect } from '@jest/globals';
import { taskName } from '../../../plugins/nsreplicate/controller/resource/task-names.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { leases, pods, secrets } from '../../../src/kube/api/resources.ts';
import { eventually } from '../../support/eventually.ts';
import { contextA, contextB } from './contexts.ts';
import { environment, kubectl, kubectlBinary, plugin, pluginProgram } from './kubectl.ts';
import { Pair, stateNamespace } from './nsreplicate.ts';
import { type Ended, start } from './process.ts';
import { ServiceClient } from './service-client.ts';
import { syncerObject } from './syncers.ts';

/** Another image than the one of this version, where one runs such a file by hand. */
const image = process.env.NSREPLICATE_IMAGE === undefined ? [] : ['--image', process.env.NSREPLICATE_IMAGE];
const labelSelector = 'app.kubernetes.io/name=nsreplicate-controller';

export class Installed {
  readonly pair: Pair;
  /** A second namespace of the cluster that it is installed in. */
  readonly other: string;
  /** The task of the KRMSyncer that is made by {@link addSyncer}. */
  readonly task: string;
  readonly user = `install-${randomBytes(3).toString('hex')}`;
  readonly password = 'correct horse battery';
  readonly #open: (() => unknown)[] = [];

  private constructor(pair: Pair, other: string) {
    this.pair = pair;
    this.other = other;
    this.task = taskName(pair.namespace, 'installed');
    pair.alsoTask(this.task);
  }

  /** Makes both namespaces, and installs nothing yet. */
  static async open(purpose: string): Promise<Installed> {
    const pair = await Pair.open(purpose, { primary: contextB, replica: contextA });
    return new Installed(pair, await pair.addNamespace('other'));
  }

  async close(): Promise<void> {
    for (const close of this.#open) await close();
    for (const name of [this.user, `${this.user}-scraper`]) await this.users(['remove', name]);
    await this.run('uninstall', '--yes');
    await this.pair.close();
  }

  run(command: string, ...args: string[]): Promise<Ended> {
    const chosen =
      ['install', 'upgrade', 'manifests'].includes(command) && !args.includes('--image') ? image : [];
    return plugin('nsreplicate', [command, ...chosen, ...args, '--context', contextB]);
  }

  async good(command: string, ...args: string[]): Promise<Ended> {
    const ended = await this.run(command, ...args);
    expect(`${ended.code} ${ended.code === 0 ? '' : ended.stderr}`).toBe('0 ');
    return ended;
  }

  /** kubectl in the namespace of the KRMSyncer. */
  here(...args: string[]): Promise<string> {
    return kubectl(contextB, ['-n', this.pair.namespace, ...args]);
  }

  users(args: readonly string[], input = ''): Promise<Ended> {
    return start(pluginProgram('nsreplicate'), ['users', ...args, '--context', contextB], {
      env: environment,
      input,
    }).ended;
  }

  /** A KRMSyncer of all ConfigMaps of the namespace, into the first cluster. */
  async addSyncer(): Promise<void> {
    const kubeconfig = await kubectl(contextA, [
      ...['config', 'view', '--context', contextA],
      ...['--minify', '--flatten'],
    ]);
    await this.here('create', 'secret', 'generic', 'destination', `--from-literal=kubeconfig=${kubeconfig}`);
    const resource = syncerObject(this.pair.namespace, 'installed', {
      destination: { clusterConfig: { kubeConfigSecretRef: { name: 'destination' } } },
      rules: [{ group: '', version: 'v1', kind: 'ConfigMap' }],
    });
    await kubectl(contextB, ['-n', this.pair.namespace, 'apply', '-f', '-'], JSON.stringify(resource));
  }

  arrives(name: string): Promise<KubeObject> {
    return eventually(() => this.pair.copyOf('configmaps', name));
  }

  async controllers() {
    return (await this.pair.from.list(pods, { namespace: stateNamespace, labelSelector })).items;
  }

  /** Those that are not told to end: one of them may be there for a while yet. */
  async staying() {
    return (await this.controllers()).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  }

  async leader(): Promise<string> {
    const lease = await this.pair.from.get(leases, {
      namespace: stateNamespace,
      name: 'nsreplicate-krm-controller-lease',
    });
    return /@(\S+)/.exec(lease.spec?.holderIdentity ?? '')?.[1] ?? '';
  }

  /** The Service leads to the pod that leads, and to no other. */
  isServed(): Promise<void> {
    return eventually(async () => {
      const name = await this.leader();
      const pod = (await this.controllers()).find(({ metadata }) => metadata.name === name);
      const slices = await kubectl(contextB, [
        ...['-n', stateNamespace, 'get', 'endpointslices', '-o', 'json'],
        ...['-l', 'kubernetes.io/service-name=nsreplicate-controller'],
      ]);
      const { items } = JSON.parse(slices) as { items: { endpoints: { addresses: string[] }[] | null }[] };
      const led = items.flatMap(({ endpoints }) => (endpoints ?? []).flatMap(({ addresses }) => addresses));
      expect(led).toEqual([pod?.status?.podIP]);
    });
  }

  async certificateNow(): Promise<string> {
    const place = { namespace: stateNamespace, name: 'nsreplicate-controller-tls' };
    const { data = {} } = await this.pair.from.get(secrets, place);
    return Buffer.from(data['tls.crt'] ?? '', 'base64').toString();
  }

  /** A client of the page of a pod or of the Service, as a person reaches it; it trusts the certificate that is kept in the cluster. */
  async forwarded(what: string): Promise<ServiceClient> {
    const args = ['--context', contextB, '-n', stateNamespace, 'port-forward', what, ':8080'];
    const forward = start(kubectlBinary, args, { env: environment });
    this.#open.push(() => forward.child.kill('SIGTERM'));
    await forward.saw('Forwarding from 127.0.0.1:');
    const [, port] = /127\.0\.0\.1:(\d+)/.exec(forward.output.stdout) ?? [];
    const client = await ServiceClient.open(`https://localhost:${port}`, await this.certificateNow());
    this.#open.push(() => client.close());
    return client;
  }
}
