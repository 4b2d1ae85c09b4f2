/** A watch on a terminal: a live view, that leaves the terminal as it was. */
import { type ChildProcess, spawn } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { namespaces } from '../../src/kube/api/resources.ts';
import { eventually } from '../support/eventually.ts';
import { environment, pluginProgram } from './support/kubectl.ts';
import { Pair } from './support/nsreplicate.ts';
import { configMap } from './support/objects.ts';

let pair: Pair;
const started: ChildProcess[] = [];

beforeAll(async () => {
  pair = await Pair.open('live');
  await pair.put(pair.from, configMap('mine', { color: 'red' }), configMap('theirs', {}));
  await pair.to.create(namespaces, { metadata: { name: pair.namespace } });
  await pair.put(pair.to, configMap('theirs', { a: 'theirs' }));
});
afterAll(async () => {
  for (const child of started) child.kill('SIGKILL');
  await pair.close();
});

/** Starts a watch on a terminal of its own. */
function onTerminal(env: NodeJS.ProcessEnv) {
  const command = `stty rows 20 cols 120; exec ${[pluginProgram('nsreplicate'), ...pair.flags].join(' ')}`;
  const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    env: { ...environment, TERM: 'xterm-256color', ...env },
  });
  started.push(child);
  const seen = { text: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    seen.text += text;
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const press = (key: string) => child.stdin.write(key);
  return { seen, ended, press };
}

const [hideCursor, showCursor] = ['\u001b[?25l', '\u001b[?25h'];

test('shows replicas, what fails, and the last change; Ctrl-C leaves a clean terminal', async () => {
  const { seen, ended, press } = onTerminal({ NO_COLOR: '' });
  await eventually(() => {
    expect(seen.text).toContain(`${pair.task}: \u001b[32mWatching`);
    expect(seen.text).toMatch(
      new RegExp(`✗ ConfigMap ${pair.namespace}/theirs on ${pair.replica}: not-ours`),
    );
  });
  await pair.put(pair.from, configMap('mine', { color: 'green' }));
  await eventually(() => expect(seen.text).toContain(`last updated ConfigMap ${pair.namespace}/mine`));
  press('\u0003');
  expect(await ended).toBe(130);
  expect(seen.text.lastIndexOf(showCursor)).toBeGreaterThan(seen.text.lastIndexOf(hideCursor));
});

test('has no colour with NO_COLOR, and is drawn all the same', async () => {
  const { seen, ended, press } = onTerminal({ NO_COLOR: '1' });
  await eventually(() => expect(seen.text).toContain(`${pair.task}: Watching`));
  press('\u0003');
  await ended;
  // Moving the cursor ends with another letter.
  expect(seen.text.split('\u001b[').filter((part) => /^\d+m/.test(part))).toEqual([]);
});
