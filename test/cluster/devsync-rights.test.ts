/** What `rbac` prints is enough, and each right of it is needed and named where it is missing. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { apply } from './support/clients.ts';
import { contextA } from './support/contexts.ts';
import { forever, images, nodeForever, Workplace } from './support/devsync.ts';
import { type Right, untilHeeded } from './support/heeded.ts';
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

/** Every role that lacks one verb on one resource. */
function lessened(role: Role): { role: Role; lacks: Right }[] {
  return role.rules.flatMap((rule, index) =>
    rule.resources.flatMap((resource) =>
      rule.verbs.map((verb) => {
        const others = role.rules.filter((_, at) => at !== index);
        const rest = { ...rule, resources: rule.resources.filter((one) => one !== resource) };
        const less = { ...rule, resources: [resource], verbs: rule.verbs.filter((one) => one !== verb) };
        const rules = [...others, rest, less].filter(
          ({ resources, verbs }) => resources.length * verbs.length > 0,
        );
        const [group = ''] = rule.apiGroups;
        return { role: { ...role, rules }, lacks: { verb, group, resource } };
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
    const { kube, namespace } = place();
    const heeds = (right: Right, isAllowed: boolean) =>
      untilHeeded(kube, person.name, { ...right, namespace }, isAllowed);
    for (const { lacks } of lessened(role)) await heeds(lacks, true);

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
    const all = lessened(role).filter(({ lacks }) => launcher === 'exec' || lacks.verb === 'patch');
    expect(all.length).toBeGreaterThan(0);
    for (const { role: less, lacks: right } of all) {
      await apply(contextA, it.namespace, less);
      await heeds(right, false);
      const lacks = `${right.verb} ${right.resource}`;
      const refused = await run(pluginProgram('devsync'), args, { env: { ...environment, ...env } });
      expect([lacks, refused.code]).toEqual([lacks, 4]);
      expect(refused.stderr).toContain(`may not ${lacks} in namespace "${it.namespace}"`);
    }
  },
);

const notTheirs = (path: string) =>
  new RegExp(
    `REMOTE ${path} cannot be written to .*: ${path} belongs to 0:0 \\(mode 0755\\), and the agent runs as 65532:`,
  );
const readOnly =
  /REMOTE \/fixed is on a read-only file system: what is mounted at \/fixed \(\w+\) is mounted read-only/;
/** Only the image knows its user: without being told, a first attempt as root is in vain, and leaves a container behind. */
const asImagesUser = ['--run-as', '65532:65532'];
const places = [
  ['exec', []],
  ['ephemeral', asImagesUser],
] as const;

async function podOfAUser(it: Workplace): Promise<void> {
  const volumeMounts = [
    { name: 'data', mountPath: '/data' },
    { name: 'data', mountPath: '/fixed', readOnly: true },
  ];
  await it.pod('users', {
    volumes: [{ name: 'data', emptyDir: {} }],
    containers: [{ name: 'app', image: images.node, command: nodeForever, volumeMounts }],
  });
}

test('who may not write to REMOTE is told whose it is, or what is mounted there; --run-as names the user of an image', async () => {
  work = new Workplace(place());
  const it = work;
  await podOfAUser(it);
  const plan = (remote: string, ...options: string[]) =>
    it.devsync('plan', '--pod', 'users', ...options, it.local, remote);
  for (const [launcher, options] of places) {
    const of = ['--launcher', launcher, ...options];
    const refused = await plan('/etc', ...of);
    expect([launcher, refused.code, refused.stderr]).toEqual([
      launcher,
      1,
      expect.stringMatching(notTheirs('/etc')),
    ]);
    expect((await plan('/fixed', ...of)).stderr).toMatch(readOnly);
  }
  // An exec has a user of its own.
  const asRoot = await plan('/data', '--launcher', 'exec', '--run-as', '0');
  expect(asRoot.stderr).toMatch(/in the container it runs as 65532:\d+, and as nobody else/);
  await it.must(...['plan', '--pod', 'users', '--launcher', 'ephemeral', ...asImagesUser, it.local, '/data']);
  const pod = JSON.parse(await it.kubectl('get', 'pod', 'users', '-o', 'json'));
  expect(pod.spec.ephemeralContainers).toHaveLength(1);
});

test('so say watch and up, at once, and a file may name the user', async () => {
  work = new Workplace(place());
  const it = work;
  await podOfAUser(it);
  const syncs = places.flatMap(([launcher, options]) =>
    ['etc', 'fixed'].map((remote) => ({ name: `${launcher}-${remote}`, launcher, options, remote })),
  );
  for (const { name, launcher, options, remote } of syncs) {
    it.write(`${name}/a`, 'a');
    const where = [join(it.local, name), `/${remote}`];
    const how = ['--pod', 'users', '--launcher', launcher, ...options, '--allow-overlap'];
    await it.must('create', '--name', name, ...how, ...where);
  }
  await it.watch();
  for (const { name, remote } of syncs) {
    const words = remote === 'etc' ? notTheirs('/etc') : readOnly;
    const { state } = await it.reaches(name, 'waiting', (seen) => words.test(seen.state?.message ?? ''));
    expect(state?.problems).toEqual([]);
    expect(await it.must('logs', name)).toMatch(words);
  }
  await it.stop();
  expect(await it.must('get')).toContain('exec-etc');

  // As `.devsync.yaml` has it: a number, or a text.
  const of = (name: string, remote: string, runAs: number | string) => ({
    ...{ pod: 'users', local: `local/${name}`, remote, launcher: 'ephemeral', runAs, makeRemote: true },
  });
  it.write('number/a', 'a');
  it.write('text/a', 'a');
  it.write('theirs/a', 'a');
  const file = join(it.base, '.devsync.yaml');
  const named = {
    number: of('number', '/data/number', 65532),
    text: of('text', '/data/text', '65532:65532'),
    theirs: of('theirs', '/usr/local', '65532:65532'),
  };
  writeFileSync(file, JSON.stringify({ namespace: it.namespace, syncs: named }));
  running = startPlugin('devsync', ['up', '--yes', '--file', file, '--context', contextA], {
    X8S_STATE_DIR: join(it.base, 'state'),
  });
  await running.saw(notTheirs('/usr/local'));
  for (const name of ['number', 'text']) await running.saw(new RegExp(`${name}: in sync`));
  const look = "for (const one of ['number', 'text']) console.log(fs.statSync('/data/' + one + '/a').uid)";
  expect(await it.kubectl('exec', 'users', '--', 'node', '-e', look)).toBe('65532\n65532\n');
});
