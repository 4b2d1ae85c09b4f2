/** When the source was last visited, by the node's uptime: a clock that nobody sets, and that a restart goes on with. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { uptime } from 'node:os';
import type { SourceFiles } from '../ssh/sshd-config.ts';

export class IdleClock {
  readonly #files: SourceFiles;
  readonly #login: string;
  #lastVisit: number;

  constructor(files: SourceFiles, login: string) {
    this.#files = files;
    this.#login = login;
    this.#lastVisit = timeOf(files.visit);
  }

  /** Seconds since anyone was last seen. */
  idleSeconds(): number {
    const now = Math.floor(uptime());
    const visit = timeOf(this.#files.visit);
    const seen = this.#seen();
    // A smaller uptime than the one noted means that the node has started anew.
    if (visit !== this.#lastVisit || seen === undefined || seen > now || hasSessions(this.#login)) {
      this.#lastVisit = visit;
      writeFileSync(this.#files.lastSeen, `${now}\n`);
      return 0;
    }
    return now - seen;
  }

  #seen(): number | undefined {
    try {
      const text = readFileSync(this.#files.lastSeen, 'utf8').trim();
      return /^\d+$/.test(text) ? Number(text) : undefined;
    } catch {
      return undefined;
    }
  }
}

function timeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Whether anyone is logged in: sshd names the process of an authenticated session user@notty. */
export function hasSessions(login: string): boolean {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.some((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith(`sshd: ${login}@`);
    } catch {
      return false;
    }
  });
}
