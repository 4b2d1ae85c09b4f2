/** What a run tells of itself while it copies and at its end: how far it is, what it compared, what it changed. */
import { afterAll, expect, test } from '@jest/globals';
import { contextA, contextB } from './support/contexts.ts';
import { partArrives, Scene } from './support/scene.ts';
import { documentOf, saidBy, startX8sync, x8sync } from './support/x8sync.ts';

// Not in beforeAll: concurrent tests begin before it.
const scene = await Scene.open('told');
afterAll(() => scene.close());

async function claims(name: string, script: string): Promise<[source: string, target: string]> {
  const [source, target] = [`${name}-source`, `${name}-target`];
  await Promise.all([scene.claim(contextA, source), scene.claim(contextB, target)]);
  await scene.shell(contextA, source, script);
  return [scene.ref(contextA, source), scene.ref(contextB, target)];
}

test.concurrent('progress counts what is there, and not what the disk behind the volume has in use', async () => {
  const args = await claims('progress', 'cd /data; head -c 14M /dev/urandom >big; touch a b c');
  const said = saidBy(await x8sync(...args, '--bwlimit', '1M'), 0);
  expect(said).toMatch(/\d% · [\d.]+ MiB\/14(\.0)? MiB · \d+\/5 entries · /);
});

test.concurrent("somebody's own .x8sync in the source is not copied, which is said", async () => {
  const args = await claims('own', 'cd /data; mkdir .x8sync; touch .x8sync/mine file');
  const said = saidBy(await x8sync(...args), 0);
  expect(said).toMatch(/Warning: \.x8sync of the source is not copied/);
  expect(await scene.inspect(contextB, 'own-target', 'ls -A')).toBe('file\n');
});

/** The same files on both sides, by an earlier copy; then a script changes the source. */
async function copied(
  name: string,
  files: string,
  change: string,
): Promise<[source: string, target: string]> {
  const args = await claims(name, files);
  saidBy(await x8sync(...args), 0);
  await scene.shell(contextA, `${name}-source`, change);
  return args;
}

test.concurrent('changes of mode, owner, times and ACLs alone are counted, by a run as by the dry run before it', async () => {
  const files = 'cd /data; mkdir d; touch a b d/c d/e f g; ln g h; echo text >new';
  const change = `cd /data; chmod 600 a; chown 1001:1002 b; touch -d 2001-02-03 d/c; setfacl -m u:1003:r d/e
    echo longer >new; echo first >made`;
  const args = await copied('attributes', files, change);
  const dryRun = documentOf(await x8sync(...args, '--dry-run', '-o', 'json'));
  // A file of another time is copied. Making a file has changed the root folder's time.
  const expected = { changes: 7, attributes: 4, createdEntries: 1, transferredFiles: 3 };
  expect(dryRun.stats).toMatchObject(expected);
  const run = documentOf(await x8sync(...args, '-o', 'json'));
  expect(run.stats).toMatchObject(expected);
  const again = await x8sync(...args);
  expect(saidBy(again, 0)).toMatch(/Already the same by size and time/);
  expect(again.stdout).not.toMatch(/attributes /);
});

test.concurrent('a copy into an empty claim counts as its dry run did', async () => {
  const args = await claims(
    'first',
    'cd /data; mkdir d; touch a d/b; ln a c; ln -s a l; mkfifo p; chmod 750 .',
  );
  const dryRun = documentOf(await x8sync(...args, '--dry-run', '-o', 'json'));
  const { changes, createdEntries } = documentOf(await x8sync(...args, '-o', 'json')).stats;
  expect({ changes, createdEntries }).toEqual({ changes: 7, createdEntries: 6 });
  expect(dryRun.stats).toMatchObject({ changes, createdEntries });
});

test.concurrent('other content of equal size and time is not seen, which is said, and found by --checksum', async () => {
  const change = "cd /data; echo OTHER >same; touch -d '2001-02-03 04:05:06' same";
  const files = "cd /data; echo other >same; touch -d '2001-02-03 04:05:06' same";
  const args = await copied('content', files, change);
  const blind = saidBy(await x8sync(...args), 0);
  expect(blind).toMatch(
    /size and time; content of files with equal ones was not read \(--checksum reads it\)/,
  );
  expect(await scene.inspect(contextB, 'content-target', 'cat same')).toBe('other\n');
  const seen = documentOf(await x8sync(...args, '--checksum', '-o', 'json'));
  expect(seen).toMatchObject({ compared: 'content', stats: { transferredFiles: 1 } });
  expect(await scene.inspect(contextB, 'content-target', 'cat same')).toBe('OTHER\n');
  expect(saidBy(await x8sync(...args, '--checksum'), 0)).toMatch(/Already the same by content/);
});

test.concurrent('--force --dry-run lists what would be removed, then what would be copied, and changes nothing', async () => {
  const args = await claims('forced', 'cd /data; echo new >both; echo new >new');
  const own = "mkdir -p /data/old/deep; cd /data; echo old >both; touch 'old/deep/x\ny'";
  await scene.shell(contextB, 'forced-target', own);
  const list = "find . -printf '%p %s %T@\\n' | sort";
  const before = await scene.inspect(contextB, 'forced-target', list);
  const ended = await x8sync(...args, '--force', '--dry-run');
  saidBy(ended, 0);
  for (const name of ['old', 'old/deep', 'both']) expect(ended.stdout).toContain(`*deleting ${name}\n`);
  expect(ended.stdout).toMatch(/\*deleting[\s\S]*>f\S+ both\n[\s\S]*>f\S+ new\n/);
  expect(ended.stdout).toMatch(/would remove 4 entries first/);
  expect(await scene.inspect(contextB, 'forced-target', list)).toBe(before);
  const { mode, stats } = documentOf(await x8sync(...args, '--force', '--dry-run', '-o', 'json'));
  expect({ mode, ...stats }).toMatchObject({ mode: 'force-dry-run', removed: 4, transferredFiles: 2 });
  await scene.claim(contextA, 'forced-empty');
  await scene.shell(contextA, 'forced-empty', 'true');
  const empty = [scene.ref(contextA, 'forced-empty'), args[1], '--force', '--dry-run'];
  expect(saidBy(await x8sync(...empty), 3)).toMatch(/source is empty/);
});

test.concurrent('a pod that comes to use the target while it is copied to is named: not all is whole', async () => {
  const [source, target] = await claims('used', 'head -c 12M /dev/urandom >/data/big');
  const running = startX8sync('--bwlimit', '1M', '-o', 'json', '--name', 'used', source, target);
  await partArrives(scene, contextB, 'used-target');
  await scene.user(contextB, 'its-user', 'used-target');
  const ended = await running.ended;
  expect(saidBy(ended, 5)).toMatch(/came into use by pod its-user while it was copied to/);
  expect(documentOf(ended)).toMatchObject({ outcome: 'partial', targetUsers: ['its-user'] });
  expect(await scene.phases('used')).toEqual(['source Incomplete', 'target Incomplete']);
});
