/** `kubectl nsreplicate` and what people get wrong, or may not do; `nsreplicate-command.long.test.ts` has more of both. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { contextA, contextB } from './support/contexts.ts';
import { plugin } from './support/kubectl.ts';
import { Person } from './support/limited.ts';
import { Pair } from './support/nsreplicate.ts';
import { configMap, secret } from './support/objects.ts';
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
  ['no replica', () => primary, 2, /no replica/],
  [
    'a file that pulls, and no word of where from',
    () => ['plan', '--replica', contextB, '--config', file('pull.yaml', pulling)],
    2,
    /pull\.yaml:5:9: it pulls: copies go into the cluster that the file belongs to/,
  ],
  [
    'the primary among the replicas',
    () => [...primary, '--replica', contextA],
    2,
    /same cluster as the primary/,
  ],
  ['a folder without a replica', () => [...primary, ...dir('none')], 2, /none holds no kubeconfig/],
  [
    'a replica twice in a folder',
    () => [...primary, ...dir('twice', ['b', cluster(contextB)], ['c', cluster(contextB)])],
    2,
    /Replica c is the same cluster as replica b/,
  ],
  ['0 workers', () => [...ends, '--worker-count=0'], 2, /--worker-count/],
  ['a kind that is not there', () => [...ends, '--kinds', 'nowhere'], 2, /no resource "nowhere"/],
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
    'a task that never ran',
    () => ['status', '--name', 'never', '--primary', contextA],
    1,
    /there is no task "never"/,
  ],
];

describe('bad input', () => {
  test.each(cases)('%s', refusals());
});

test('each kubeconfig of a folder is a replica, called after its file', async () => {
  const pair = await Pair.open('folder');
  try {
    await pair.put(pair.from, configMap('a', { a: '1' }));
    const task = ['--name', pair.task, '--sync-namespaces', pair.namespace];
    const clusters = ['--primary', contextA, ...dir('replicas', ['standby', cluster(contextB)])];
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
  beforeAll(async () => {
    pair = await Pair.open('rights');
  });
  afterAll(() => pair.close());

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
});
