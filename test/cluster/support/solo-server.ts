/**
 * An API server of one's own, with its etcd, on this machine's loopback and on memory: for tests that kill,
 * freeze, empty and restore it, and for benchmarks, without a word to the lab's clusters. No nodes.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { connect } from '../../../src/kube/connect/connect.ts';
import { binary } from '../../lab/binaries.ts';
import { eventually, HopelessError } from '../../support/eventually.ts';
import { freePort } from '../../support/free-port.ts';
import { slowness } from '../../support/slowness.ts';

type Part = 'etcd' | 'kube-apiserver' | 'kube-controller-manager';

export interface SoloOptions {
  /** Also run the controllers: namespaces can't be deleted without. */
  readonly controllers?: boolean;
  readonly apiServerFlags?: readonly string[];
  /** Writes an audit log of what comes to its end, by these rules of an audit policy. */
  readonly auditRules?: readonly object[];
}

/** An entry of an audit log (audit.k8s.io/v1, Event). */
export interface AuditEvent {
  readonly verb: string;
  readonly requestURI: string;
  readonly objectRef?: {
    readonly resource: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly responseStatus?: { readonly code: number };
  /** RFC 3339, with microseconds. */
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
}

const memory = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
const READY_MS = 120_000 * slowness();
/** What a new server makes by itself, a moment after it answers. */
const made = [
  '/api/v1/namespaces/kube-system',
  '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/system:discovery',
];

/** Starts a server and resolves when it answers. */
export async function startSolo(name: string, options: SoloOptions = {}): Promise<SoloServer> {
  const [etcd, peer, api] = await Promise.all([freePort(), freePort(), freePort()]);
  const solo = new SoloServer(name, { etcd, peer, api }, options);
  await solo.start();
  return solo;
}

export class SoloServer {
  /** Its context in its own kubeconfig. */
  readonly context: string;
  readonly kubeconfig: string;
  readonly url: string;
  readonly #dir: string;
  readonly #ports: { readonly etcd: number; readonly peer: number; readonly api: number };
  readonly #options: SoloOptions;
  readonly #token = randomBytes(16).toString('hex');
  /** Of a user who may do nothing, unless RBAC says so. */
  readonly workerToken = randomBytes(16).toString('hex');
  readonly #running = new Map<Part, ChildProcess>();
  readonly #clients: KubeClient[] = [];
  #flagsNow: readonly string[];

  constructor(name: string, ports: { etcd: number; peer: number; api: number }, options: SoloOptions) {
    this.context = name;
    this.#ports = ports;
    this.#options = options;
    this.#flagsNow = options.apiServerFlags ?? [];
    this.#dir = mkdtempSync(join(memory, `x8s-solo-${name}-`));
    this.kubeconfig = join(this.#dir, `${name}.yaml`);
    this.url = `https://127.0.0.1:${ports.api}`;
    this.#prepare();
  }

  /** Starts what does not run, and resolves when the server answers. */
  async start(): Promise<void> {
    for (const part of this.#parts) if (!this.#runs(part)) this.#spawn(part);
    await this.#ready();
  }

  /** A client with an administrator's rights, or those of somebody whom one acts as; closed with the server. */
  async client(as?: string): Promise<KubeClient> {
    const client = await connect({
      kubeconfig: this.kubeconfig,
      requestTimeoutMs: 10_000,
      ...(as !== undefined && { as }),
    });
    this.#clients.push(client);
    return client;
  }

  /** Ends parts without a word, all of them where none is named; resolves when they are gone. */
  async kill(...parts: Part[]): Promise<void> {
    const ended = (parts.length > 0 ? parts : this.#parts).map(async (part) => {
      const child = this.#running.get(part);
      if (!child || !this.#runs(part)) return;
      const gone = new Promise((resolve) => child.once('exit', resolve));
      this.#running.delete(part);
      child.kill('SIGCONT');
      child.kill('SIGKILL');
      await gone;
    });
    await Promise.all(ended);
  }

  /** The API server takes connections and says nothing, as behind a cut line. */
  freeze(): void {
    this.#running.get('kube-apiserver')?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#running.get('kube-apiserver')?.kill('SIGCONT');
  }

  /** Keeps what etcd has now. */
  snapshot(): void {
    // Stopped for some milliseconds, its files are what a crash would leave, and etcd starts from those.
    const etcd = this.#running.get('etcd');
    etcd?.kill('SIGSTOP');
    try {
      rmSync(join(this.#dir, 'snapshot'), { recursive: true, force: true });
      cpSync(join(this.#dir, 'etcd'), join(this.#dir, 'snapshot'), { recursive: true });
    } finally {
      etcd?.kill('SIGCONT');
    }
  }

  /** Puts back what was kept. */
  async restore(): Promise<void> {
    await this.kill();
    rmSync(join(this.#dir, 'etcd'), { recursive: true });
    cpSync(join(this.#dir, 'snapshot'), join(this.#dir, 'etcd'), { recursive: true });
    await this.start();
  }

  /** Comes back with nothing. */
  async empty(): Promise<void> {
    await this.kill();
    rmSync(join(this.#dir, 'etcd'), { recursive: true });
    await this.start();
  }

  /** What its users asked of it so far, in the order in which they got their answers; as `auditRules` let it be noted. */
  audited(): AuditEvent[] {
    return readFileSync(this.#file('audit.log'), 'utf8')
      .split('\n')
      .flatMap((line) => (line.endsWith('}') ? [JSON.parse(line) as AuditEvent] : []));
  }

  /** Forgets the history: watches from before expire. */
  async compact(): Promise<void> {
    const { header } = await this.#askEtcd('/v3/kv/range', { key: 'AA==' });
    await this.#askEtcd('/v3/kv/compaction', { revision: header?.revision, physical: true });
  }

  /** Starts the API server anew, with more flags. */
  async restartWith(...flags: string[]): Promise<void> {
    this.#flagsNow = flags;
    await this.kill('kube-apiserver');
    await this.start();
  }

  /**
   * Writes ConfigMaps into etcd, past the API server, which then serves them as its own: thousands in a second,
   * with metadata that it would let nobody choose.
   */
  async seed(objects: readonly KubeObject[]): Promise<void> {
    const base64 = (text: string) => Buffer.from(text).toString('base64');
    const atOnce = 100;
    for (let from = 0; from < objects.length; from += atOnce) {
      const success = objects.slice(from, from + atOnce).map((object) => {
        const { namespace, name } = object.metadata;
        const key = base64(`/registry/configmaps/${namespace}/${name}`);
        return { requestPut: { key, value: base64(JSON.stringify(object)) } };
      });
      await this.#askEtcd('/v3/kv/txn', { success });
    }
  }

  async #askEtcd(path: string, body: object): Promise<{ header?: { revision?: string } }> {
    const url = `http://127.0.0.1:${this.#ports.etcd}${path}`;
    const answer = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`etcd: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as { header?: { revision?: string } };
  }

  /** Ends it and leaves nothing. */
  async remove(): Promise<void> {
    await Promise.allSettled(this.#clients.map((client) => client.close()));
    await this.kill();
    rmSync(this.#dir, { recursive: true, force: true });
  }

  get #parts(): Part[] {
    return [
      'etcd',
      'kube-apiserver',
      ...(this.#options.controllers ? (['kube-controller-manager'] as const) : []),
    ];
  }

  #prepare(): void {
    const { privateKey, publicKey } = generateKeyPairSync('ec', {
      namedCurve: 'P-256',
      privateKeyEncoding: { type: 'sec1', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    });
    mkdirSync(join(this.#dir, 'pki'));
    this.#write('sa.key', privateKey);
    this.#write('sa.pub', publicKey);
    const users = [
      `${this.#token},solo-admin,solo-admin,system:masters`,
      `${this.workerToken},solo-worker,solo-worker`,
    ];
    if (this.#options.auditRules)
      this.#write('audit-policy.json', this.#auditPolicy(this.#options.auditRules));
    this.#write('tokens.csv', `${users.join('\n')}\n`);
    writeFileSync(this.kubeconfig, this.kubeconfigFor({ token: this.#token }), { mode: 0o600 });
  }

  #auditPolicy(rules: readonly object[]): string {
    return JSON.stringify({
      apiVersion: 'audit.k8s.io/v1',
      kind: 'Policy',
      omitStages: ['RequestReceived', 'ResponseStarted'],
      rules,
    });
  }

  /** A kubeconfig of this server for somebody else. */
  kubeconfigFor(user: object): string {
    const cluster = { server: this.url, 'insecure-skip-tls-verify': true };
    const entries = { clusters: [{ name: this.context, cluster }], users: [{ name: 'user', user }] };
    const context = { name: this.context, context: { cluster: this.context, user: 'user' } };
    return JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': this.context,
      ...entries,
      contexts: [context],
    });
  }

  #write(file: string, text: string): void {
    writeFileSync(this.#file(file), text, { mode: 0o600 });
  }

  #file(name: string): string {
    return join(this.#dir, name);
  }

  #spawn(part: Part): void {
    const log = this.#file(`${part}.log`);
    const child = spawn(
      '/bin/sh',
      // Nobody else would end them where this process is killed.
      ['-c', `exec setpriv --pdeathsig KILL "$0" "$@" >>'${log}' 2>&1`, binary(part), ...this.#flags(part)],
      { stdio: 'ignore' },
    );
    this.#running.set(part, child);
  }

  #flags(part: Part): string[] {
    const { etcd, peer, api } = this.#ports;
    const [clientUrl, peerUrl] = [`http://127.0.0.1:${etcd}`, `http://127.0.0.1:${peer}`];
    if (part === 'etcd')
      return [
        `--data-dir=${this.#file('etcd')}`,
        `--listen-client-urls=${clientUrl}`,
        `--advertise-client-urls=${clientUrl}`,
        `--listen-peer-urls=${peerUrl}`,
        `--initial-advertise-peer-urls=${peerUrl}`,
        `--initial-cluster=default=${peerUrl}`,
        '--unsafe-no-fsync',
        '--log-level=warn',
      ];
    if (part === 'kube-apiserver')
      return [
        `--etcd-servers=${clientUrl}`,
        '--bind-address=127.0.0.1',
        '--advertise-address=127.0.0.1',
        '--endpoint-reconciler-type=none',
        `--secure-port=${api}`,
        `--cert-dir=${this.#file('pki')}`,
        `--token-auth-file=${this.#file('tokens.csv')}`,
        '--authorization-mode=RBAC',
        '--service-cluster-ip-range=10.123.0.0/16',
        '--service-account-issuer=https://solo',
        `--service-account-key-file=${this.#file('sa.pub')}`,
        `--service-account-signing-key-file=${this.#file('sa.key')}`,
        // Without controllers there is no ServiceAccount that pods could be given.
        '--disable-admission-plugins=ServiceAccount',
        '--profiling=false',
        ...(this.#options.auditRules
          ? [
              `--audit-policy-file=${this.#file('audit-policy.json')}`,
              `--audit-log-path=${this.#file('audit.log')}`,
              // Each entry is written before its answer is sent.
              '--audit-log-mode=blocking',
            ]
          : []),
        ...this.#flagsNow,
      ];
    return [
      `--kubeconfig=${this.kubeconfig}`,
      `--service-account-private-key-file=${this.#file('sa.key')}`,
      '--leader-elect=false',
      '--bind-address=127.0.0.1',
      '--secure-port=0',
      '--controllers=namespace-controller,garbage-collector-controller,deployment-controller,replicaset-controller',
    ];
  }

  async #ready(): Promise<void> {
    const client = await this.client();
    await eventually(async () => {
      const ended = this.#parts.find((part) => !this.#runs(part));
      if (ended) throw new HopelessError(`${ended} ended:\n${this.#logTail(ended)}`);
      try {
        await Promise.all(made.map((path) => client.request({ method: 'GET', path, timeoutMs: 5000 })));
      } catch (cause) {
        const log = this.#logTail('kube-apiserver');
        throw new Error(`${this.context} is not ready:\n${log}`, { cause });
      }
    }, READY_MS);
  }

  /** Controllers end by themselves where their API server is away for long. */
  #runs(part: Part): boolean {
    const child = this.#running.get(part);
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  #logTail(part: Part): string {
    return readFileSync(this.#file(`${part}.log`), 'utf8').slice(-2000);
  }
}
