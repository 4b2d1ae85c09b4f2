/** Two directories, one behind a real agent in a process of its own, kept the same by a real synchronizer. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Transform } from 'node:stream';
import { afterEach, expect, jest } from '@jest/globals';
import { agentLaunch } from '../../../../../plugins/devsync/agent/loader.ts';
import { AgentConnection } from '../../../../../plugins/devsync/launch/agent-connection.ts';
import { AncestorStore } from '../../../../../plugins/devsync/session/ancestor/ancestor-store.ts';
import { SyncMemory } from '../../../../../plugins/devsync/session/ancestor/sync-memory.ts';
import { RemoteEndpoint } from '../../../../../plugins/devsync/session/attach/remote-endpoint.ts';
import type { CycleOptions } from '../../../../../plugins/devsync/session/cycle/sync-cycle.ts';
import { Synchronizer } from '../../../../../plugins/devsync/session/cycle/synchronizer.ts';
import type { SyncState } from '../../../../../plugins/devsync/session/status/state.ts';
import type { TrashItem } from '../../../../../plugins/devsync/sync/endpoint.ts';
import { type RootPlace, readRootPlace } from '../../../../../plugins/devsync/sync/files/root-place.ts';
import type { IgnoreRules } from '../../../../../plugins/devsync/sync/ignore/ignore.ts';
import type { WriteRule } from '../../../../../plugins/devsync/sync/ignore/write-rules.ts';
import { LocalEndpoint } from '../../../../../plugins/devsync/sync/local/local-endpoint.ts';
import { metadataFolderIn } from '../../../../../plugins/devsync/sync/metadata/metadata-folder.ts';
import type { ScanOptions } from '../../../../../plugins/devsync/sync/scan/scan.ts';
import { bundleAgent } from '../../../../../scripts/agent-bundle.ts';
import { systemClock } from '../../../../../src/clock.ts';
import { eventually } from '../../../../support/eventually.ts';

let bundle: Promise<string> | undefined;

export interface PairOptions {
  readonly ignores?: IgnoreRules;
  readonly scan?: ScanOptions;
  readonly write?: readonly WriteRule[];
  /** Bytes a second. */
  readonly bandwidth?: number;
  /** Small contents come along with news of the container. */
  readonly ahead?: boolean;
  /** The container's side is never written to. */
  readonly readsOnly?: boolean;
  readonly node?: string;
  /** A command that runs the agent, such as one that gives it mounts of its own. */
  readonly within?: (container: string) => readonly string[];
  readonly sync?: Partial<CycleOptions>;
  /** Something between the workstation and the agent, which may cut the stream. */
  readonly between?: () => { toAgent: Transform; fromAgent: Transform };
  /** REMOTE, where it is not the container's directory itself. */
  readonly remote?: (base: string) => string;
  /** Where LOCAL was when the sync began, made of where it is. */
  readonly place?: (now: RootPlace) => RootPlace;
  /** Where the directories are. */
  readonly base?: string;
}

/** A place for two directories and what is remembered of them. */
export class Pair {
  readonly base: string;
  readonly local: string;
  readonly container: string;
  /** Where each side keeps its things. */
  readonly metadataFolders: Readonly<Record<'local' | 'container', string>>;
  readonly #options: PairOptions;
  #stop = new AbortController();
  #running: Promise<unknown> = Promise.resolve();
  #localEndpoint: LocalEndpoint | undefined;
  #next = Promise.withResolvers<void>();
  readonly #memory = new SyncMemory();
  connection: AgentConnection | undefined;
  process: ChildProcess | undefined;
  synchronizer!: Synchronizer;
  /** The container's side. */
  remote!: RemoteEndpoint;
  states: SyncState[] = [];
  /** Why it stopped, if it did by itself. */
  failure: unknown;

  constructor(options: PairOptions = {}) {
    this.#options = options;
    this.base = mkdtempSync(join(options.base ?? tmpdir(), 'devsync-'));
    this.local = join(this.base, 'local');
    this.container = join(this.base, 'container');
    this.metadataFolders = {
      local: join(this.base, 'kept'),
      container: metadataFolderIn(this.base, this.container),
    };
    mkdirSync(this.local);
    mkdirSync(this.container);
  }

  /** Starts an agent and a synchronizer. */
  async start(sync: Partial<CycleOptions> = {}): Promise<void> {
    const {
      ignores = { lists: [], vcs: false },
      scan = { permissions: 'portable', symlinks: 'portable' },
      write,
    } = this.#options;
    bundle ??= bundleAgent();
    const launch = agentLaunch(await bundle, this.#options.node ?? process.execPath);
    const within = this.#options.within?.(this.container) ?? [];
    const [command = '', ...args] = [...within, ...launch.command];
    const child = spawn(command, args, { stdio: 'pipe' });
    this.process = child;
    const between = this.#options.between?.();
    if (between) {
      between.toAgent.pipe(child.stdin);
      child.stdout.pipe(between.fromAgent);
      child.stdin.on('error', () => {});
    }
    const streams = {
      stdin: between?.toAgent ?? child.stdin,
      stdout: between?.fromAgent ?? child.stdout,
      stderr: child.stderr,
      close: () => child.stdin.destroy(),
    };
    this.connection = await AgentConnection.start(streams, launch);
    const trashLimit = this.#options.sync?.trashLimits?.local ?? 2 ** 30;
    const common = { scan, ignores, trashLimit, write };
    const request = {
      base: '',
      root: this.#options.remote?.(this.base) ?? this.container,
      create: false,
      readsOnly: this.#options.readsOnly,
      bandwidth: this.#options.bandwidth,
      ahead: this.#options.ahead ?? true,
      ...common,
    };
    const container = await RemoteEndpoint.open(this.connection, 1, request);
    this.remote = container;
    const now = readRootPlace(this.local);
    const local = new LocalEndpoint({
      root: this.local,
      place: now && this.#options.place?.(now),
      refusesRepositories: (sync.takeGit ?? this.#options.sync?.takeGit) !== true,
      ...common,
      metadataCandidates: [this.metadataFolders.local],
    });
    this.#localEndpoint = local;
    const ancestor = new AncestorStore(join(this.base, 'state'));
    const binding = `${local.facts.rootId} ${container.facts.rootId}`;
    if (!ancestor.load(binding)) ancestor.begin(binding, undefined);
    await Promise.all([local.refresh(true), container.refresh(true)]);
    this.#stop = new AbortController();
    this.#memory.unanswered.begin(binding);
    this.#memory.confirmations.begin(binding);
    this.synchronizer = new Synchronizer({
      local,
      container,
      ancestor,
      binding,
      mode: 'two-way-safe',
      from: 'local',
      takeGit: false,
      trashLimits: { local: trashLimit, container: trashLimit },
      clock: systemClock,
      signal: this.#stop.signal,
      ...this.#memory,
      onState: (state) => {
        this.states.push(state);
        this.#tellNext();
      },
      ...this.#options.sync,
      ...sync,
    });
    this.failure = undefined;
    const ended = this.connection.ended;
    const running = this.synchronizer.run();
    this.#running = Promise.race([running, ended.then((why) => Promise.reject(why))]).catch((error) => {
      this.failure = error;
      this.#stop.abort();
      this.#tellNext();
      return running.catch(() => {});
    });
  }

  /** This workstation's side. */
  get here(): LocalEndpoint {
    if (this.#localEndpoint === undefined) throw new Error('it was not started');
    return this.#localEndpoint;
  }

  /** Saves a file at once: half of it that is seen on the way, as on a busy machine, would be a save of its own. */
  save(side: 'local' | 'container', path: string, content: string | Uint8Array): void {
    const draft = join(this.base, 'draft');
    writeFileSync(draft, content);
    renameSync(draft, join(this[side], path));
  }

  /** Does something while the agent stands still: what it sees is there at once. */
  behindAgent(work: () => void): void {
    this.process?.kill('SIGSTOP');
    try {
      work();
    } finally {
      this.process?.kill('SIGCONT');
    }
  }

  /** Resolves when the synchronizer tells its next state, or ends. */
  async next(): Promise<void> {
    if (this.failure === undefined) await this.#next.promise;
  }

  #tellNext(): void {
    this.#next.resolve();
    this.#next = Promise.withResolvers();
  }

  /** Resolves once it was found again and again that git is at work here: what waits for git has been noticed by then. */
  async heldByGit(): Promise<void> {
    const busy = jest.spyOn(this.here, 'isBusy', 'get');
    try {
      const times = () => busy.mock.results.filter(({ value }) => value === true).length;
      await eventually(() => expect(times()).toBeGreaterThan(20));
    } finally {
      busy.mockRestore();
    }
  }

  /** Loses the stream without a word to the agent, which is left to whoever calls. */
  async lose(): Promise<ChildProcess> {
    const agent = this.process as ChildProcess;
    agent.kill('SIGSTOP');
    this.connection?.close('lost');
    this.process = undefined;
    await this.stop();
    return agent;
  }

  /** What is in the trash on this side. */
  async trashHere(): Promise<readonly TrashItem[]> {
    return (await this.#localEndpoint?.trash())?.items ?? [];
  }

  /** Ends both, as an orderly stop does. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#endedOrLate();
    const { process: child } = this;
    const exited =
      child?.exitCode === null &&
      child.signalCode === null &&
      new Promise((done) => child.once('exit', done));
    this.connection?.close();
    await exited;
    await this.#running;
    await this.#localEndpoint?.close();
    this.#localEndpoint = undefined;
  }

  /** As a runner does: an agent that does not answer is not waited for. */
  async #endedOrLate(): Promise<void> {
    const late = new AbortController();
    const patience = systemClock.sleep(3_000, late.signal).catch(() => {});
    await Promise.race([this.#running, patience]);
    late.abort();
  }

  async remove(): Promise<void> {
    await this.stop().catch(() => {});
    rmSync(this.base, { recursive: true, force: true });
  }
}

const opened: Pair[] = [];
afterEach(async () => {
  for (const pair of opened.splice(0)) await pair.remove();
});

/** A place for two directories that is gone after the test. */
export function openPair(options?: PairOptions): Pair {
  const pair = new Pair(options);
  opened.push(pair);
  return pair;
}

/** As {@link openPair}, with these files, by name, on both sides: they came from LOCAL. */
export async function syncedPair(
  files: Readonly<Record<string, string>>,
  options?: PairOptions,
): Promise<Pair> {
  const pair = openPair(options);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(pair.local, name), text);
  await pair.start();
  await pair.synchronizer.flush();
  return pair;
}
