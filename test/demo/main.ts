/**
 * `npm run demo`: the main job on real input. Two clusters, a claim full of real files of many kinds, one
 * `kubectl x8sync`, and a comparison of both sides. Exit 0 only where they are the same.
 * `--keep` leaves the two namespaces for a look around.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { packagePlugins } from '../../scripts/package.ts';
import { contextA, contextB, isLab, kubeconfig } from '../cluster/support/contexts.ts';
import { environment } from '../cluster/support/kubectl.ts';
import { Scene } from '../cluster/support/scene.ts';
import { differences, type Tree, treeOf } from '../cluster/support/tree.ts';
import { ensureUp, kubectlPath } from '../lab/index.ts';

const keep = process.argv.includes('--keep');
const say = (text: string) => process.stdout.write(`${text}\n`);

/** The image's own files, thousands of them, and whatever copies tend to lose. */
const fill = String.raw`
  cd /data
  cp -a /usr/share /usr/lib /etc . 2>/dev/null
  mkdir special && cd special
  echo 'owned by 1234:4321' > owner && chown 1234:4321 owner && chmod 640 owner
  echo setuid > setuid && chmod 4755 setuid
  ln -s owner link; ln -s /nowhere/at/all dangling
  echo twice > hard-a && ln hard-a hard-b
  truncate -s 64M sparse && printf x | dd of=sparse bs=1 seek=1000000 conv=notrunc status=none
  echo acl > acl && setfacl -m u:1234:rw acl
  echo attribute > attribute && setfattr -n user.origin -v demo attribute
  mkfifo fifo; mknod null c 1 3
  mkdir empty; mkdir 'a b'; echo 1 > 'a b/with spaces'; echo 2 > ./-dash; echo 3 > '#hash'
  echo 4 > $'new\nline'; echo 5 > $'not-utf8-\xff\xfe'; echo 6 > 'Grüße 世界'
  touch -d '2001-02-03 04:05:06.123456789' time
  cd .. && find . | wc -l
`;

/** Runs the command as a person would, with their terminal. */
async function show(args: readonly string[]): Promise<number> {
  say(`\n$ kubectl ${args.join(' ')}`);
  const kubectl = isLab ? kubectlPath() : 'kubectl';
  const child = spawn(kubectl, args, {
    env: { ...environment, NO_COLOR: process.env.NO_COLOR },
    stdio: 'inherit',
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

const kinds: readonly [type: string, name: string][] = [
  ['f', 'files'],
  ['d', 'directories'],
  ['l', 'symbolic links'],
  ['p', 'fifos'],
  ['c', 'devices'],
];

function describe(tree: Tree): string {
  const types = [...tree.values()].map(({ type }) => type);
  const counts = kinds.map(([type, name]) => `${types.filter((one) => one === type).length} ${name}`);
  return counts.join(', ');
}

/** Compares both sides, says what it finds, and tells whether they are the same. */
async function compare(scene: Scene): Promise<boolean> {
  say('\nReading both sides: content (SHA-256), type, mode, owner, group, time to the nanosecond, size,');
  say('link targets, hard links, ACLs, attributes, file capabilities …');
  const [source, target] = await Promise.all([
    treeOf(scene, contextA, 'data'),
    treeOf(scene, contextB, 'data'),
  ]);
  const found = differences(source, target);
  for (const line of found.slice(0, 20)) say(`  ${line}`);
  say(found.length === 0 ? `The same: ${describe(target)}.` : `${found.length} differences.`);
  return found.length === 0;
}

async function demo(scene: Scene): Promise<boolean> {
  const [source, target] = [scene.ref(contextA, 'data'), scene.ref(contextB, 'data')];
  say(`Making claims ${source} and ${target}, and filling the first …`);
  await Promise.all([contextA, contextB].map((context) => scene.claim(context, 'data', { size: '1Gi' })));
  say(`${(await scene.shell(contextA, 'data', fill)).trim()} entries.`);
  if ((await show(['x8sync', source, target])) !== 0) return false;
  if (!(await compare(scene))) return false;
  say('\nThe same again, with nothing changed:');
  return (await show(['x8sync', source, target])) === 0;
}

say('Compiling the plugins (skipped where nothing has changed) …');
await packagePlugins();
if (isLab) {
  say('Bringing up two real clusters (minutes on a new machine, seconds afterwards) …');
  await ensureUp();
}
const scene = await Scene.open('demo');
try {
  process.exitCode = (await demo(scene)) ? 0 : 1;
} finally {
  if (keep)
    say(
      `\nLook around: export KUBECONFIG=${kubeconfig}; kubectl --context ${contextB} -n ${scene.namespace} get all`,
    );
  else await scene.close();
}
say(process.exitCode === 0 ? '\nDone: the copy is true.' : '\nThe demo failed; what went wrong is above.');
