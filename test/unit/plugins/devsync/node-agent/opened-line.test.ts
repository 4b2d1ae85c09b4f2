/** A process of the agent of a node does not outlive the line that it was made for. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { expect, test } from '@jest/globals';
import { begun, join } from '../../../../../plugins/devsync/node-agent/opened-line.ts';

/** A line that nobody says anything on. */
const quiet = () => new Duplex({ read: () => {}, write: (_data, _encoding, done) => done() });

/** A process that has spoken, and goes on as long as its input does. */
async function process() {
  const child = spawn('sh', ['-c', 'echo begun; exec cat'], { stdio: 'pipe' });
  child.stdin.on('error', () => {});
  await begun(child, new AbortController().signal);
  return child;
}

test('it ends with its line', async () => {
  const [child, line] = [await process(), quiet()];
  const joined = join(child, line);
  line.destroy();
  await joined;
  expect(child.exitCode).toBe(0);
});

test('it ends where its line has ended before it was there', async () => {
  const [child, line] = [await process(), quiet()];
  line.destroy();
  await once(line, 'close');
  await join(child, line);
  expect(child.exitCode).toBe(0);
});
