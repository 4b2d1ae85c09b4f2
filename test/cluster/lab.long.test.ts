/** What the lab promises to all other tests. It is the lab's own test, so it needs the lab. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { processesOf } from '../lab/groups.ts';
import { ensureUp, fillClaim, imageNames, pathOfClaim, unfillClaim } from '../lab/index.ts';
import { allDaemons } from '../lab/up.ts';
import { eventually, eventuallySees } from '../support/eventually.ts';
import { apply, get } from './support/clients.ts';
import { contextA, contextB, isLab, kubeconfig } from './support/contexts.ts';
import { environment, kubectl } from './support/kubectl.ts';
import { must, run, start } from './support/process.ts';
import { Scene } from './support/scene.ts';

const lab = isLab ? describe : describe.skip;

interface Volume {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly local?: { readonly path: string }; readonly nodeAffinity?: object };
}

interface PodOptions {
  readonly image?: string;
  readonly labels?: Record<string, string>;
  readonly node?: string;
  readonly claim?: string;
  readonly command?: readonly string[];
}

/** Answers every connection with who it came from. */
const server = [
  'perl',
  '-MIO::Socket',
  '-e',
  '$s=IO::Socket::INET->new(Listen=>9,LocalPort=>8080,ReuseAddr=>1);while($c=$s->accept){print $c "hello ".$c->peerhost."\\n";close $c}',
];

function podObject(name: string, options: PodOptions): object {
  const {
    image = imageNames.plain,
    labels = { app: name },
    node,
    claim,
    command = ['sleep', 'inf'],
  } = options;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels },
    spec: {
      terminationGracePeriodSeconds: 0,
      ...(node && { nodeSelector: { 'kubernetes.io/hostname': node } }),
      containers: [
        { name: 'main', image, command, ...(claim && { volumeMounts: [{ name: 'v', mountPath: '/data' }] }) },
      ],
      ...(claim && { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: claim } }] }),
    },
  };
}

lab('the lab', () => {
  let scene: Scene;
  const pod = (context: string, name: string, options: PodOptions = {}): Promise<void> =>
    apply(context, scene.namespace, podObject(name, options));
  const ready = (context: string, name: string): Promise<string> =>
    kubectl(context, [
      '-n',
      scene.namespace,
      'wait',
      '--for=condition=Ready',
      '--timeout=180s',
      `pod/${name}`,
    ]);
  /** What a TCP connection from within a pod gets, and whether it got anything. */
  const connect = async (context: string, name: string, host: string, port: number): Promise<string> => {
    const script = `exec 3<>/dev/tcp/${host}/${port} && head -1 <&3`;
    const args = ['-n', scene.namespace, 'exec', name, '--', 'timeout', '2', 'bash', '-c', script];
    const { stdout } = await run('kubectl', ['--context', context, ...args], { env: environment });
    return stdout;
  };

  beforeAll(async () => {
    await ensureUp();
    scene = await Scene.open('lab');
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web' },
      spec: { type: 'LoadBalancer', selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
    };
    for (const context of [contextA, contextB]) {
      await apply(context, scene.namespace, service);
      await pod(context, 'web', { command: server });
      await pod(context, 'shell');
    }
    for (const context of [contextA, contextB])
      for (const name of ['web', 'shell']) await ready(context, name);
  });
  afterAll(async () => {
    await scene?.close();
  });

  test('a running lab is reused as it is, and kubeconfig prints a path and nothing else', async () => {
    const servers = () => allDaemons().map(({ name }) => [name, Math.min(...processesOf(name))]);
    const before = servers();
    await must('npm', ['run', '-s', 'lab', '--', 'up']);
    expect(servers()).toEqual(before);
    expect(await must('npm', ['run', '-s', 'lab', '--', 'kubeconfig'])).toBe(`${kubeconfig}\n`);
  });

  test('cluster a has two nodes, cluster b one', async () => {
    const names = (context: string) => kubectl(context, ['get', 'nodes', '-o', 'name']);
    expect((await names(contextA)).trim().split('\n')).toHaveLength(2);
    expect((await names(contextB)).trim().split('\n')).toHaveLength(1);
  });

  test('the default class waits for a consumer, and its volume ties pods to one node', async () => {
    await scene.claim(contextA, 'tied');
    await pod(contextA, 'first', { claim: 'tied', node: 'lab-a-2' });
    await ready(contextA, 'first');
    const volume = (await get<Volume>(contextA, scene.namespace, 'pv')).find((v) =>
      v.spec.local?.path.includes('lab-a-2'),
    );
    expect(JSON.stringify(volume?.spec.nodeAffinity)).toContain('lab-a-2');
    await pod(contextA, 'second', { claim: 'tied', node: 'lab-a-1' });
    const scheduled = '--for=jsonpath={.status.conditions[?(@.type=="PodScheduled")].reason}=Unschedulable';
    await kubectl(contextA, ['-n', scene.namespace, 'wait', scheduled, '--timeout=180s', 'pod/second']);
  });

  test('a tmpfs claim is as large as it asks for, and can be filled to the byte and to the file', async () => {
    const annotations = { 'lab.x8s.dev/inodes': '100' };
    await apply(contextB, scene.namespace, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'small', annotations },
      spec: {
        storageClassName: 'tmpfs',
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: '16Mi' } },
      },
    });
    const ref = { cluster: contextB, namespace: scene.namespace, claim: 'small' };
    const write = (size: string) =>
      scene.shell(contextB, 'small', `trap 'rm /data/x' EXIT; head -c ${size} /dev/zero > /data/x`);
    await write('15M');
    await expect(write('17M')).rejects.toThrow('No space left');
    await fillClaim(ref, { leave: 1024 ** 2 });
    await expect(write('2M')).rejects.toThrow('No space left');
    await unfillClaim(ref);
    await write('15M');
    await fillClaim(ref, { leaveInodes: 5 });
    await expect(scene.shell(contextB, 'small', 'touch /data/{1..9}')).rejects.toThrow('No space left');
  });

  test('a deleted claim leaves neither a volume nor a folder', async () => {
    await scene.claim(contextB, 'brief', { storageClass: 'immediate' });
    const bound = '--for=jsonpath={.status.phase}=Bound';
    await kubectl(contextB, ['-n', scene.namespace, 'wait', bound, 'pvc/brief']);
    const path = await pathOfClaim({ cluster: contextB, namespace: scene.namespace, claim: 'brief' });
    const name = path.split('/').at(-1) ?? '';
    await kubectl(contextB, ['-n', scene.namespace, 'delete', 'pvc', 'brief']);
    await kubectl(contextB, ['wait', '--for=delete', '--timeout=180s', `pv/${name}`]);
    expect(() => readFileSync(path)).toThrow('ENOENT');
  });

  test("pods reach the other cluster's NodePorts and load balancers, and their own services by name", async () => {
    for (const [from, to] of [
      [contextA, contextB],
      [contextB, contextA],
    ] as const) {
      const path = 'jsonpath={.spec.ports[0].nodePort} {.status.loadBalancer.ingress[0].ip}';
      const [port, balancer = ''] = (
        await kubectl(to, ['-n', scene.namespace, 'get', 'svc', 'web', '-o', path])
      ).split(' ');
      const [node] = (
        await kubectl(to, ['get', 'nodes', '-o', 'jsonpath={.items[*].status.addresses[0].address}'])
      ).split(' ');
      expect(await connect(from, 'shell', node ?? '', Number(port))).toMatch(/^hello/);
      expect(await connect(from, 'shell', balancer, 80)).toMatch(/^hello/);
      expect(await connect(from, 'shell', 'web', 80)).toMatch(/^hello 10\./);
    }
  });

  test('network policies are enforced, from the first moment of a pod', async () => {
    const closed = await Scene.open('policy');
    const policy = (name: string, spec: object) =>
      apply(contextA, closed.namespace, {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { name },
        spec,
      });
    const target = (
      await kubectl(contextA, ['-n', scene.namespace, 'get', 'pod', 'web', '-o', 'jsonpath={.status.podIP}'])
    ).trim();
    try {
      await policy('deny', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
      const attempt = `timeout 0.2 bash -c 'exec 3<>/dev/tcp/${target}/8080' && echo open || echo closed`;
      const command = ['bash', '-c', `for i in 1 2 3 4 5; do ${attempt}; done; sleep inf`];
      await apply(contextA, closed.namespace, podObject('early', { command }));
      const log = () => kubectl(contextA, ['-n', closed.namespace, 'logs', 'early']).catch(() => '');
      const early = await eventuallySees(log, (text) => /(\w+\n){5}/.test(text));
      expect(early).toBe('closed\n'.repeat(5));
      await policy('allow', {
        podSelector: { matchLabels: { app: 'early' } },
        policyTypes: ['Egress'],
        egress: [
          {
            to: [
              {
                namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': scene.namespace } },
                podSelector: { matchLabels: { app: 'web' } },
              },
            ],
            ports: [{ port: 8080 }],
          },
        ],
      });
      const script = `exec 3<>/dev/tcp/${target}/8080 && head -1 <&3`;
      const args = ['-n', closed.namespace, 'exec', 'early', '--', 'timeout', '2', 'bash', '-c', script];
      await eventually(async () => expect(await kubectl(contextA, args)).toMatch(/^hello/));
    } finally {
      await closed.close();
    }
  });

  test('exec, logs, port-forward and ephemeral containers work', async () => {
    const at = ['--context', contextB, '-n', scene.namespace];
    expect(
      await must('kubectl', [...at, 'exec', '-i', 'shell', '--', 'cat'], { env: environment, input: 'ping' }),
    ).toBe('ping');
    const forward = start('kubectl', [...at, 'port-forward', 'pod/web', ':8080'], { env: environment });
    try {
      await forward.saw(/127\.0\.0\.1:\d+/);
      const [, port] = /127\.0\.0\.1:(\d+)/.exec(forward.output.stdout) ?? [];
      expect(await must('bash', ['-c', `exec 3<>/dev/tcp/127.0.0.1/${port} && head -1 <&3`])).toMatch(
        /^hello/,
      );
    } finally {
      forward.child.kill();
    }
    const script = 'ls /proc/1/root/bin/bash && echo seen';
    const debug = [
      'debug',
      'shell',
      '-i',
      '--profile=general',
      '--target=main',
      `--image=${imageNames.plain}`,
      '-c',
      'eye',
    ];
    await must('kubectl', [...at, ...debug, '--', 'sh', '-c', script], { env: environment });
    const logs = ['-n', scene.namespace, 'logs', 'shell', '-c', 'eye'];
    await eventually(async () => expect(await kubectl(contextB, logs)).toContain('seen'));
  });

  test('an image of one static file runs, and an image that is nowhere fails at once', async () => {
    await pod(contextB, 'static', { image: imageNames.static, command: ['/static'] });
    await pod(contextB, 'nowhere', { image: 'x8s.dev/nowhere:1' });
    await ready(contextB, 'static');
    const failed = '--for=jsonpath={.status.containerStatuses[0].state.waiting.reason}';
    await kubectl(contextB, [
      '-n',
      scene.namespace,
      'wait',
      `${failed}=ErrImagePull`,
      '--timeout=15s',
      'pod/nowhere',
    ]);
  });

  test('Pod Security admission refuses what a namespace does not allow', async () => {
    const strict = await Scene.open('strict', { 'pod-security.kubernetes.io/enforce': 'restricted' });
    try {
      await expect(apply(contextA, strict.namespace, podObject('root', {}))).rejects.toThrow(
        /violates PodSecurity/,
      );
    } finally {
      await strict.close();
    }
  });

  test('API servers reach admission webhooks on the workstation', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'x8s-webhook-'));
    const [cert, key] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
    const subject = ['-subj', '/CN=webhook', '-addext', 'subjectAltName=IP:10.89.0.1'];
    await must('openssl', [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '1',
      ...subject,
      '-keyout',
      key,
      '-out',
      cert,
    ]);
    const webhook = createServer(
      { cert: readFileSync(cert), key: readFileSync(key) },
      (request, response) => {
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk));
        request.on('end', () => {
          const { request: asked } = JSON.parse(Buffer.concat(chunks).toString()) as {
            request: { uid: string };
          };
          const answer = { uid: asked.uid, allowed: false, status: { message: 'the webhook says no' } };
          response.end(
            JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: answer }),
          );
        });
      },
    );
    await new Promise<void>((resolve) => webhook.listen(0, '10.89.0.1', resolve));
    const { port } = webhook.address() as { port: number };
    const name = scene.namespace;
    try {
      await apply(contextA, 'default', {
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: 'ValidatingWebhookConfiguration',
        metadata: { name },
        webhooks: [
          {
            name: 'no.lab.x8s.dev',
            clientConfig: {
              url: `https://10.89.0.1:${port}/`,
              caBundle: readFileSync(cert).toString('base64'),
            },
            namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } },
            rules: [
              { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] },
            ],
            sideEffects: 'None',
            admissionReviewVersions: ['v1'],
          },
        ],
      });
      const create = () =>
        kubectl(contextA, ['-n', name, 'create', 'configmap', 'x', '--dry-run=server']).catch(
          (error: unknown) => String(error),
        );
      await eventually(async () => expect(await create()).toMatch(/the webhook says no/));
    } finally {
      await kubectl(contextA, ['delete', 'validatingwebhookconfiguration', name]);
      webhook.close();
      rmSync(folder, { recursive: true });
    }
  });
});
