/** A sync whose pod has to leave its node, and has nowhere to go at first. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, jest, test } from '@jest/globals';
import { apply } from '../cluster/support/clients.ts';
import { contextA, isLab } from '../cluster/support/contexts.ts';
import { forever, images, type Seen, type Workplace } from '../cluster/support/devsync.ts';
import { noAgents, uninstall } from '../cluster/support/node-agents.ts';
import { workplaces } from '../cluster/support/workplaces.ts';
import { drainNode, ensureUp, uncordonNode } from '../lab/index.ts';
import { eventually } from '../support/eventually.ts';

jest.setTimeout(300_000);

/** Of the cluster that is drained. */
const nodes = ['lab-a-1', 'lab-a-2'];
const rolled = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'drained' },
  spec: {
    selector: { matchLabels: { app: 'drained' } },
    template: {
      metadata: { labels: { app: 'drained' } },
      spec: { containers: [{ name: 'app', image: images.plain, command: forever }] },
    },
  },
};

(isLab ? describe : describe.skip)('a sync', () => {
  beforeAll(ensureUp, 120_000);
  const { place, open } = workplaces();

  test('follows its pod from a node that is drained, and says what it waits for while there is none', async () => {
    const it = open();
    await noAgents(place().kube);
    await it.must('init', '--node-agent');
    try {
      await apply(contextA, it.namespace, rolled);
      await it.kubectl('rollout', 'status', 'deployment/drained', '--timeout=90s');
      for (const launcher of ['ephemeral', 'node-agent']) {
        const local = join(it.local, launcher);
        mkdirSync(local);
        const options = ['--name', launcher, '-l', 'app=drained', '--launcher', launcher, '--make-remote'];
        await it.must('create', ...options, local, `/srv/${launcher}`);
      }
      await it.watch();
      await expectFollows(it, await it.reaches('ephemeral', 'watching'));
    } finally {
      await Promise.all(nodes.map(uncordonNode));
      await uninstall();
    }
  });

  async function expectFollows(it: Workplace, { state }: Seen): Promise<void> {
    await it.reaches('node-agent', 'watching');
    // Nowhere to go at first. A scheduler that has not heard of it yet may still have chosen a node: then once more.
    await eventually(async () => {
      await Promise.all(nodes.map(drainNode));
      const node = await it.kubectl(
        'get',
        'pods',
        '-l',
        'app=drained',
        '-o',
        'jsonpath={.items[*].spec.nodeName}',
      );
      if (node !== '') throw new Error(`a pod is on ${node} again`);
    });
    await it.reaches('ephemeral', 'waiting', (seen) => /has no node yet/.test(seen.state?.message ?? ''));
    for (const launcher of ['ephemeral', 'node-agent']) it.write(`${launcher}/saved`, 'meanwhile');
    await Promise.all(nodes.map(uncordonNode));
    for (const launcher of ['ephemeral', 'node-agent']) {
      const seen = await it.reaches(launcher, 'watching', (now) => now.state?.pod !== state?.pod);
      await it.must('flush', launcher);
      expect(await it.sh(seen.state?.pod ?? '', `cat /srv/${launcher}/saved`)).toBe('meanwhile');
    }
  }
});
