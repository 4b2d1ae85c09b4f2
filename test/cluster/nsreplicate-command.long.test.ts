/** More of what people get wrong, or may not do, with `kubectl nsreplicate`. */
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { namespaces } from '../../src/kube/api/resources.ts';
import { contextA, contextB, kubeconfig } from './support/contexts.ts';
import { plugin } from './support/kubectl.ts';
import { kubeconfigOf, Person } from './support/limited.ts';
import { Pair } from './support/nsreplicate.ts';
import { configMap } from './support/objects.ts';
import {
  cluster,
  ends,
  filesIn,
  ownFolder,
  primary,
  pulling,
  type Refused,
  refusals,
} from './support/refused-commands.ts';

const path = ownFolder();
const { file, dir } = filesIn(path);
const run = (...args: string[]) => plugin('nsreplicate', args);

const cases: Refused[] = [
  [
    'a file that pulls into the cluster that it pulls from',
    () => ['plan', '--primary', contextA, '--context', contextA, '--config', file('pull.yaml', pulling)],
    2,
    /same cluster as the primary/,
  ],
  ['an unknown context', () => [...primary, '--replica', 'nowhere'], 2, /nowhere/],
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
  ...['257', '-1', '2.5', 'many'].map(
    (count): Refused => [`${count} workers`, () => [...ends, `--worker-count=${count}`], 2, /--worker-count/],
  ),
  ['a kind that is never copied', () => [...ends, '--kinds', 'pods'], 2, /never copied/],
  [
    'a config file that is not there',
    () => ['--config', '/nowhere.yaml', ...ends],
    2,
    /can't read \/nowhere\.yaml: it does not exist/,
  ],
];

describe('bad input', () => {
  test.each(cases)('%s', refusals());
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
