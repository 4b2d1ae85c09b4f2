/** A registry for images on this machine, by Debian's docker-registry. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../../support/eventually.ts';
import { debianProgram } from './debian-program.ts';

export interface Registry {
  stop(): void;
}

interface Options {
  /** For what it keeps. */
  readonly folder: string;
  readonly port: number;
  /** With TLS under these names, whose certificate is `cert.pem` in the folder. */
  readonly names?: readonly string[];
}

/** Starts one on 127.0.0.1; resolves once it answers. */
export async function startRegistry({ folder, port, names = [] }: Options): Promise<Registry> {
  const program = debianProgram('docker-registry', 'docker-registry');
  mkdirSync(folder, { recursive: true });
  const tls = names.length > 0 ? certificate(folder, names) : undefined;
  const config = join(folder, 'registry.yml');
  const log = { level: 'error', accesslog: { disabled: true } };
  const storage = { filesystem: { rootdirectory: join(folder, 'content') } };
  const http = { addr: `127.0.0.1:${port}`, ...(tls && { tls }) };
  writeFileSync(config, JSON.stringify({ version: 0.1, log, storage, http }));
  const server = spawn(program, ['serve', config], { stdio: ['ignore', 'ignore', 2] });
  const url = `${tls ? 'https' : 'http'}://127.0.0.1:${port}/v2/`;
  const ask = ['--silent', '--fail', ...(tls ? ['--insecure'] : []), url];
  await eventually(() => execFileSync('curl', ask, { stdio: 'ignore' }));
  return { stop: () => server.kill() };
}

function certificate(folder: string, names: readonly string[]): { certificate: string; key: string } {
  const [path, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const alternatives = `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}`;
  const how = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const what = ['-subj', '/CN=x8s-test', '-addext', alternatives, '-keyout', key, '-out', path];
  execFileSync('openssl', ['req', ...how, ...what], { stdio: 'ignore' });
  return { certificate: path, key };
}

/** A file of certificates that trusts this registry, too. */
export function trusting(folder: string): string {
  const path = join(folder, 'trusted.pem');
  writeFileSync(
    path,
    readFileSync('/etc/ssl/certs/ca-certificates.crt', 'utf8') +
      readFileSync(join(folder, 'cert.pem'), 'utf8'),
  );
  return path;
}
