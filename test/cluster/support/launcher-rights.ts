/** What `rbac` prints for a launcher is enough, and each right of it is needed and named where it is missing. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect } from '@jest/globals';
import { apply } from './clients.ts';
import { contextA } from './contexts.ts';
import { Workplace } from './devsync.ts';
import { type Right, untilHeeded } from './heeded.ts';
import { environment, pluginProgram, startPlugin } from './kubectl.ts';
import { Person } from './limited.ts';
import type { Place } from './namespace.ts';
import { type Running, run } from './process.ts';

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

/** For the tests of a file: what is to be expected of a launcher, with a pod of this image and command. */
export function launcherRights(place: () => Place) {
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
  return async (launcher: string, image: string, command: string[]): Promise<void> => {
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
  };
}
