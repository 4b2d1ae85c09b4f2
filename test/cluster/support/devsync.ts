/** A workstation of its own, pods of many kinds, and kubectl devsync as a person calls it. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { contextA } from './contexts.ts';
import { apply, kubectl, plugin, startPlugin } from './kubectl.ts';
import type { Ended, Running } from './process.ts';

export const images = {
  plain: 'x8s.dev/test/plain:1',
  still: 'x8s.dev/test/static:1',
  node: `x8s.dev/agent:${JSON.parse(readFileSync(join(import.meta.dirname, '../../../package.json'), 'utf8')).version}`,
};

export const forever = ['sh', '-c', 'mkdir -p /work 2>/dev/null; exec sleep infinity'];
export const nodeForever = ['node', '-e', 'setInterval(()=>{},1e9)'];

/** What `get -o json` tells of one sync. */
export interface Seen {
  readonly state: {
    readonly phase: string;
    readonly message: string;
    readonly pod: string;
    readonly way: string;
    readonly files: number;
    readonly conflicts: readonly { readonly path: string }[];
    readonly problems: readonly { readonly path: string; readonly problem: string }[];
  } | null;
}

export class Workplace {
  readonly namespace: string;
  readonly base = mkdtempSync(join(tmpdir(), 'devsync-cluster-'));
  readonly local = join(this.base, 'local');
  #watch: Running | undefined;
  /** What a watch said that ended by itself. */
  #ended: string | undefined;

  constructor(namespace: string) {
    this.namespace = namespace;
    mkdirSync(this.local);
  }

  /** Writes a file here. */
  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.local, path)), { recursive: true });
    writeFileSync(join(this.local, path), text);
  }

  read(path: string): string {
    return readFileSync(join(this.local, path), 'utf8');
  }

  devsync(...args: string[]): Promise<Ended> {
    return plugin('devsync', this.#arguments(args), this.#environment);
  }

  /** As `devsync`, and it must end well. */
  async must(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.devsync(...args);
    if (code !== 0) throw new Error(`kubectl devsync ${args.join(' ')} ended with ${code}: ${stderr}`);
    return stdout;
  }

  /** `watch` beside the test. */
  async watch(...args: string[]): Promise<void> {
    this.#watch = startPlugin('devsync', this.#arguments(['watch', ...args]), this.#environment);
    const watch = this.#watch;
    watch.ended.then(
      () => {
        this.#ended = watch.output.stderr;
      },
      () => {},
    );
  }

  start(...args: string[]): Running {
    return startPlugin('devsync', this.#arguments(args), this.#environment);
  }

  /** Ends `watch` as Ctrl-C does, or the hard way. */
  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<void> {
    this.#watch?.child.kill(signal);
    await this.#watch?.ended;
    [this.#watch, this.#ended] = [undefined, undefined];
  }

  /** Waits until a sync is in a phase. */
  async reaches(name: string, phase: string, test: (seen: Seen) => boolean = () => true): Promise<Seen> {
    const until = Date.now() + 60_000;
    for (;;) {
      const { code, stdout, stderr } = await this.devsync('get', name, '-o', 'json');
      // An API server that is away for a moment, or a record that is being made anew.
      const seen = code === 0 ? (JSON.parse(stdout) as Seen) : { state: null };
      if (seen.state?.phase === phase && test(seen)) return seen;
      if (this.#ended !== undefined && seen.state === null) throw new Error(`watch ended: ${this.#ended}`);
      if (Date.now() > until)
        throw new Error(`${name} is ${JSON.stringify(seen.state)}, not ${phase}: ${stderr}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** Runs a shell line in a container. */
  sh(pod: string, line: string, container = 'app'): Promise<string> {
    return kubectl(contextA, ['-n', this.namespace, 'exec', pod, '-c', container, '--', 'sh', '-c', line]);
  }

  kubectl(...args: string[]): Promise<string> {
    return kubectl(contextA, ['-n', this.namespace, ...args]);
  }

  async pod(name: string, spec: object): Promise<void> {
    const whole = { terminationGracePeriodSeconds: 0, ...spec };
    await apply(contextA, this.namespace, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, labels: { app: name } },
      spec: whole,
    });
    await this.kubectl('wait', '--for=condition=Ready', `pod/${name}`, '--timeout=60s');
  }

  async close(): Promise<void> {
    await this.stop().catch(() => {});
    rmSync(this.base, { recursive: true, force: true });
  }

  get #environment() {
    return { X8S_STATE_DIR: join(this.base, 'state') };
  }

  #arguments(args: string[]): string[] {
    return [...args, '--context', contextA, '-n', this.namespace];
  }
}
