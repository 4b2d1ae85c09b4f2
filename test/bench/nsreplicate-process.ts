/** The plugin in a process of its own, as benchmarks run it: the packaged one where there is one. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Running, start } from '../cluster/support/process.ts';

const root = join(import.meta.dirname, '..', '..');

export function startNsreplicate(args: readonly string[]): Running {
  const binary = join(root, 'dist', `${process.platform}-${process.arch}`, 'kubectl-nsreplicate');
  return existsSync(binary)
    ? start(binary, args)
    : start(process.execPath, [join(root, 'plugins', 'nsreplicate', 'main.ts'), ...args]);
}

/** The program that watches and does nothing else, for servers of kubeconfigs. */
export const startBareWatch = (kubeconfigs: readonly string[]): Running =>
  start(process.execPath, [join(import.meta.dirname, 'bare-watch.ts'), ...kubeconfigs]);

/** Ends it in order; resolves once it has ended. */
export async function endOf({ child, ended }: Running): Promise<void> {
  child.kill('SIGTERM');
  await ended;
}

/** What is resident now, or was at most, in MiB: from proc(5). */
export function memoryMiB(pid: number | undefined, field: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const [, kib = '0'] = new RegExp(`${field}:\\s+(\\d+) kB`).exec(status) ?? [];
  return Number(kib) / 1024;
}

/** User and system time, from proc(5); 100 ticks a second. */
export function cpuMs(pid: number | undefined): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Where a process serves, as it says itself. */
export async function addressOf({ output, saw }: Running): Promise<string> {
  await saw('listening on ');
  return /listening on (\S+)/.exec(output.stderr + output.stdout)?.[1] ?? '';
}

/** Answers of API servers that a process got so far, by its metrics, which are open. */
export async function requestsOf(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line.startsWith('nsreplicate_api_requests_total{'));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}

/** Asks for the metrics each second, and listens to all events as the page does, in a process of its own. */
export function startReaders(url: string, token: string): () => void {
  const program = `
    const headers = { authorization: 'Bearer ${token}' };
    setInterval(() => fetch('${url}/metrics', { headers }).then((answer) => answer.text()).catch(() => undefined), 1000);
    fetch('${url}/api/events', { headers }).then(async ({ body }) => { for await (const _ of body); });
  `;
  const child = spawn(process.execPath, ['-e', program], { stdio: 'ignore' });
  return () => void child.kill();
}

/** Signs in a hundred times a second, ever as somebody else and from another address, in a process of its own. */
export function startLogins(url: string): () => void {
  const { hostname, port } = new URL(url);
  const program = `
    const { Agent, request } = require('node:http');
    const about = { hostname: '${hostname}', port: ${port}, path: '/api/login', method: 'POST', agent: new Agent() };
    let count = 0;
    const attempt = () => {
      const localAddress = '127.9.' + ((++count >> 8) & 255) + '.' + (count & 255);
      const headers = { 'content-type': 'application/json' };
      const asked = request({ ...about, localAddress, headers }, (answer) => answer.resume());
      asked.on('error', () => undefined);
      asked.end(JSON.stringify({ username: 'name-' + count, password: 'wrong wrong' }));
    };
    setInterval(attempt, 10);
  `;
  const child = spawn(process.execPath, ['-e', program], { stdio: 'ignore' });
  return () => void child.kill();
}
