/** `kubectl nsreplicate` and what people get wrong, or may not do. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { namespaces } from '../../src/kube/api/resources.ts';
import { contextA, contextB, kubeconfig } from './support/contexts.ts';
import { plugin } from './support/kubectl.ts';
import { kubeconfigOf, Person } from './support/limited.ts';
import { Pair } from './support/nsreplicate.ts';
import { configMap, secret } from './support/objects.ts';

const folder = mkdtempSync(join(tmpdir(), 'x8s-test-'));
const path = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

const run = (...args: string[]) => plugin('nsreplicate', args);

describe('bad input', () => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await Pair.open('bad');
  });
  afterAll(() => pair.close());
  const file = (name: string, text: string) => {
    writeFileSync(path(name), text);
    return path(name);
  };
  const primary = ['--once', '--primary', contextA];
  const ends = [...primary, '--replica', contextB];
  /** A folder of files, each made by a function of its path. */
  const dir = (name: string, ...files: [name: string, make: (path: string) => unknown][]) => {
    mkdirSync(path(name));
    for (const [file, make] of files) make(join(path(name), file));
    return ['--replica-dir', path(name)];
  };
  const cluster = (context: string) => (file: string) => kubeconfigOf(context, file, 'default');
  const pulling = `apiVersion: syncer.gkelabs.io/v1alpha1
kind: KRMSyncer
metadata: {name: s}
spec:
  mode: pull
  remote: {clusterConfig: {kubeConfigSecretRef: {name: k}}}
  rules: [{group: '', version: v1, kind: ConfigMap, namespaces: [none-such]}]
`;
  const cases: [what: string, args: () => string[], code: number, says: RegExp][] = [
    ['no replica', () => primary, 2, /no replica/],
    [
      'a file that pulls, and no word of where from',
      () => ['plan', '--replica', contextB, '--config', file('pull.yaml', pulling)],
      2,
      /pull\.yaml:5:9: it pulls: copies go into the cluster that the file belongs to/,
    ],
    [
      'a file that pulls into the cluster that it pulls from',
      () => ['plan', '--primary', contextA, '--context', contextA, '--config', file('pull.yaml', pulling)],
      2,
      /same cluster as the primary/,
    ],
    ['an unknown context', () => [...primary, '--replica', 'nowhere'], 2, /nowhere/],
    [
      'the primary among the replicas',
      () => [...primary, '--replica', contextA],
      2,
      /same cluster as the primary/,
    ],
    [
      'the primary among the replicas, under another name',
      () => [...primary, '--replica', kubeconfigOf(contextA, path('other.yaml'), 'alias')],
      2,
      /same cluster as the primary/,
    ],
    [
      'a folder of replicas that is not there',
      () => [...primary, '--replica-dir', path('nowhere')],
      2,
      /--replica-dir: can't read \S+nowhere: it does not exist/,
    ],
    ['a folder without a replica', () => [...primary, ...dir('none')], 2, /none holds no kubeconfig/],
    [
      'a file among the replicas that is no kubeconfig',
      () => [
        ...primary,
        ...dir('mixed', ['b', cluster(contextB)], ['notes.txt', (file) => writeFileSync(file, 'see wiki')]),
      ],
      2,
      /mixed\/notes\.txt/,
    ],
    [
      'a replica twice in a folder',
      () => [...primary, ...dir('twice', ['b', cluster(contextB)], ['c', cluster(contextB)])],
      2,
      /Replica c is the same cluster as replica b/,
    ],
    [
      'a replica by name and in a folder',
      () => [...ends, ...dir('also', ['other', cluster(contextB)])],
      2,
      new RegExp(`Replica other is the same cluster as replica ${contextB}`),
    ],
    [
      'the primary in the folder of replicas',
      () => [...primary, ...dir('primary', ['b', cluster(contextB)], ['p.yaml', cluster(contextA)])],
      2,
      /Replica p is the same cluster as the primary/,
    ],
    ...['0', '257', '-1', '2.5', 'many'].map((count): [string, () => string[], number, RegExp] => [
      `${count} workers`,
      () => [...ends, `--worker-count=${count}`],
      2,
      /--worker-count/,
    ]),
    ['a kind that is not there', () => [...ends, '--kinds', 'nowhere'], 2, /no resource "nowhere"/],
    ['a kind that is never copied', () => [...ends, '--kinds', 'pods'], 2, /never copied/],
    ['a bad glob', () => [...ends, '--sync-namespaces', 'a['], 2, /"a\[" is not a glob/],
    ['a bad selector', () => [...ends, '-l', 'a b'], 2, /not a label selector/],
    [
      'a sensitive namespace',
      () => [...ends, '--sync-namespaces', 'kube-system'],
      2,
      /--allow-sensitive-namespaces/,
    ],
    ['two namespaces into one', () => [...ends, '--map', 'a=c,b=c'], 2, /both a and b into namespace c/],
    [
      'a typo in a config file',
      () => ['--config', file('typo.yaml', 'rules:\n  - kind: ConfigMap\n    namespace: [a]\n'), ...ends],
      2,
      /typo\.yaml:3:5: unknown key "rules\[0\]\.namespace"[\s\S]*namespaces/,
    ],
    [
      'a config file that is not there',
      () => ['--config', '/nowhere.yaml', ...ends],
      2,
      /can't read \/nowhere\.yaml: it does not exist/,
    ],
    [
      'a task that never ran',
      () => ['status', '--name', 'never', '--primary', contextA],
      1,
      /there is no task "never"/,
    ],
  ];

  test.each(cases)('%s', async (_what, args, code, says) => {
    const given = args();
    // Some are found out when the task has begun already: its state has to go afterwards.
    const ended = await run(...given, ...(given.includes('--name') ? [] : ['--name', pair.task]));
    expect({ code: ended.code, text: ended.stderr }).toEqual({ code, text: expect.stringMatching(says) });
  });
});

test('each kubeconfig of a folder is a replica, called after its file', async () => {
  const pair = await Pair.open('folder');
  try {
    mkdirSync(path('replicas'));
    kubeconfigOf(contextB, join(path('replicas'), 'standby'), 'default');
    await pair.put(pair.from, configMap('a', { a: '1' }));
    const task = ['--name', pair.task, '--sync-namespaces', pair.namespace];
    const clusters = ['--primary', contextA, '--replica-dir', path('replicas')];
    const { code, stdout } = await run('--once', ...clusters, ...task, '-o', 'json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout).replicas).toMatchObject([{ name: 'standby', counts: { created: 2 } }]);
    await pair.equal();
  } finally {
    await pair.close();
  }
});

describe('rights', () => {
  let pair: Pair;
  let person: Person;
  beforeAll(async () => {
    pair = await Pair.open('rights');
    person = new Person();
    await pair.put(pair.from, configMap('a', { a: '1' }));
  });
  afterAll(async () => {
    await person.forget();
    await pair.close();
  });

  test('to read some namespaces only, and to make none', async () => {
    const limited = [
      ...['--once', '--name', pair.task, '--kubeconfig', kubeconfig, '--state-context', contextA],
      ...['--primary', person.kubeconfigFor(contextA, path('from.yaml'), 'from')],
      ...['--replica', person.kubeconfigFor(contextB, path('to.yaml'), 'to')],
    ];
    await person.mayAllIn(pair.from, pair.namespace);
    expect(await run(...limited)).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('--sync-namespaces'),
    });
    const named = [...limited, '--sync-namespaces', pair.namespace];
    expect(await run(...named)).toMatchObject({
      code: 5,
      stderr: expect.stringContaining(`may not list configmaps in namespace "${pair.namespace}"`),
    });
    await pair.to.create(namespaces, { metadata: { name: pair.namespace } });
    await person.mayAllIn(pair.to, pair.namespace);
    expect(await run(...named)).toMatchObject({ code: 0 });
    await pair.equal();
  });

  test('to read no Secrets: said by plan and drift, which call nothing equal that they did not see', async () => {
    const reader = new Person();
    const rules = [
      { apiGroups: [''], resources: ['namespaces', 'configmaps'], verbs: ['get', 'list', 'watch', 'patch'] },
    ];
    try {
      const namespace = await pair.addNamespace('blind');
      const task = [
        ...['--name', pair.otherTask('blind'), '--sync-namespaces', namespace],
        ...['--kinds', 'cm,secret'],
      ];
      const hidden = secret('hidden', { a: '1' });
      await pair.put(pair.from, configMap('seen', { a: '1' }, { namespace }), {
        ...hidden,
        metadata: { ...hidden.metadata, namespace },
      });
      expect(await run('--once', '--primary', contextA, '--replica', contextB, ...task)).toMatchObject({
        code: 0,
      });
      await Promise.all([reader.may(pair.from, rules), reader.may(pair.to, rules)]);
      const from = ['--primary', contextA, '--replica', reader.kubeconfigFor(contextB, path('r.yaml'), 'r')];
      const unread =
        /error: not everything could be compared\n.*r: Secret can't be read: .*may not list secrets/;
      for (const [command, nothing] of [
        ['plan', 'Nothing would change of what could be compared.'],
        ['drift', 'Nothing has drifted of what could be compared.'],
      ] as const) {
        const blind = await run(command, ...from, ...task);
        expect(blind).toMatchObject({ code: 5, stderr: expect.stringMatching(unread) });
        expect(blind.stdout + blind.stderr).toContain(nothing);
        const primary = reader.kubeconfigFor(contextA, path('p.yaml'), 'p');
        const lost = await run(
          ...[command, '--primary', primary, '--replica', contextB, '--state-context', contextA],
          ...task,
        );
        expect(lost).toMatchObject({
          code: 5,
          stderr: expect.stringMatching(/p: Secret can't be read: .*may not list secrets/),
        });
        expect(lost.stdout + lost.stderr).toContain(nothing);
      }
    } finally {
      await reader.forget();
    }
  });

  test('to make no namespace: said, and what belongs in it waits', async () => {
    const other = await pair.addNamespace('unmade');
    await pair.put(pair.from, configMap('a', { a: '1' }, { namespace: other }));
    await person.may(pair.to, [
      { apiGroups: [''], resources: ['namespaces', 'configmaps'], verbs: ['get', 'list', 'watch'] },
      { apiGroups: [''], resources: ['configmaps'], verbs: ['create', 'patch'] },
    ]);
    const ended = await run(
      ...['--once', '--name', pair.otherTask('unmade'), '--primary', contextA, '--sync-namespaces', other],
      ...['--replica', person.kubeconfigFor(contextB, path('copier.yaml'), 'copier'), '--kinds', 'cm'],
    );
    expect(ended.code).toBe(5);
    expect(ended.stderr).toMatch(/1 Namespace: forbidden/);
    expect(ended.stderr).toMatch(/1 ConfigMap: namespace-missing/);
  });
});
