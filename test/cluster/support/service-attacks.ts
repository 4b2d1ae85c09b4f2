/** What the service is exposed to: requests that nobody means well with, and floods of wrong passwords. */
import { existsSync, readdirSync } from 'node:fs';
import { expect } from '@jest/globals';
import type { Hostile } from './hostile-requests.ts';
import { each } from './replication.ts';
import type { ServiceClient } from './service-client.ts';

/** Sends all of them, some at a time; throws where one finds a defect or hears what is not for it. @returns how often each status came */
export async function sendHostile(
  client: ServiceClient,
  requests: readonly Hostile[],
): Promise<Map<number, number>> {
  const statuses = new Map<number, number>();
  const ask = async (request: Hostile) => {
    const { status, text } = await client.send(request);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    if (status >= 500 && status !== 503)
      throw new Error(`${status} for ${JSON.stringify(request).slice(0, 500)}`);
    expect(text).not.toMatch(/\$2b\$|hunter|at .*\.(?:c?js|ts):\d/);
  };
  await each(requests, 20, ask);
  return statuses;
}

export interface Flood {
  /** How often each status came so far. */
  readonly statuses: ReadonlyMap<number, number>;
  /** Answers that should not have come, and attempts that were not answered. */
  readonly failures: readonly string[];
  /** Ends it. What waits to be hashed by then is waited for by nobody. */
  stop(): void;
}

/** Far from what the service takes in all: a machine that answers slowly is not flooded by connections as well. */
const MOST_OPEN = 300;

/**
 * Wrong passwords, a hundred a second, each of another name and from another address of this machine's own: nothing but
 * the queue before the hashing stands in their way.
 */
export function floodOfLogins(client: ServiceClient): Flood {
  const statuses = new Map<number, number>();
  const failures: string[] = [];
  const headers = { 'content-type': 'application/json' };
  let count = 0;
  let open = 0;
  const attempt = async (index: number) => {
    const body = JSON.stringify({ username: `name-${index}`, password: 'wrong wrong' });
    const from = `127.9.${(index >> 8) & 255}.${index & 255}`;
    const { status } = await client.send({ method: 'POST', path: '/api/login', headers, body }, from);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  };
  const some = () => {
    for (const end = count + 10; count < end && open < MOST_OPEN; count++) {
      open++;
      attempt(count)
        .catch((error: Error) => failures.push(error.message))
        .finally(() => open--);
    }
  };
  const flooding = setInterval(some, 100);
  return { statuses, failures, stop: () => clearInterval(flooding) };
}

/** Files and connections that a process has open, where proc(5) tells. */
export const openFiles = (pid: number | undefined): number =>
  existsSync('/proc') ? readdirSync(`/proc/${pid}/fd`).length : 0;

/** The sum of a metric's samples that have these labels. */
export function metricOf(text: string, name: string, labels: Readonly<Record<string, string>>): number {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) && wanted.every((label) => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}
