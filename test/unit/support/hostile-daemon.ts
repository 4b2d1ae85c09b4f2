/**
 * Stands for the rsync daemon of a source that means harm: it greets as a daemon does, and then sends what it likes,
 * whatever the client has asked for. The list and the data come from a real rsync, with paths of the client's tree
 * that no honest source would send.
 *
 *     hostile-daemon.ts TREE FROM TO NAME…    sends these names of the tree, each FROM among its bytes as TO
 */
import { spawn } from 'node:child_process';
import { readSync } from 'node:fs';
import { Transform } from 'node:stream';

const [, , tree = '', from = '', to = '', ...names] = process.argv;
const protocolVersion = 32;

/** What the client says up to a byte, which is read and not part of it. */
function readUntil(end: number): string {
  const bytes: number[] = [];
  const one = Buffer.alloc(1);
  for (;;) {
    try {
      if (readSync(0, one) === 0 || one[0] === end) return Buffer.from(bytes).toString('latin1');
      bytes.push(one[0] ?? 0);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

const lineFeed = 0x0a;
process.stdout.write(`@RSYNCD: ${protocolVersion}.0 sha512 sha256 sha1 md5 md4\n`);
readUntil(lineFeed);
readUntil(lineFeed);
process.stdout.write('@RSYNCD: OK\n');
const asked: string[] = [];
for (let word = readUntil(0); word !== ''; word = readUntil(0)) asked.push(word);

// Without incremental recursion each path is sent as it is, and no folder that leads to it.
const options = asked.slice(0, asked.indexOf('.')).map((word) => word.replace(/e\.i/, 'e.'));
const args = [...options, '--relative', '--no-implied-dirs', '.', ...names];
const sender = spawn('rsync', args, { cwd: tree, stdio: ['pipe', 'pipe', 'inherit'] });

// Without a daemon's greeting both ends begin with the version of their protocol.
const version = Buffer.alloc(4);
version.writeUInt32LE(protocolVersion);
sender.stdin.write(version);
let skip = version.length;
const changed = new Transform({
  transform: (chunk: Buffer, _, done) => {
    const rest = chunk.subarray(Math.min(skip, chunk.length));
    skip -= chunk.length - rest.length;
    const text = rest.toString('latin1');
    done(null, Buffer.from(from === '' ? text : text.replaceAll(from, to), 'latin1'));
  },
});
sender.stdin.on('error', () => {});
process.stdout.on('error', () => {});
process.stdin.pipe(sender.stdin);
sender.stdout.pipe(changed).pipe(process.stdout);
sender.once('close', (code) => {
  process.exitCode = code ?? 1;
});
