/** What a person wants of the pods: flags, patches and sidecars. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { imageNames } from '../lab/index.ts';
import { get } from './support/clients.ts';
import { contextA, contextB } from './support/contexts.ts';
import { someFiles } from './support/files.ts';
import { kubectl } from './support/kubectl.ts';
import { Scene } from './support/scene.ts';
import { held, saidBy, startX8sync, x8sync } from './support/x8sync.ts';

interface SeenPod {
  readonly metadata: {
    readonly labels: Record<string, string>;
    readonly annotations: Record<string, string>;
  };
  readonly spec: {
    readonly serviceAccountName: string;
    readonly priorityClassName?: string;
    readonly nodeSelector?: object;
    readonly tolerations: readonly { readonly key: string }[];
    readonly imagePullSecrets?: readonly object[];
    readonly containers: readonly {
      readonly name: string;
      readonly resources: object;
      readonly env: readonly object[];
    }[];
  };
}

const scene = await Scene.open('pods');
const source = scene.ref(contextA, 'source');
await scene.claim(contextA, 'source');
await scene.shell(contextA, 'source', someFiles(6));
const folder = mkdtempSync(join(tmpdir(), 'x8s-test-'));
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await scene.close();
});

function patchFile(name: string, patch: object): string {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify(patch));
  return path;
}

const podsOf = (context: string, task: string) =>
  get<SeenPod>(context, scene.namespace, 'pods', `x8s.dev/task=${task}`);

test.concurrent('flags and a patch are in the pods of both sides; a sidecar neither blocks nor outlives the copy', async () => {
  await scene.claim(contextB, 'wished');
  for (const context of scene.contexts)
    await kubectl(context, ['-n', scene.namespace, 'create', 'serviceaccount', 'mover']);
  const sidecar = { name: 'sidecar', image: imageNames.plain, command: ['sleep', 'infinity'] };
  const patch = patchFile('sidecar.yaml', {
    spec: { containers: [sidecar, { name: 'mover', env: [{ name: 'TZ', value: 'UTC' }] }] },
  });
  const running = startX8sync(
    ...[source, scene.ref(contextB, 'wished'), '--name', 'wished', '--bwlimit', '1M', '--pod-patch', patch],
    ...['--service-account', 'mover', '--cpu', '20m', '--memory', '80Mi:512Mi', '--pod-label', 'team=db'],
    ...['--pod-annotation', 'example.org/why=test', '--toleration', 'dedicated=db:NoSchedule'],
    ...['--node-selector', 'kubernetes.io/os=linux', '--image-pull-secret', 'none'],
  );
  await running.saw('Copy the files …');
  const made = await held(running, async () => {
    const found = scene.contexts.map(
      async (context) => [context, (await podsOf(context, 'wished'))[0]] as const,
    );
    return Object.fromEntries(await Promise.all(found));
  });
  for (const context of scene.contexts) {
    const pod = made[context];
    expect(pod?.metadata).toMatchObject({
      labels: { team: 'db', 'sidecar.istio.io/inject': 'false' },
      annotations: { 'example.org/why': 'test', 'linkerd.io/inject': 'disabled' },
    });
    expect(pod?.spec).toMatchObject({
      serviceAccountName: 'mover',
      nodeSelector: { 'kubernetes.io/os': 'linux' },
      imagePullSecrets: [{ name: 'none' }],
    });
    expect(pod?.spec.tolerations).toContainEqual({
      ...{ key: 'dedicated', operator: 'Equal', value: 'db', effect: 'NoSchedule' },
    });
    const [own, beside] = pod?.spec.containers ?? [];
    expect(own?.resources).toEqual({ requests: { cpu: '20m', memory: '80Mi' }, limits: { memory: '512Mi' } });
    expect(own?.env).toContainEqual({ name: 'TZ', value: 'UTC' });
    expect(beside?.name).toBe('sidecar');
  }
  saidBy(await running.ended, 0);
  expect(await scene.leftovers('wished')).toEqual([]);
});

test.concurrent('a patch that would let the source be written is refused before anything is made', async () => {
  await scene.claim(contextB, 'refused');
  const patch = patchFile('writable.yaml', {
    spec: { containers: [{ name: 'mover', volumeMounts: [{ mountPath: '/source', readOnly: false }] }] },
  });
  const args = [
    source,
    scene.ref(contextB, 'refused'),
    '--name',
    'refused',
    '--pod-patch',
    `source=${patch}`,
  ];
  const said = saidBy(await x8sync(...args), 3);
  expect(said).toMatch(/writable\.yaml changes what keeps data safe[\s\S]*mount of \/source/);
  expect(await scene.phases('refused')).toEqual([]);
  expect(await scene.leftovers('refused')).toEqual([]);
});
