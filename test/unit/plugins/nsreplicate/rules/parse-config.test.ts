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
    ['a: [\n', 'dr.yaml:2:1: not YAML', undefined],
    ['', 'dr.yaml', undefined],
    ['name: a\n---\nname: b\n', 'more than one document', undefined],
  ])('%j is refused: %s', (text, message, hint) => {
    const error = refusal(text);
    expect(error.message).toContain(message);
    if (hint) expect(error.hint).toContain(`Did you mean "${hint}"`);
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
  rules: [{group: '', version: v1, kind: ConfigMap}]`),
      's.yaml',
    );
    expect(config.suspend).toBe(true);
    expect(config.rules[0]?.carry).toEqual({ what: 'whole', status: false });
  });

  test('a typo names its line', () => {
    expect(refusal(resource('  rules: [{kind: A}]\n  suspnd: true')).message).toContain(
      'dr.yaml:7:3: unknown key "spec.suspnd"',
    );
  });
});
