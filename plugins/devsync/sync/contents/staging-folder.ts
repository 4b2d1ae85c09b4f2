/**
 * Several processes may have one root open at a time: a second agent on the same volume, `restore` beside a watch. So
 * each process stages in a folder of its own, whose name says which process it is. When a process ends, it moves what
 * was received and not used yet to the folder that all share, for the next one.
 */
import { copyFileSync, lstatSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { type Holder, livenessOf, thisProcess } from '../../../../src/tasks/holder.ts';
import type { Folder } from '../files/folder.ts';
import { writeOwn } from '../metadata/probe.ts';

/** Milliseconds for which contents of an earlier run are kept. */
const keepFor = 24 * 3600 * 1000;
/**
 * A process touches its folder this often. After such a silence it counts as dead where nothing better is known.
 * Milliseconds.
 */
const [heartbeatInterval, silenceLimit] = [30_000, 300_000];

/** The names of files that hold a content, or the beginning of one. */
export const contentName = /^[0-9a-f]{64}(\.part)?$/;
const folderName = /^at-(\w*)-(\d+)-(\d*)-[0-9a-f]{12}$/;

/** A file that is written anew with every heartbeat. */
const heartbeatFile = 'alive';

/** The folders that this process has open. */
const ours = new Set<string>();

export class StagingFolder {
  /** Nobody else puts anything there, or takes it away. */
  readonly folder: Folder;
  readonly #shared: Folder;
  /** Says which process it is. */
  readonly name: string;
  /** Folders of other processes that may be alive. */
  readonly #others: string[] = [];
  readonly #heartbeat: NodeJS.Timeout;

  /** @param shared the folder that all share, on the root's file system. */
  constructor(shared: Folder) {
    this.#shared = shared;
    this.name = nameFor(thisProcess());
    ours.add(this.name);
    this.folder = shared.make(this.name);
    this.#touch();
    this.#takeAbandoned();
    this.#heartbeat = setInterval(() => this.#touch(), heartbeatInterval);
    this.#heartbeat.unref();
  }

  /** Whether anything of an earlier run, or of another one, may be of use. */
  get isUsed(): boolean {
    return this.#others.length > 0 || readdirSync(this.folder.path).some((name) => name !== heartbeatFile);
  }

  /** Whether it was not removed by somebody. */
  get isThere(): boolean {
    return lstatSync(this.#shared.at(this.name), { throwIfNoEntry: false }) !== undefined;
  }

  /** Whether the process whose folder has this name may be at work yet. */
  isLive(name: string): boolean {
    const isThere = lstatSync(this.#shared.at(name), { throwIfNoEntry: false }) !== undefined;
    return isThere && folderName.test(name) && !this.#isAbandoned(name);
  }

  /**
   * Copies a file of this name from the folder of another process: an agent that has lost its stream may live on for a
   * while. Returns whether there was one.
   */
  borrow(name: string): boolean {
    for (const other of this.#others)
      try {
        using folder = this.#shared.child(other);
        if (!lstatSync(folder.at(name)).isFile()) continue;
        copyFileSync(folder.at(name), this.folder.at(name));
        return true;
      } catch {
        // It is not there, or there is no room for two: then it is sent.
        rmSync(this.folder.at(name), { force: true });
      }
    return false;
  }

  /** Moves what the next process can use to the shared folder. */
  close(): void {
    clearInterval(this.#heartbeat);
    ours.delete(this.name);
    try {
      for (const name of readdirSync(this.folder.path))
        if (contentName.test(name)) renameSync(this.folder.at(name), this.#shared.at(name));
      rmSync(this.#shared.at(this.name), { recursive: true, force: true });
    } catch {
      // Our folder was taken away meanwhile.
    }
    this.folder.close();
    this.#shared.close();
  }

  /** Takes what is in the shared folder, and in folders of processes that have ended. */
  #takeAbandoned(): void {
    for (const name of readdirSync(this.#shared.path)) {
      if (name === this.name) continue;
      if (!folderName.test(name)) this.#take(this.#shared, name);
      else if (this.#isAbandoned(name)) this.#clear(name);
      else this.#others.push(name);
    }
  }

  #clear(name: string): void {
    try {
      using folder = this.#shared.child(name);
      for (const content of readdirSync(folder.path)) this.#take(folder, content);
    } catch {
      // Another one clears it, too, or it is no directory.
    }
    rmSync(this.#shared.at(name), { recursive: true, force: true });
  }

  /** An earlier run may be taken up again, but not for ever; copies and links on their way are of no use. */
  #take(from: Folder, name: string): void {
    const stats = lstatSync(from.at(name), { throwIfNoEntry: false });
    const isOfUse = stats?.isFile() && contentName.test(name) && Date.now() - stats.mtimeMs <= keepFor;
    try {
      if (isOfUse) renameSync(from.at(name), this.folder.at(name));
      else rmSync(from.at(name), { recursive: true, force: true });
    } catch {
      // Another one was quicker.
    }
  }

  /**
   * Whether the process of a folder has ended. Of a process on this machine that is known; of one elsewhere, such as an
   * agent in another pod on the same volume, only its silence tells, by the one clock that both share: that of the file
   * system.
   */
  #isAbandoned(name: string): boolean {
    const [, machine = '', pid = '', start = ''] = folderName.exec(name) ?? [];
    if (ours.has(name)) return false;
    const me = thisProcess();
    if (machine !== '' && machine === me.machine && Number(pid) === me.pid && start === me.start) return true;
    const them = { machine: machine || undefined, start: start || undefined, pid: Number(pid) };
    const liveness = livenessOf({ who: '', id: '', ...them });
    if (liveness !== 'unknown') return liveness === 'dead';
    return this.#lastHeartbeat(this.name) - this.#lastHeartbeat(name) > silenceLimit;
  }

  /** Milliseconds, by the file system's clock. */
  #lastHeartbeat(name: string): number {
    const folder = this.#shared.at(name);
    const at = [`${folder}/${heartbeatFile}`, folder].map((path) =>
      lstatSync(path, { throwIfNoEntry: false }),
    );
    return (at[0] ?? at[1])?.mtimeMs ?? 0;
  }

  #touch(): void {
    try {
      writeOwn(this.folder, heartbeatFile, '');
    } catch {
      // It was removed; that is noticed when it is used next.
    }
  }
}

function nameFor({ machine = '', pid, start = '', id }: Holder): string {
  return `at-${machine}-${pid}-${start}-${id}`;
}
