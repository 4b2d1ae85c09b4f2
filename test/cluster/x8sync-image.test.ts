/** The source's door: what its key may do, and when it closes for good. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { protocol } from '../../plugins/x8sync/mover/protocol/protocol.ts';
import { moverImage } from '../../plugins/x8sync/objects/manifests/pods.ts';
import { version } from '../../src/cli/version.ts';
import { contextA, isLab } from './support/contexts.ts';
import { Scene } from './support/scene.ts';

const image = process.env.X8SYNC_IMAGE ?? moverImage(version);

/** Starts the mover's serve as a source pod does, with keys made on the spot, and says what happens at its door. */
const script = `
mkdir -p /etc/x8s/keys /source/folder /run/x8s
echo content >/source/folder/file
cd /tmp
ssh-keygen -q -t ed25519 -N '' -f client; ssh-keygen -q -t ed25519 -N '' -f other
ssh-keygen -q -t ed25519 -N '' -f /etc/x8s/keys/host_key
cp client.pub /etc/x8s/keys/authorized_keys
X8S_PROTOCOL=${protocol} X8S_NONCE=n X8S_PORT=2222 X8S_IDLE_SECONDS=4 x8s-mover serve >serve.log 2>sshd.log &
for i in $(seq 600); do grep -q x8s:serving serve.log && break; sleep 0.1; done
known="-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"
ssh="ssh -p 2222 -o BatchMode=yes -o IdentitiesOnly=yes $known"
try() { local name=$1; shift; if "$@" >out 2>&1; then echo "$name: yes"; else echo "$name: no ($(tail -n 1 out))"; fi; }
try usage $ssh -i client root@localhost usage
try read rsync -a -e "$ssh -i client" root@localhost::source/ copied/
try content cmp copied/folder/file /source/folder/file
try shell $ssh -i client root@localhost id
try terminal $ssh -tt -i client root@localhost
try escape $ssh -i client root@localhost 'usage; id'
try arguments $ssh -i client root@localhost 'survey 0 0;id'
try forward $ssh -i client -o ExitOnForwardFailure=yes -W localhost:2222 root@localhost
try write rsync -a -e "$ssh -i client" client.pub root@localhost::source/
try outside rsync -a -e "$ssh -i client" root@localhost:/etc/shadow shadow
try module rsync -a -e "$ssh -i client" root@localhost::other/ copied/
try delete rsync -a --remove-source-files -e "$ssh -i client" root@localhost::source/folder/ copied/
try sftp sh -c "echo ls | sftp -P 2222 -b - -i client $known root@localhost"
try stranger $ssh -i other root@localhost usage
try user $ssh -i client mover@localhost usage
try untouched cmp copied/folder/file /source/folder/file
for i in $(seq 600); do grep -q x8s:closed serve.log && break; sleep 0.1; done
try closed grep -q x8s:closed serve.log
try afterwards $ssh -o ConnectTimeout=2 -i client root@localhost usage
kill %1
`;

let said: string;
let scene: Scene;

(isLab ? beforeAll : () => {})(async () => {
  scene = await Scene.open('image');
  said = await scene.run(contextA, { image, script });
});
afterAll(() => scene?.close());

(isLab ? test : test.skip)("the source's key can read that one tree, and nothing else", () => {
  for (const allowed of ['usage', 'read', 'content', 'untouched'])
    expect(said).toContain(`${allowed}: yes\n`);
  const refused = 'shell terminal escape arguments forward write outside module delete sftp stranger user';
  for (const name of refused.split(' ')) expect(said).toContain(`${name}: no (`);
});

(isLab ? test : test.skip)('sshd ends for good when no one has come for a while', () => {
  expect(said).toContain('closed: yes\n');
  expect(said).toMatch(/afterwards: no \(.*Connection refused/);
});
