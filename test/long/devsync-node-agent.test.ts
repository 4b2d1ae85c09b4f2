/** More of the agents on every node: where there are none, all kinds of containers, a hostile one, and agents that go. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { agentsPlace } from '../cluster/support/agents-place.ts';
import { expectSyncedByAgents } from '../cluster/support/agents-synced.ts';
import { kindsByNode } from '../cluster/support/confined.ts';
import { contextA, isLab } from '../cluster/support/contexts.ts';
import { Workplace } from '../cluster/support/devsync.ts';
import { Replicas } from '../cluster/support/devsync-chaos.ts';
import { kubectl, startPlugin } from '../cluster/support/kubectl.ts';
import { agentNamespace, agentPods, replaceAgents } from '../cluster/support/node-agents.ts';
import { LabWorkstation } from '../lab/index.ts';
import { eventually } from '../support/eventually.ts';

const { place, open } = agentsPlace(kindsByNode);

test('a file that asks for agents where there are none is told of them', async () => {
  const it = new Workplace(place());
  try {
    const file = join(it.base, '.devsync.yaml');
    const sync = { pod: 'plain', local: 'local', remote: '/work', launcher: 'node-agent' };
    writeFileSync(
      file,
      JSON.stringify({ context: contextA, namespace: place().namespace, syncs: { none: sync } }),
    );
    const up = startPlugin('devsync', ['up', '--yes', '--file', file], {
      X8S_STATE_DIR: join(it.base, 'state'),
    });
    await up.saw(/node \S+ has no agent: an administrator makes them by `init --node-agent`/);
    await it.must('delete', 'none');
    up.child.kill('SIGINT');
    await up.ended;
  } finally {
    await it.close();
  }
});

describe('by the agent of its node, a container of every kind', () => {
  beforeAll(() => open().must('init', '--node-agent'));

  test('is synced both ways, with nothing added to its pod', () => expectSyncedByAgents(open(), kindsByNode));
});

test('a hostile container: none of its files are run, and its links lead nowhere else', async () => {
  const work = open();
  const local = join(work.local, 'hostile');
  mkdirSync(join(local, 'd'), { recursive: true });
  const options = ['--pod', 'hostile', '--launcher', 'node-agent'];
  // The agent's image has programs in that place, too.
  const plan = JSON.parse(await work.must('plan', ...options, local, '/way', '-o', 'json')) as {
    changes: { path: string }[];
  };
  expect(plan.changes.map(({ path }) => path).sort()).toEqual(['d', 'node', 'perl']);
  await work.must('create', '--name', 'hostile', ...options, local, '/work');
  await work.watch('hostile');
  await work.reaches('hostile', 'watching');
  const swap = 'mv -T d e; ln -sT /usr/local/bin d; rm d; ln -sT ../../../usr/local/bin d; rm d; mv -T e d';
  await work.sh('hostile', `cd /work; (while [ ! -e /stop ]; do ${swap}; done) >/dev/null 2>&1 & sleep 0.1`);
  for (let index = 0; index < 12; index++) {
    // The sync may follow the swaps, and take the directory away just now.
    await eventually(() => work.write(`hostile/d/f${index}`, `${index}`));
    await work.sh('hostile', 'ls /usr/local/bin >/dev/null');
  }
  await work.sh('hostile', 'touch /stop; ls -A /usr/local/bin /pwned 2>/dev/null; true').then((seen) => {
    expect(seen).toMatch(/node\nperl\n/);
    expect(seen).not.toMatch(/f\d|pwned/);
  });
  // Nor did they lead into an agent's own root, or into its node's, which is this machine's.
  const list = ['node', '-p', 'fs.readdirSync("/usr/local/bin").join()'];
  for (const { metadata } of await agentPods(place().kube)) {
    const found = await kubectl(contextA, ['-n', agentNamespace, 'exec', metadata.name, '--', ...list]);
    expect(found).toMatch(/kubectl-devsync/);
    expect(found).not.toMatch(/\bf\d/);
  }
  if (isLab) expect(readdirSync('/usr/local/bin').filter((name) => /^f\d+$/.test(name))).toEqual([]);
  const known = /^(d|e|f\d+)$/;
  const names = readdirSync(local, { recursive: true }).flatMap((path) => String(path).split('/'));
  expect(names.filter((name) => !known.test(name))).toEqual([]);
});

test('three pods: agents are killed, streams are reset, containers and the agents of all nodes are started again', async () => {
  const desk = isLab ? await LabWorkstation.make() : undefined;
  const it = new Workplace(place());
  it.under = desk?.under ?? [];
  try {
    const replicas = await Replicas.sync(it, 'three', 'node-agent');
    await replicas.round(async () => {
      await replicas.killAgents();
      await desk?.reset();
    });
    await replicas.round(replicas.restartContainers, { there: false });
    // As an eviction, a crash, or an upgrade to another version does.
    await replicas.round(() => replaceAgents(place().kube));
  } finally {
    await it.close();
    await desk?.remove();
  }
});
