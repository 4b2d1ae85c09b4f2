/** What the mover does when things go wrong, and that nothing outside their folder is ever touched by it. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { isLab } from './support/contexts.ts';
import { type Played, play } from './support/mover.ts';
import { Scene } from './support/scene.ts';

/** A script that is played once, before the tests that look at it. */
function played(name: string, script: string): () => Played {
  let result: Played;
  beforeAll(async () => {
    result = await play(scene, name, script);
  });
  return () => result;
}

let scene: Scene;
const inLab = isLab ? describe : describe.skip;

inLab('the mover', () => {
  beforeAll(async () => {
    scene = await Scene.open('mover');
  });
  afterAll(() => scene?.close());

  describe('that is stopped in the middle of a big file', () => {
    const result = played(
      'stopped',
      `
serve
mkdir /source/folder; fill /source/folder/big 24M; echo small >/source/small
copy killed X8S_BWLIMIT=6M & copying=$!; arrived
pkill -KILL -P "$(mover_pid)"; pkill -KILL -f '/x8s-mover copy$'; pkill -KILL -x rsync; wait $copying
tell outside find /target -mindepth 1 -path /target/.x8sync -prune -o -type f -print
tell mode stat -c %a /target/.x8sync
copy resumed
tell resumed-equal equal
tell resumed-left ls -A /target
clear_all; fill /source/big 24M
copy ended X8S_BWLIMIT=6M & copying=$!; arrived
kill -TERM "$(mover_pid)"; wait $copying
tell kept find /target/.x8sync/partial -type f -size -24M
copy resumed-again
clear_all; fill /source/big 24M
copy unnamed X8S_BWLIMIT=6M X8S_KEEP_PARTIAL=0 & copying=$!; arrived
kill -TERM "$(mover_pid)"; wait $copying
tell unnamed-left ls -A /target
`,
    );

    test('leaves nothing of it outside of a folder that is its own', () => {
      expect(result().told.get('outside')).toBe('/target/small');
      expect(result().told.get('mode')).toBe('700');
    });

    test('by SIGKILL takes up what had arrived', () => {
      const { outcome, stats } = result().ends.get('resumed') ?? {};
      expect(outcome).toBe('ok');
      expect(stats?.matchedBytes).toBeGreaterThan(1_000_000);
      expect(result().told.get('resumed-equal')).toBe('equal');
    });

    test('by SIGTERM says so at once on its last line, and takes up what had arrived', () => {
      expect(result().ends.get('ended')).toMatchObject({ outcome: 'interrupted', code: 143 });
      // It has not copied to the end first: what it kept is a part.
      expect(result().told.get('kept')).toBe('/target/.x8sync/partial/big');
      expect(result().ends.get('resumed-again')?.stats.matchedBytes).toBeGreaterThan(1_000_000);
    });

    test('takes its folder away in the end, and at once where nobody will go on', () => {
      expect(result().told.get('resumed-left')).toBe('folder\nsmall');
      expect(result().told.get('unnamed-left')).toBe('');
    });
  });

  describe('that meets what it may not replace', () => {
    const result = played(
      'clash',
      String.raw`
serve
mkdir -p /target/clash/inside; echo keep >/target/clash/inside/file; echo x >/source/clash
mkdir -p /target/link; echo keep >/target/link/file; ln -s elsewhere /source/link
echo old >/target/becomes-folder; mkdir /source/becomes-folder; echo 'file "in" it' >$'/source/becomes-folder/"odd"\n\xff name'
mkdir /target/extra; echo keep >/target/extra/file
copy clash
tell left sh -c 'cd /target; find . -type f | sort | cat -v'
clear_all
mkdir /target/.x8sync; echo mine >/target/.x8sync/file; echo x >/source/x
copy foreign
tell foreign-left find /target -type f
`,
    );

    test('keeps folders that stand where files should be, and names them', () => {
      expect(result().ends.get('clash')).toMatchObject({
        outcome: 'partial',
        code: 5,
        failures: expect.arrayContaining(['clash', 'link']),
      });
      expect(result().told.get('left')?.split('\n')).toEqual([
        './becomes-folder/"odd"',
        './clash/inside/file',
        './extra/file',
        './link/file',
        'M-^? name',
      ]);
    });

    test("keeps away from a folder of its name that somebody else's", () => {
      expect(result().ends.get('foreign')).toMatchObject({ outcome: 'refused', code: 3 });
      expect(result().told.get('foreign-left')).toBe('/target/.x8sync/file');
    });
  });

  describe('that has little room', () => {
    const result = played(
      'room',
      `
serve
fill /source/a 80M; copy too-big; tell untouched ls -A /target
fill /source/a 30M; fill /source/b 25M; copy fits; copy again
sleep 1; fill /source/b 25M; copy replaces-big
clear_all; for i in $(seq 50); do fill /source/$i 1M; done; copy many
sleep 1; for i in $(seq 50); do fill /source/$i 1M; done; copy replaces-many
tell many-equal equal
clear_all; truncate -s 256M /source/holes; echo end >>/source/holes
pkill -f 'x8s-mover serve'; pkill sshd; sleep 0.5; serve; copy holes; tell holes-size du -k --apparent-size /target/holes
clear_all; fill /target/old 50M; fill /source/new 40M; copy merge; tell merge-left ls /target
copy force X8S_MODE=force; tell force-left ls /target
rm /source/new; copy empty X8S_MODE=force; tell empty-left ls /target
`,
    );

    test('writes nothing where the source can not fit, and says what is missing', () => {
      const end = result().ends.get('too-big');
      expect(end).toMatchObject({ outcome: 'no-room', code: 3, room: { needBytes: 80 << 20 } });
      expect(end?.room?.freeBytes).toBeLessThanOrEqual(64 << 20);
      expect(result().told.get('untouched')).toBe('');
    });

    test('copies again into a nearly full target what is there already', () => {
      expect(result().ends.get('again')).toMatchObject({ outcome: 'ok', stats: { transferredBytes: 0 } });
    });

    test('counts a changed file twice, since the old one goes only when the new one is there', () => {
      expect(result().ends.get('replaces-big')).toMatchObject({
        outcome: 'no-room',
        room: { needBytes: 25 << 20 },
      });
    });

    test('copies many changed files, one after the other', () => {
      expect(result().ends.get('replaces-many')).toMatchObject({
        outcome: 'ok',
        stats: { transferredBytes: 50 << 20 },
      });
      expect(result().told.get('many-equal')).toBe('equal');
    });

    test('counts holes as nothing', () => {
      expect(result().ends.get('holes')).toMatchObject({ outcome: 'ok' });
      expect(result().told.get('holes-size')).toMatch(/^262145\t/);
    });

    test('counts what a forced copy frees', () => {
      expect(result().ends.get('merge')).toMatchObject({ outcome: 'no-room' });
      expect(result().told.get('merge-left')).toBe('old');
      expect(result().ends.get('force')).toMatchObject({ outcome: 'ok' });
      expect(result().told.get('force-left')).toBe('new');
    });

    test('does not empty the target for an empty source', () => {
      expect(result().ends.get('empty')).toMatchObject({ outcome: 'source-empty', code: 3 });
      expect(result().told.get('empty-left')).toBe('new');
    });
  });

  describe('whose source goes away', () => {
    const result = played(
      'away',
      `
serve
fill /source/big 40M; echo small >/source/small
(arrived; kill $serving; pkill -f '^sshd: root@'; sleep 1; serve; sleep 30) & away=$!
copy returns X8S_BWLIMIT=10M X8S_CONNECT_SECONDS=20
tell returns-equal equal
kill $away; pkill -f 'x8s-mover serve'; pkill sshd; sleep 0.5; clear_all; serve; fill /source/big 40M
(arrived; kill $serving; pkill -f '^sshd: root@') &
copy stays-away X8S_BWLIMIT=10M X8S_CONNECT_SECONDS=2
tell kept find /target -type f ! -name state
serve; clear_all; echo x >/source/x
make_key $keys/client_key; copy other-client
cp $keys/client_key.pub $keys/authorized_keys; pin $keys/client_key; copy other-host
tell target-left ls -A /target
kill $serving; sleep 0.5
copy nobody X8S_CONNECT_SECONDS=1 X8S_ADDRESSES='127.0.0.1:2222 [::1]:2223 no.such.host:22'
copy told-later X8S_ADDRESSES= X8S_CONNECT_SECONDS=20 & copying=$!; sleep 1
pin $keys/host_key; serve; x8s-mover addresses 127.0.0.1:1 127.0.0.1:2222; wait $copying
`,
    );

    test('goes on when it comes back', () => {
      expect(result().ends.get('returns')).toMatchObject({ outcome: 'ok', attempts: 2 });
      expect(result().told.get('returns-equal')).toBe('equal');
    });

    test('keeps what arrived, and says that nobody answers, when it does not', () => {
      expect(result().ends.get('stays-away')).toMatchObject({
        outcome: 'unreachable',
        code: 4,
        message: expect.stringMatching(/connection refused/),
      });
      expect(result().told.get('kept')).toBe('/target/.x8sync/partial/big');
    });

    test('trusts no other key, and does not write for one', () => {
      expect(result().ends.get('other-client')).toMatchObject({
        outcome: 'auth',
        message: expect.stringMatching(/does not accept the key of this task/),
      });
      expect(result().ends.get('other-host')).toMatchObject({
        outcome: 'auth',
        message: expect.stringMatching(/does not have the host key of this task's source/),
      });
      expect(result().told.get('target-left')).toBe('');
    });

    test('says of every address why it did not do', () => {
      expect(result().ends.get('nobody')).toMatchObject({ outcome: 'unreachable', code: 4 });
      expect(result().ends.get('nobody')?.message).toMatch(
        /127\.0\.0\.1:2222: connection refused; \[::1\]:2223: .*; no\.such\.host:22: /,
      );
    });

    test('finds it at an address that it is told later', () => {
      expect(result().ends.get('told-later')).toMatchObject({ outcome: 'ok' });
    });
  });

  describe('without root on either side', () => {
    const result = played(
      'user',
      String.raw`
idle=15; serve $unprivileged
echo plain >/source/plain; setfattr -n user.note -v kept /source/plain; echo secret >/source/of-root; chmod 600 /source/of-root
mknod /source/device c 1 3; cp /bin/true /source/capable; /sbin/setcap cap_net_raw+ep /source/capable 2>/dev/null || true
ln -s /run/x8s/serve /source/out; chmod 1777 /target
copy user X8S_USER=mover X8S_PRIVILEGES=user $unprivileged
tell attribute getfattr --absolute-names --only-values -n user.note /target/plain
install -m 600 $keys/client_key key
ssh="ssh -i key -p 2222 -l mover -o UserKnownHostsFile=$keys/known_hosts -o HostKeyAlias=x8s-source -o BatchMode=yes -o LogLevel=ERROR"
try() { local name=$1; shift; rm -rf got; mkdir got; if "$@" >/dev/null 2>&1 && [ -n "$(ls -A got)" ]; then echo "$name got $(ls -A got | head -n 3 | tr '\n' ' ')"; fi; }
printf 'out/host_key\n' >list; printf 'x/../../run/x8s/serve/host_key\n' >dots
attempts() {
  try link rsync -a -e "$ssh" 127.0.0.1::source/out/ got/
  try through rsync -a -e "$ssh" 127.0.0.1::source/out/host_key got/
  try dots rsync -a -e "$ssh" 127.0.0.1::source/../run/x8s/serve/host_key got/
  try list rsync -a --files-from=list -e "$ssh" 127.0.0.1::source/ got/
  try dots-in-list rsync -a --files-from=dots -e "$ssh" 127.0.0.1::source/ got/
  try follow rsync -rL -e "$ssh" 127.0.0.1::source/out got/
  try follow-folders rsync -rk -e "$ssh" 127.0.0.1::source/out got/
  try unsafe rsync -r --copy-unsafe-links -e "$ssh" 127.0.0.1::source/out got/
  try parameter rsync -a -M--dparam=path=/ -e "$ssh" 127.0.0.1::source/etc/ got/
}
tell escapes attempts
tell served rsync -r -e "$ssh" 127.0.0.1::source/plain got/
for _ in $(seq 600); do grep -q x8s:closed serve.log && break; sleep 0.1; done
tell closed sh -c "grep -c x8s:closed serve.log; $ssh 127.0.0.1 usage 2>&1 | tail -n 1"
kill -TERM $serving; wait $serving; tell end echo $?
`,
    );

    test('copies what it can, and names what it could not keep', () => {
      const end = result().ends.get('user');
      expect(end).toMatchObject({ outcome: 'partial', code: 5, failures: ['of-root'] });
      expect(end?.lost).toEqual(expect.arrayContaining(['ownership', 'devices']));
      expect(result().told.get('attribute')).toBe('kept');
    });

    test('the source gives out nothing but the volume, not its own keys either', () => {
      expect(result().told.get('escapes')).toBe('');
      expect(result().told.get('served')).toBe('');
    });

    test('the source closes its door when no one comes, and ends at once when told', () => {
      expect(result().told.get('closed')).toMatch(/^1\n.*Connection refused/);
      expect(result().told.get('end')).toBe('0');
    });
  });
});
