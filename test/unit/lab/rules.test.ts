import { describe, expect, test } from '@jest/globals';
import { matches, type Policy, type PolicyPod, rulesFor } from '../../lab/agent/rules.ts';

const pod = (namespace: string, app: string, address: string, node = 'n1'): PolicyPod => ({
  namespace,
  labels: { app },
  address,
  node,
  ports: { 'TCP/http': 8080 },
});

const pods = [
  pod('one', 'web', '10.0.0.1'),
  pod('one', 'cli', '10.0.0.2', 'n2'),
  pod('two', 'cli', '10.0.0.3'),
];
const namespaces = new Map([
  ['one', { team: 'a' }],
  ['two', { team: 'b' }],
]);

function rules(policy: Partial<Policy>, node = 'n1'): string {
  return rulesFor({ pods, namespaces, policies: [{ namespace: 'one', podSelector: {}, ...policy }] }, node);
}

/** The lines of the chain for one pod and direction. */
function chain(text: string, name: string): string[] {
  const [, body = ''] =
    new RegExp(`chain ${name} \\{\n([^}]*(?:\\{[^}]*\\}[^}]*)*?)\n  \\}`).exec(text) ?? [];
  return body.split('\n').map((line) => line.trim());
}

describe('network policies as nft rules', () => {
  test('no policy: the table is removed and nothing is put in its place', () => {
    const text = rulesFor({ pods, namespaces, policies: [] }, 'n1');
    expect(text).toContain('delete table ip x8s_policy');
    expect(text).not.toContain('chain');
  });

  test('default deny drops both ways, for the pods of its namespace only', () => {
    const text = rules({ policyTypes: ['Ingress', 'Egress'] });
    expect(chain(text, 'ingress-10-0-0-1')).toEqual(['drop']);
    expect(chain(text, 'egress-10-0-0-1')).toEqual(['drop']);
    expect(text).not.toContain('10-0-0-3');
    expect(text).not.toContain('10-0-0-2'); // It is on another node.
  });

  test('without policyTypes a policy isolates ingress, and egress only where it has such rules', () => {
    expect(rules({})).not.toContain('egress-');
    expect(chain(rules({ egress: [{}] }), 'egress-10-0-0-1')).toEqual(['return', 'drop']);
  });

  test('a pod selector means pods of the same namespace', () => {
    const text = rules({ ingress: [{ from: [{ podSelector: { matchLabels: { app: 'cli' } } }] }] });
    expect(chain(text, 'ingress-10-0-0-1')).toEqual(['ip saddr { 10.0.0.2 } return', 'drop']);
  });

  test('a namespace selector with a pod selector means both at once', () => {
    const peer = {
      namespaceSelector: { matchLabels: { team: 'b' } },
      podSelector: { matchLabels: { app: 'cli' } },
    };
    const text = rules({ ingress: [{ from: [peer] }] });
    expect(chain(text, 'ingress-10-0-0-1')).toEqual(['ip saddr { 10.0.0.3 } return', 'drop']);
  });

  test('a selector that no pod matches allows nothing', () => {
    const text = rules({ ingress: [{ from: [{ podSelector: { matchLabels: { app: 'none' } } }] }] });
    expect(chain(text, 'ingress-10-0-0-1')).toEqual(['drop']);
  });

  test('blocks with exceptions, ports, ranges and protocols', () => {
    const text = rules({
      policyTypes: ['Egress'],
      egress: [
        {
          to: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }],
          ports: [{ port: 22 }, { protocol: 'UDP', port: 1000, endPort: 2000 }, { protocol: 'SCTP' }],
        },
      ],
    });
    const block = 'ip daddr 10.0.0.0/8 ip daddr != { 10.1.0.0/16 }';
    expect(chain(text, 'egress-10-0-0-1')).toEqual([
      `${block} tcp dport 22 return`,
      `${block} udp dport 1000-2000 return`,
      `${block} meta l4proto sctp return`,
      'drop',
    ]);
  });

  test('a named port is looked up at its destination', () => {
    const ingress = rules({ ingress: [{ ports: [{ port: 'http' }] }] });
    expect(chain(ingress, 'ingress-10-0-0-1')).toEqual(['ip daddr 10.0.0.1 tcp dport 8080 return', 'drop']);
    const unknown = rules({ ingress: [{ ports: [{ port: 'ssh' }] }] });
    expect(chain(unknown, 'ingress-10-0-0-1')).toEqual(['drop']);
  });

  test('the policies of a pod add up', () => {
    const policies: Policy[] = [
      { namespace: 'one', podSelector: {} },
      {
        namespace: 'one',
        podSelector: { matchLabels: { app: 'web' } },
        ingress: [{ ports: [{ port: 22 }] }],
      },
    ];
    const text = rulesFor({ pods, namespaces, policies }, 'n1');
    expect(chain(text, 'ingress-10-0-0-1')).toEqual(['tcp dport 22 return', 'drop']);
  });
});

describe('label selectors', () => {
  const expression = (operator: string, values?: string[]) => ({
    matchExpressions: [{ key: 'app', operator, ...(values && { values }) }],
  });

  test.each([
    ['In', ['web'], true],
    ['In', ['db'], false],
    ['NotIn', ['db'], true],
    ['NotIn', ['web'], false],
    ['Exists', undefined, true],
    ['DoesNotExist', undefined, false],
  ])('%s %s', (operator, values, expected) => {
    expect(matches(expression(operator, values), { app: 'web' })).toBe(expected);
  });

  test('NotIn holds for what has no such label, In does not', () => {
    expect(matches(expression('NotIn', ['db']), {})).toBe(true);
    expect(matches(expression('In', ['db']), {})).toBe(false);
  });
});
