/** More kinds of containers that are synced both ways, and one with little memory, where an agent wants more. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { images, makePods, podOf, Workplace } from './support/devsync.ts';
import { begin, expectSynced } from './support/devsync-kind-synced.ts';
import { app, otherKinds, still } from './support/devsync-kinds.ts';
import { workplaces } from './support/workplaces.ts';

const { place, open } = workplaces();

// All of them at once: each takes seconds to begin, and waits most of the time.
beforeAll(() => makePods(place().namespace, ...otherKinds.map(({ name, spec }) => podOf(name, spec))));

describe('a container', () => {
  test.each(otherKinds.map((kind) => [kind.name, kind] as const))('%s', (_, kind) =>
    expectSynced(open(), kind),
  );

  test('with nothing but a static program in it', async () => {
    const it = open();
    await begin(it, still);
    await it.must('flush', 'still');
    // A second workstation sees what is there.
    const other = new Workplace(place());
    try {
      const plan = JSON.parse(await other.must('plan', '--pod', 'still', other.local, '/work', '-o', 'json'));
      expect(plan.changes).toEqual([
        expect.objectContaining({ path: 'from-here', to: 'local', becomes: 'a directory with 1 files' }),
      ]);
    } finally {
      await other.close();
    }
  });
});

test('a container is never killed for the agent: that is the first to go', async () => {
  const eater = 'const b=[];for(let i=0;i<7;i++)b.push(Buffer.alloc(10<<20,1));setInterval(()=>b.length,1e9)';
  const memory = { cpu: '100m', memory: '160Mi' };
  const resources = { requests: memory, limits: memory };
  const it = open();
  const container = app(images.node, ['node', '-e', eater], {
    resources,
    securityContext: { runAsUser: 0 },
  });
  await it.sync('tight', { pod: { containers: [container] }, options: ['--make-remote'] });
  const look =
    'for(const p of require("fs").readdirSync("/proc"))try{const r=f=>require("fs").readFileSync("/proc/"+p+"/"+f,"utf8");console.log(p,r("oom_score_adj").trim(),r("cmdline").includes("max-old-space"))}catch{}';
  const scores = await it.kubectl('exec', 'tight', '--', 'node', '-e', look);
  expect(scores).toMatch(/^\d+ 1000 true$/m);
  const found = JSON.parse((await it.devsync('doctor', 'tight', '-o', 'json')).stdout) as object[];
  expect(found).toContainEqual({
    check: 'memory',
    verdict: 'note',
    message: expect.stringMatching(/limit is 160Mi; an agent takes up to 96 MiB.* first to be killed/),
  });
  // The agent is made to need more than there is; whatever dies, it is not the app.
  for (let index = 0; index < 40; index++) it.write(`big/${index}`, `${index}`.repeat(2 << 20));
  await it.devsync('flush', 'tight');
  const restarts = await it.kubectl(
    'get',
    'pod',
    'tight',
    '-o',
    'jsonpath={.status.containerStatuses[0].restartCount}',
  );
  expect(restarts).toBe('0');
});
