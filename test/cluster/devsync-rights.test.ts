/** What `rbac` prints is enough, and each right of it is needed and named where it is missing. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { apply } from './support/clients.ts';
import { contextA } from './support/contexts.ts';
import { forever, images, nodeForever, Workplace } from './support/devsync.ts';
import { environment, pluginProgram, startPlugin } from './support/kubectl.ts';
import { Person } from './support/limited.ts';
import { inNamespace } from './support/namespace.ts';
import { type Running, run } from './support/process.ts';

const place = inNamespace('A');
let work: Workplace | undefined;
let running: Running | undefined;
const person = new Person();
afterEach(async () => {
  running?.child.kill('SIGINT');
  await running?.ended;
  await person.forget();
  await work?.close();
  [work, running] = [undefined, undefined];
});

interface Role {
  kind: string;
  rules: { apiGroups: string[]; resources: string[]; verbs: string[] }[];
}

/** Every role that lacks one verb on one resource, and what that is called. */
function lessened(role: Role): { role: Role; lacks: string }[] {
  return role.rules.flatMap((rule, index) =>
    rule.resources.flatMap((resource) =>
      rule.verbs.map((verb) => {
        const others = role.rules.filter((_, at) => at !== index);
        const rest = { ...rule, resources: rule.resources.filter((one) => one !== resource) };
        const less = { ...rule, resources: [resource], verbs: rule.verbs.filter((one) => one !== verb) };
        const rules = [...others, rest, less].filter(
          ({ resources, verbs }) => resources.length * verbs.length > 0,
        );
        return { role: { ...role, rules }, lacks: `${verb} ${resource}` };
      }),
    ),
  );
}

test.each([
  ['exec', images.node, nodeForever],
  ['ephemeral', images.plain, forever],
])(
  'with just what rbac prints for %s a sync runs; without any of it, it says what is missing',
  async (launcher, image, command) => {
    work = new Workplace(place());
    const it = work;
    it.write('src/a', 'a');
    const file = join(it.base, '.devsync.yaml');
    const sync = {
      pod: launcher,
      local: 'local',
      remote: '/data/work',
      launcher,
      makeRemote: true,
    };
    writeFileSync(file, JSON.stringify({ namespace: it.namespace, syncs: { [launcher]: sync } }));
    const mount = { name: 'data', mountPath: '/data' };
    await it.pod(launcher, {
      volumes: [{ name: 'data', emptyDir: {} }],
      containers: [{ name: 'app', image, command, volumeMounts: [mount] }],
    });
    const kubeconfig = person.kubeconfigFor(contextA, join(it.base, 'kubeconfig'), 'limited');
    const args = ['up', '--yes', '--file', file, '--kubeconfig', kubeconfig];
    const env = { X8S_STATE_DIR: join(it.base, 'state') };
    const printed = await it.must(
      'rbac',
      '--launcher',
      launcher,
      '--subject',
      `user:${person.name}`,
      '-o',
      'json',
    );
    const [role, binding] = (JSON.parse(printed) as { items: [Role, object] }).items;
    await apply(contextA, it.namespace, role, binding);

    running = startPlugin('devsync', args, env);
    // It fails with what is said where that ends it.
    await running.saw(new RegExp(`${launcher}: in sync`));
    it.write('src/b', 'b');
    await it.must('flush', launcher);
    await it.reaches(launcher, 'watching', ({ state }) => state?.files === 2);
    expect(running.output.stderr).not.toMatch(/forbidden|may not/);
    running.child.kill('SIGINT');
    await running.ended;
    running = undefined;

    // What they have in common was taken away once.
    const all = lessened(role).filter(({ lacks }) => launcher === 'exec' || lacks.startsWith('patch'));
    expect(all.length).toBeGreaterThan(0);
    for (const { role: less, lacks } of all) {
      await apply(contextA, it.namespace, less);
      const refused = await run(pluginProgram('devsync'), args, { env: { ...environment, ...env } });
      expect([lacks, refused.code]).toEqual([lacks, 4]);
      expect(refused.stderr).toContain(`may not ${lacks} in namespace "${it.namespace}"`);
    }
  },
);

test('who may not write to REMOTE is told whose it is; --run-as names the user of an image, and an exec has its own', async () => {
  work = new Workplace(place());
  const it = work;
  const volumeMounts = [{ name: 'data', mountPath: '/data' }];
  await it.pod('users', {
    volumes: [{ name: 'data', emptyDir: {} }],
    containers: [{ name: 'app', image: images.node, command: nodeForever, volumeMounts }],
  });
  const plan = (remote: string, ...options: string[]) =>
    it.devsync('plan', '--pod', 'users', ...options, it.local, remote);
  const refused = await plan('/etc', '--launcher', 'exec');
  expect([refused.code, refused.stderr]).toEqual([
    1,
    expect.stringMatching(
      /REMOTE \/etc cannot be written to .*: \/etc belongs to 0:0 \(mode 0755\), and the agent runs as 65532:/,
    ),
  ]);
  const asRoot = await plan('/data', '--launcher', 'exec', '--run-as', '0');
  expect(asRoot.stderr).toMatch(/in the container it runs as 65532:\d+, and as nobody else/);
  // Only the image knows its user: without being told, a first attempt as root is in vain, and leaves a container behind.
  await it.must(
    'plan',
    '--pod',
    'users',
    '--launcher',
    'ephemeral',
    '--run-as',
    '65532:65532',
    it.local,
    '/data',
  );
  const pod = JSON.parse(await it.kubectl('get', 'pod', 'users', '-o', 'json'));
  expect(pod.spec.ephemeralContainers).toHaveLength(1);
});
