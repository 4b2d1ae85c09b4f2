import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { downloadRelease } from '../../lab/released.ts';

const program = Buffer.alloc(300_000, 'kubelet');
const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
const path = `/v1.34.0/bin/linux/${architecture}/kubelet`;
let folder: string;
let server: Server;
let answers: Record<string, Buffer | string>;

/** A fake of the place where Kubernetes is released, which is not to be reached from everywhere. */
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'x8s-released-'));
  answers = { [path]: program, [`${path}.sha256`]: createHash('sha256').update(program).digest('hex') };
  server = createServer(({ url = '' }, response) => {
    const answer = answers[url];
    response.writeHead(answer === undefined ? 404 : 200).end(answer);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

const download = () =>
  downloadRelease(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, '1.34.0', 'kubelet', folder);

test('a released program is what its checksum says, and executable', async () => {
  await download();
  expect(readFileSync(join(folder, 'kubelet')).equals(program)).toBe(true);
  expect(statSync(join(folder, 'kubelet')).mode & 0o111).toBe(0o111);
});

test('one that is something else is refused', async () => {
  answers[path] = 'something else';
  await expect(download()).rejects.toThrow(/kubelet has the SHA-256 [0-9a-f]{64}, and not [0-9a-f]{64}$/);
});

test('what is not there is named', async () => {
  delete answers[`${path}.sha256`];
  await expect(download()).rejects.toThrow(`${path}.sha256 answers 404`);
});
