/** A REMOTE that cannot be written to is told of before anything is synced, by whose it is or what is mounted there. */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, jest, test } from '@jest/globals';
import { explainRemote } from '../../../../../../plugins/devsync/session/attach/attach.ts';
import { eventually } from '../../../../../support/eventually.ts';
import { openPair, type Pair, type PairOptions } from '../../support/pair.ts';

jest.setTimeout(60_000);

/** Root may write everywhere. */
const asNobody =
  process.getuid?.() === 0 ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : [];

/** A directory of somebody else's, on a file system where all may write elsewhere. */
function foreign(options: PairOptions = {}): Pair {
  const pair = openPair({ ...options, within: () => asNobody });
  chmodSync(pair.base, 0o755);
  writeFileSync(join(pair.container, 'config'), 'made there');
  chmodSync(pair.container, 0o555);
  return pair;
}

const opening = (pair: Pair) => explainRemote('/app', pair.start(), new AbortController().signal);

test('a directory of somebody else: whose it is, and who asks', async () => {
  const pair = foreign();
  await expect(opening(pair)).rejects.toThrow(
    /^REMOTE \/app cannot be written to by the container's user: .*\/container belongs to \d+:\d+ \(mode 0555\), and the agent runs as \d+:\d+$/,
  );
});

test('one from which everything comes, and nothing goes there, need not be written to', async () => {
  const pair = foreign({ readsOnly: true });
  await pair.start({ mode: 'one-way-safe', from: 'container' });
  await eventually(() => expect(readFileSync(join(pair.local, 'config'), 'utf8')).toBe('made there'));
});

test('what is mounted read-only is named by where it is mounted', async () => {
  const mount = 'mount -t tmpfs none "$1"; mkdir "$1/app"; mount -o remount,ro "$1"; shift; exec "$@"';
  const pair = openPair({
    within: (container) => ['unshare', '-Urm', 'sh', '-ec', mount, 'sh', container],
    remote: (base) => join(base, 'container/app'),
  });
  await expect(opening(pair)).rejects.toThrow(
    new RegExp(
      `^REMOTE /app is on a read-only file system: what is mounted at ${pair.container} \\(tmpfs\\) is mounted read-only$`,
    ),
  );
});
