import { describe, expect, test } from '@jest/globals';
import { parseConfig } from '../../../../../plugins/nsreplicate/rules/parse-config.ts';
import { UsageError } from '../../../../../src/errors.ts';

const refusal = (text: string): UsageError => {
  try {
    parseConfig(text, 'dr.yaml');
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
  throw new Error('it was not refused');
};

describe('config files', () => {
  test('everything that a file can say', () => {
    const config = parseConfig(
      `
name: dr
primary: eu
replicas: [us, asia]
namespaces: [prod, 'team-*']
excludeNamespaces: [team-x]
namespaceSelector: tier!=dev
allowSensitiveNamespaces: true
map: {prod: prod-dr}
rules:
  - {kind: ConfigMap, selector: app=web}
  - {group: apps, version: v1, kind: Deployment, namespaces: ['team-*'], status: true}
  - {group: '*.example.com', kind: '*', carry: status}
  - {kind: Service, carry: [spec.ports, 'metadata.annotations["a.b/c"]', status]}
overrides:
  - replicas: [us]
    kinds: [Deployment]
    set: {spec.replicas: 0}
    patch:
      - {op: remove, path: /spec/paused}
`,
      'dr.yaml',
    );
    expect(config.name).toBe('dr');
    expect(config.replicas).toEqual(['us', 'asia']);
    expect(config.namespaces).toMatchObject({
      include: ['prod', 'team-*'],
      exclude: ['team-x'],
      sensitive: true,
    });
    expect(config.map).toEqual({ prod: 'prod-dr' });
    expect(config.rules[0]).toMatchObject({
      group: '',
      version: '*',
      carry: { what: 'whole', status: false },
    });
    expect(config.rules[1]?.carry).toEqual({ what: 'whole', status: true });
    expect(config.rules[2]?.carry).toEqual({ what: 'status' });
    expect(config.rules[3]?.carry).toEqual({
      what: 'fields',
      fields: [
        ['spec', 'ports'],
        ['metadata', 'annotations', 'a.b/c'],
      ],
      status: true,
    });
    expect(config.overrides[0]?.patch).toEqual([
      { op: 'add', path: '/spec/replicas', value: 0 },
      { op: 'remove', path: '/spec/paused' },
    ]);
  });

  test.each([
    [
      'rules:\n  - kind: ConfigMap\n    namespace: [a]\n',
      'dr.yaml:3:5: unknown key "rules[0].namespace"',
      'namespaces',
    ],
    ['replica: [a]\n', 'dr.yaml:1:1: unknown key "replica"', 'replicas'],
    ['rules:\n  - {group: apps}\n', 'dr.yaml:2:5: rules[0]: has no kind', undefined],
    ['namespaces:\n  - "a["\n', 'dr.yaml:2:5: namespaces[0]: "a[" is not a glob', undefined],
    ['namespaces: prod\n', 'dr.yaml:1:13: namespaces: must be a list', undefined],
    ['suspend: "yes"\n', 'dr.yaml:1:10: suspend: must be true or false', undefined],
    [
      'rules:\n- kind: A\n  selector: a b\n',
      'dr.yaml:3:13: rules[0].selector: "a b" is not a label selector',
      undefined,
    ],
    ['rules:\n- kind: A\n  carry: all\n', 'dr.yaml:3:10: rules[0].carry: must be "whole"', undefined],
    ['rules:\n- kind: A\n  carry: [metadata.name]\n', 'no field that can be carried', undefined],
    ['overrides:\n- kinds: [A]\n', 'overrides[0]: changes nothing', undefined],
    [
      'overrides:\n- patch: [{op: del, path: /a}]\n',
      'dr.yaml:2:11: overrides[0].patch[0]: "op" must be',
      undefined,
    ],
    ['overrides:\n- patch: [{op: add, path: a}]\n', '"path" must begin with "/"', undefined],
    ['map: {a: B}\n', 'dr.yaml:1:10: map.a: "B" can\'t be the name of a namespace', undefined],
    ['map: {A_b: c}\n', 'dr.yaml:1:12: map.A_b: "A_b" can\'t be the name of a namespace', undefined],
    ['namespaces: []\n', 'dr.yaml:1:13: namespaces: there is no namespace', undefined],
    ['rules:\n- kind: A\n  carry: []\n', 'dr.yaml:3:10: rules[0].carry: there is no field', undefined],
    [
      'overrides:\n- {kinds: [Deploymnt], set: {spec.replicas: 0}}\n',
      'dr.yaml:2:12: overrides[0].kinds[0]: no rule covers a kind "Deploymnt"',
      'Deployment',
    ],
    [
      'rules: [{kind: ConfigMap}]\noverrides:\n- {kinds: [CronJob], set: {spec.suspend: true}}\n',
      'dr.yaml:3:12: overrides[0].kinds[0]: no rule covers a kind "CronJob"',
      undefined,
    ],
    [
      'replicas: [us, /etc/replicas/far.yaml]\noverrides:\n- {replicas: [us, farr], set: {spec.replicas: 0}}\n',
      'dr.yaml:3:19: overrides[0].replicas[1]: no replica is called "farr"',
      'far',
    ],
    ['rules: []\n', 'dr.yaml:1:8: rules: there is no rule', undefined],
    ['kind: Deployment\n', 'dr.yaml:1:7: kind: "Deployment" is no kind of config file', undefined],
    ['apiVersion: apps/v1\n', 'dr.yaml:1:1: unknown key "apiVersion"', undefined],
    ["rules:\n- {kind: 'a['}\n", 'dr.yaml:2:10: rules[0].kind: "a[" is not a glob', undefined],
    ["rules:\n- {kind: ''}\n", 'dr.yaml:2:10: rules[0].kind: "" is not a glob', undefined],
    ["rules:\n- {kind: A, version: ''}\n", 'rules[0].version: "" is not a glob', undefined],
    [
      'overrides:\n- patch: [{op: add, path: /a}]\n',
      'dr.yaml:2:11: overrides[0].patch[0]: has no "value"',
      undefined,
    ],
    ['overrides:\n- patch: [{op: move, path: /a}]\n', 'has no "from"', undefined],
    ['overrides:\n- set: {"spec.ports[0]": 1}\n', 'which "set" would insert', undefined],
    ['a: [\n', 'dr.yaml:2:1: not YAML', undefined],
    ['', 'dr.yaml', undefined],
    ['name: a\n---\nname: b\n', 'more than one document', undefined],
  ])('%j is refused: %s', (text, message, hint) => {
    const error = refusal(text);
    expect(error.message).toContain(message);
    if (hint) expect(error.hint).toContain(`Did you mean "${hint}"`);
  });
});

test('an override names replicas of the command line or of the file, also of another run, or globs of them', () => {
  const about = (name: string) => `overrides: [{replicas: [${name}], set: {spec.replicas: 0}}]\n`;
  parseConfig(about('us'), 'dr.yaml', ['us']);
  parseConfig(`replicas: [us, eu]\n${about('eu')}`, 'dr.yaml', ['us']);
  parseConfig(about('"e*"'), 'dr.yaml', ['us']);
  // Nobody named a replica yet: that is refused for itself.
  parseConfig(about('us'), 'dr.yaml');
  expect(() => parseConfig(about('asia'), 'dr.yaml', ['us'])).toThrow(
    'dr.yaml:1:25: overrides[0].replicas[0]: no replica is called "asia"',
  );
});

describe('fields that a rule carries', () => {
  test.each([
    ['spek', 'is no field of such objects'],
    ['$.spec', 'is no path of fields'],
    ['.spec', 'is no path of fields'],
    ['spec..a', 'is no path of fields'],
    ['spec.', 'is no path of fields'],
    ['spec.ports[0].port', 'lists are carried as a whole'],
    ['status.bar', 'which is carried as a whole'],
    ['metadata.name', 'no field that can be carried'],
    ['data.tls.crt', 'keys with dots are quoted'],
  ])('%s is refused with its line', (path, message) => {
    const { message: said } = refusal(`rules:\n- kind: Service\n  carry:\n  - "${path}"\n`);
    expect(said).toContain('dr.yaml:4:5: rules[0].carry[0]: ');
    expect(said).toContain(message);
  });

  test.each([
    ['', 'data["tls.crt"]'],
    ['', 'subjects'],
    ['example.com', 'settings.color'],
    ['*', 'settings'],
  ])('of group %j: %s', (group, path) => {
    const config = parseConfig(`rules: [{group: '${group}', kind: A, carry: ['${path}']}]`, 'dr.yaml');
    expect(config.rules[0]?.carry).toMatchObject({ what: 'fields' });
  });

  test('of a kind of a CRD what is nearly a usual one is a typo', () => {
    expect(refusal('rules: [{group: example.com, kind: A, carry: [spek]}]').hint).toBe(
      'Did you mean "spec"?',
    );
  });

  test('an override may set a field of an item', () => {
    const { overrides } = parseConfig('overrides: [{set: {"spec.ports[1].port": 1}}]', 'dr.yaml');
    expect(overrides[0]?.patch).toEqual([{ op: 'add', path: '/spec/ports/1/port', value: 1 }]);
  });
});

describe('KRMSyncer resources', () => {
  const resource = (spec: string) => `
apiVersion: syncer.gkelabs.io/v1alpha1
kind: KRMSyncer
metadata: {name: s, namespace: n}
spec:
${spec}`;

  test('the current generation: status by default, fields where named', () => {
    const config = parseConfig(
      resource(`  suspend: true
  mode: push
  remote: {clusterConfig: {kubeConfigSecretRef: {name: k}}}
  rules:
  - {group: sql.cnrm.cloud.google.com, version: v1beta1, kind: SQLInstance, namespaces: [a]}
  - {group: '', version: v1, kind: ConfigMap, syncFields: [spec, status, spec.resourceID]}`),
      's.yaml',
    );
    expect(config).toMatchObject({ name: 's', suspend: true, namespaces: { sensitive: true } });
    expect(config.rules[0]).toEqual({
      group: 'sql.cnrm.cloud.google.com',
      version: 'v1beta1',
      kind: 'SQLInstance',
      namespaces: ['a'],
      selector: [],
      carry: { what: 'status' },
    });
    expect(config.rules[1]?.carry).toEqual({
      what: 'fields',
      fields: [['spec'], ['spec', 'resourceID']],
      status: true,
    });
  });

  test('the first generation carried whole objects, under older names', () => {
    const config = parseConfig(
      resource(`  suspended: true
  destination: {kubeConfigSecretRef: {name: k}, namespace: x}
  rules: [{group: '', version: v1, kind: ConfigMap, namespaces: [a]}]`),
      's.yaml',
    );
    expect(config.suspend).toBe(true);
    expect([config.map, config.pullsAt]).toEqual([{ a: 'x' }, undefined]);
    expect(config.rules[0]?.carry).toEqual({ what: 'whole', status: true });
  });

  test('whatever is called "destination" carries whole objects, also where it has a clusterConfig', () => {
    const carriedBy = (rule: string) =>
      parseConfig(
        resource(`  destination: {clusterConfig: {kubeConfigSecretRef: {name: k}}}
  rules: [{group: '', version: v1, kind: ConfigMap${rule}}]`),
        's.yaml',
      ).rules[0]?.carry;
    expect(carriedBy('')).toEqual({ what: 'whole', status: true });
    expect(carriedBy(', syncFields: [status]')).toEqual({ what: 'status' });
  });

  const rules = `  rules: [{group: '', version: v1, kind: ConfigMap, namespaces: [a]}]`;
  const remote = '  remote: {clusterConfig: {kubeConfigSecretRef: {name: k}}}\n';
  const read = (spec: string) => parseConfig(resource(`${spec}${rules}`), 'dr.yaml');

  test.each([
    ['  suspend: false\n  suspended: true\n', true],
    ['  suspend: true\n  suspended: false\n', true],
    ['  suspend: false\n  suspended: false\n', false],
  ])('of two words for one thing the stricter one counts: %j', (spec, expected) => {
    expect(read(spec).suspend).toBe(expected);
  });

  test.each([
    ['  mode: pull\n', 'dr.yaml:6:9'],
    [`  mode: pull\n${remote}`, 'dr.yaml:6:9'],
    [`  mode: push\n${remote}`, undefined],
    // Its types say so where nobody does.
    [remote, 'dr.yaml:6:11'],
    ['  destination: {kubeConfigSecretRef: {name: k}}\n', undefined],
  ])('whether it pulls: %j', (spec, expected) => {
    expect(read(spec).pullsAt).toBe(expected);
  });

  const first = '  destination: {kubeConfigSecretRef: {name: k}, namespace: x}\n';
  test.each([
    [`  mode: sideways\n${rules}`, 'dr.yaml:6:9: spec.mode: must be "push" or "pull"'],
    [`${remote}${first}${rules}`, 'dr.yaml:7:16: spec.destination: there is "remote" too'],
    [
      `${first}  rules: [{kind: ConfigMap}]`,
      'dr.yaml:6:60: spec.destination.namespace: the rules mean more than',
    ],
    [`${first}  rules: [{kind: A, namespaces: [a, b]}]`, 'the rules mean more than one namespace'],
    [
      `${first}  rules: [{kind: A, namespaces: ['team-*']}]`,
      'dr.yaml:6:60: spec.destination.namespace: the rules mean namespaces by the glob "team-*"',
    ],
    [`${first}  rules: [{kind: A, namespaces: ['*']}]`, 'the rules mean namespaces by the glob "*"'],
    [`${first}  rules: [{kind: A, namespaces: ['(']}]`, '"(", which can\'t be the name of a namespace'],
    ['  rules: []', 'dr.yaml:6:10: spec.rules: there is no rule'],
    ["  rules: [{kind: 'A['}]", 'dr.yaml:6:18: spec.rules[0].kind: "A[" is not a glob'],
    [
      "  rules: [{kind: A, namespaces: ['a[']}]",
      'dr.yaml:6:34: spec.rules[0].namespaces[0]: "a[" is not a glob',
    ],
    ['  rules: [{kind: A, syncFields: [spek]}]', 'dr.yaml:6:34: spec.rules[0].syncFields[0]: "spek"'],
    [`  remote: {clusterConfg: {}}\n${rules}`, 'dr.yaml:6:12: unknown key "spec.remote.clusterConfg"'],
    [`  remote: {clusterConfig: {kubeConfigSecretRef: {nam: k}}}\n${rules}`, 'kubeConfigSecretRef.nam"'],
    [`  destination: {gcsBucketConfig: {}}\n${rules}`, 'copies into a bucket are not made'],
    ['  rules: [{kind: A, transforms: []}]', 'transforms are not made'],
  ])('%j is refused: %s', (spec, message) => {
    expect(refusal(resource(spec)).message).toContain(message);
  });

  test('a resource of another apiVersion, and metadata that does not exist', () => {
    const text = resource(rules);
    expect(refusal(text.replace('/v1alpha1', '/v2')).message).toContain(
      'dr.yaml:2:13: apiVersion: must have',
    );
    expect(refusal(text.replace('{name: s,', '{nam: s,')).message).toContain('unknown key "metadata.nam"');
  });

  test('a typo names its line', () => {
    expect(refusal(resource('  rules: [{kind: A}]\n  suspnd: true')).message).toContain(
      'dr.yaml:7:3: unknown key "spec.suspnd"',
    );
  });
});

describe('standby', () => {
  const file = (standby: string) => `replicas: [dr, edge]\nstandby: ${standby}\n`;

  test.each([
    ['true', ['*']],
    ['false', []],
    ['[dr]', ['dr']],
    ['["d*"]', ['d*']],
  ])('%s', (standby, expected) => {
    expect(parseConfig(file(standby), 'f.yaml').standby).toEqual(expected);
  });

  test.each(['dr', '1', '{dr: true}'])('%s is neither, and both are named', (standby) => {
    expect(() => parseConfig(file(standby), 'f.yaml')).toThrow(
      'f.yaml:2:10: standby: must be true, false or a list of replicas.',
    );
  });

  test('of a replica that there is not is refused, with its line', () => {
    expect(() => parseConfig(file('[drr]'), 'f.yaml')).toThrow(/f\.yaml:2.*no replica is called "drr"/);
  });
});

test.each([
  ['drift: report', '--drift'],
  ['adopt: true', '--adopt'],
  ['on-immutable: recreate', '--on-immutable'],
])('%s is said to be a flag', (text, flag) => {
  expect(() => parseConfig(text, 'f.yaml')).toThrow(
    expect.objectContaining({
      message: expect.stringContaining('is said by a flag, and not in a config file'),
      hint: `On the command line: ${flag}`,
    }),
  );
});
