/** What x8sync is compared with: one plain `rsync -a` over ssh between two pods, with the same cipher. */
import { randomBytes } from 'node:crypto';
import { apply, get } from '../cluster/support/clients.ts';
import { contextA, contextB } from '../cluster/support/contexts.ts';
import { kubectl } from '../cluster/support/kubectl.ts';
import type { Scene } from '../cluster/support/scene.ts';
import { imageNames } from '../lab/index.ts';

const cipher = 'aes128-gcm@openssh.com';
const key = '/tmp/key';

const serve = `
  ssh-keygen -q -t ed25519 -N '' -f /tmp/host
  mkdir -p /run/sshd /root/.ssh
  touch /root/.ssh/authorized_keys
  exec /usr/sbin/sshd -D -p 2222 -h /tmp/host -o UsePAM=no -o PermitRootLogin=yes -o StrictModes=no
`;

/** A pair of pods that stand ready; the claims stay mounted in them. */
export class PlainRsync {
  readonly #scene: Scene;
  readonly #name = `plain-${randomBytes(3).toString('hex')}`;
  #ssh = '';

  private constructor(scene: Scene) {
    this.#scene = scene;
  }

  static async open(scene: Scene, source: string, target: string): Promise<PlainRsync> {
    const plain = new PlainRsync(scene);
    await plain.#start(source, target);
    return plain;
  }

  /** Copies; resolves with the seconds that rsync itself took. */
  async copy(): Promise<number> {
    const script = `
      begun=$EPOCHREALTIME
      rsync -a -e '${this.#ssh}' root@source:/data/ /data/
      echo "$begun $EPOCHREALTIME"`;
    const [begun = 0, ended = 0] = (await this.#atTarget(script)).trim().split(' ').map(Number);
    return ended - begun;
  }

  /** Empties the target. */
  async empty(): Promise<void> {
    await this.#atTarget('find /data -mindepth 1 -delete');
  }

  /** Computes the digests of all files on both sides at once. */
  async sums(): Promise<void> {
    const script = 'find /data -type f -print0 | xargs -0 sha256sum | tail -n 1';
    const at = (context: string) =>
      kubectl(context, ['-n', this.#scene.namespace, 'exec', this.#name, '--', 'bash', '-c', script]);
    await Promise.all([at(contextA), at(contextB)]);
  }

  async #start(source: string, target: string): Promise<void> {
    const { namespace } = this.#scene;
    const labels = { app: this.#name };
    const ports = [{ port: 2222 }];
    const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: this.#name } };
    await apply(contextA, namespace, pod(this.#name, labels, source, serve), {
      ...service,
      spec: { type: 'NodePort', selector: labels, ports },
    });
    await apply(contextB, namespace, pod(this.#name, labels, target, 'sleep infinity'));
    const ready = ['-n', namespace, 'wait', '--for=condition=Ready', '--timeout=60s', `pod/${this.#name}`];
    await Promise.all([kubectl(contextA, ready), kubectl(contextB, ready)]);
    await this.#connect();
  }

  async #connect(): Promise<void> {
    const publicKey = await this.#atTarget(`ssh-keygen -q -t ed25519 -N '' -f ${key} && cat ${key}.pub`);
    const { namespace } = this.#scene;
    const authorize = `echo '${publicKey.trim()}' > /root/.ssh/authorized_keys`;
    await kubectl(contextA, ['-n', namespace, 'exec', this.#name, '--', 'bash', '-c', authorize]);
    type ServiceObject = { metadata: { name: string }; spec: { ports: { nodePort: number }[] } };
    const services = await get<ServiceObject>(contextA, namespace, 'services');
    const port = services.find(({ metadata }) => metadata.name === this.#name)?.spec.ports[0]?.nodePort;
    const nodes = await get<{ status: { addresses: { type: string; address: string }[] } }>(
      contextA,
      namespace,
      'nodes',
    );
    const host = nodes[0]?.status.addresses.find(({ type }) => type === 'InternalIP')?.address;
    const options = `-i ${key} -c ${cipher} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR`;
    this.#ssh = `ssh ${options} -p ${port} -o HostName=${host}`;
    await this.#atTarget(
      `for try in $(seq 100); do ${this.#ssh} -o ConnectTimeout=5 root@source true && exit; sleep 0.3; done; exit 1`,
    );
  }

  #atTarget(script: string): Promise<string> {
    return kubectl(contextB, ['-n', this.#scene.namespace, 'exec', this.#name, '--', 'bash', '-euc', script]);
  }
}

function pod(name: string, labels: object, claim: string, script: string): object {
  const volumes = [{ name: 'data', persistentVolumeClaim: { claimName: claim } }];
  const volumeMounts = [{ name: 'data', mountPath: '/data' }];
  const container = {
    name: 'plain',
    image: imageNames.plain,
    command: ['bash', '-euc', script],
    volumeMounts,
  };
  const spec = { containers: [container], volumes, terminationGracePeriodSeconds: 1 };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, labels }, spec };
}
