/** A source that dials its target: by a node port, again after its run was killed, and what doctor says of it. */
import { afterAll, expect, test } from '@jest/globals';
import { contextA, contextB, isLab } from './support/contexts.ts';
import { manyKinds, someFiles } from './support/files.ts';
import { kubectl } from './support/kubectl.ts';
import { expectSameTrees } from './support/same-trees.ts';
import { Scene } from './support/scene.ts';
import { documentOf, saidBy, startX8sync, x8sync } from './support/x8sync.ts';

// Not in beforeAll: concurrent tests begin before it.
const scene = await Scene.open('push');
const source = scene.ref(contextA, 'source');
await scene.claim(contextA, 'source');
await scene.shell(contextA, 'source', `${manyKinds}\n${someFiles(3)}`);
afterAll(() => scene.close());

/** Effective user and capabilities of every sshd of a pod, the one of each connection among them; one may end meanwhile. */
const usersOfSshd = `for pid in $(grep -ls ^sshd /proc/[0-9]*/cmdline | cut -d/ -f3); do
  awk '/^(Uid|CapEff):/ { printf "%s ", $(/^Uid/ ? 3 : 2) }' /proc/$pid/status 2>/dev/null; echo
done | sed 's/ $//' | grep . | sort -u`;

async function expectCopied(context: string, claim: string, to = scene): Promise<void> {
  await expectSameTrees([scene, contextA, 'source'], [to, context, claim]);
}

test.concurrent('between clusters: all that a file has, verified, and no Service leads to the source', async () => {
  await scene.claim(contextB, 'nodeport');
  const args = [source, scene.ref(contextB, 'nodeport'), '--push', '--verify', '--name', 'pushed'];
  const running = startX8sync(...args, '--bwlimit', '2M');
  await running.saw('Copy the files …');
  const made = (await scene.leftovers('pushed')).filter((name) => / service\//.test(name));
  expect(made).toEqual([`${contextB} service/x8sync-pushed-target`]);
  const job = 'job/x8sync-pushed-target';
  const users = await kubectl(contextB, ['-n', scene.namespace, 'exec', job, '--', 'sh', '-c', usersOfSshd]);
  expect(users).toBe('65532 0000000000000000\n');
  // Whoever takes it up finds the tunnel, and the mover at work.
  running.child.kill('SIGKILL');
  await running.ended;
  const document = documentOf(await x8sync(...args, '--bwlimit', '2M', '-o', 'json'));
  expect(document).toMatchObject({
    outcome: 'ok',
    strategy: 'nodeport',
    address: expect.stringMatching(/:3\d{4}$/),
    lost: [],
    verification: { different: 0 },
  });
  await expectCopied(contextB, 'nodeport');
  // The direction is the task's, from either side's context.
  const said = saidBy(await x8sync('verify', 'pushed', '--context', contextA, '-n', scene.namespace), 0);
  expect(said).toMatch(/reached as by the task: --push\n[\s\S]*Mover is connected[\s\S]*The same:/);
  expect(await scene.leftovers('pushed')).toEqual([]);
});

test.concurrent('what doctor says of it beforehand: the addresses are the target’s', async () => {
  await scene.claim(contextB, 'examined');
  const ended = await x8sync('doctor', source, scene.ref(contextB, 'examined'), '--push', '-o', 'json');
  const { strategies, rights } = documentOf<Examined>(ended);
  expect(strategies).toEqual([
    expect.objectContaining({ name: 'nodeport', open: true, tried: true }),
    expect.objectContaining({ name: 'mount', open: false }),
    expect.objectContaining({ name: 'clusterip', open: false }),
    expect.objectContaining({ name: 'loadbalancer', open: true, tried: false }),
  ]);
  if (isLab) expect(strategies[0]?.reason).toMatch(/admitted, at 10\.89\.0\.21; /);
  const serviceSides = rights.filter(({ resource }) => resource === 'services').map(({ side }) => side);
  expect(new Set(serviceSides)).toEqual(new Set(['target']));
});

interface Examined {
  readonly strategies: readonly { readonly name: string; readonly reason: string }[];
  readonly rights: readonly { readonly side: string; readonly resource: string }[];
}
