/** Network policies as nftables rules: a pure function from the cluster's objects to text. */

/** A label selector; an empty one selects everything. */
export interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

interface Peer {
  readonly podSelector?: Selector;
  readonly namespaceSelector?: Selector;
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
}

interface Port {
  readonly protocol?: string;
  readonly port?: number | string;
  readonly endPort?: number;
}

export interface PolicyRule {
  readonly from?: readonly Peer[];
  readonly to?: readonly Peer[];
  readonly ports?: readonly Port[];
}

export interface Policy {
  readonly namespace: string;
  readonly podSelector: Selector;
  readonly policyTypes?: readonly string[];
  readonly ingress?: readonly PolicyRule[];
  readonly egress?: readonly PolicyRule[];
}

/** A pod with an address of its own. */
export interface PolicyPod {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly address: string;
  readonly node: string;
  /** `TCP/http` → 8080. */
  readonly ports: Readonly<Record<string, number>>;
}

/** The objects from which a cluster's rules follow. */
export interface PolicyState {
  readonly pods: readonly PolicyPod[];
  /** Labels by namespace. */
  readonly namespaces: ReadonlyMap<string, Readonly<Record<string, string>>>;
  readonly policies: readonly Policy[];
}

export type Direction = 'ingress' | 'egress';

/** Whether labels match a selector. */
export function matches(selector: Selector, labels: Readonly<Record<string, string>>): boolean {
  const equal = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
  return (
    equal &&
    (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
      const value = labels[key];
      if (operator === 'Exists') return value !== undefined;
      if (operator === 'DoesNotExist') return value === undefined;
      const among = value !== undefined && values.includes(value);
      return operator === 'In' ? among : !among;
    })
  );
}

function applies(policy: Policy, direction: Direction): boolean {
  const types = policy.policyTypes ?? ['Ingress', ...(policy.egress ? ['Egress'] : [])];
  return types.some((type) => type.toLowerCase() === direction);
}

/** The policies that isolate a pod in a direction; where there are none, everything is allowed. */
function isolating(state: PolicyState, pod: PolicyPod, direction: Direction): Policy[] {
  return state.policies.filter(
    (policy) =>
      policy.namespace === pod.namespace &&
      applies(policy, direction) &&
      matches(policy.podSelector, pod.labels),
  );
}

function podsOf(peer: Peer, policy: Policy, state: PolicyState): PolicyPod[] {
  const { namespaceSelector, podSelector = {} } = peer;
  return state.pods.filter((pod) => {
    const inNamespace = namespaceSelector
      ? matches(namespaceSelector, state.namespaces.get(pod.namespace) ?? {})
      : pod.namespace === policy.namespace;
    return inNamespace && matches(podSelector, pod.labels);
  });
}

const set = (values: readonly (string | number)[]): string => `{ ${[...new Set(values)].join(', ')} }`;

/** One side of a rule: for each way to match it, an nft expression and, where peers are pods, those pods. */
interface Match {
  readonly expression: string;
  readonly pods?: readonly PolicyPod[];
}

function peerMatches(rule: PolicyRule, direction: Direction, policy: Policy, state: PolicyState): Match[] {
  const [peers, field] = direction === 'ingress' ? [rule.from, 'saddr'] : [rule.to, 'daddr'];
  if (!peers || peers.length === 0) return [{ expression: '' }];
  return peers.flatMap((peer): Match[] => {
    if (peer.ipBlock) {
      const { cidr, except = [] } = peer.ipBlock;
      if (cidr.includes(':')) return []; // The lab has no IPv6.
      return [{ expression: `ip ${field} ${cidr}${except.length ? ` ip ${field} != ${set(except)}` : ''}` }];
    }
    const pods = podsOf(peer, policy, state);
    return pods.length > 0
      ? [{ expression: `ip ${field} ${set(pods.map((pod) => pod.address))}`, pods }]
      : [];
  });
}

/** A named port is the port of that name of each destination; so a rule with one is a rule per destination. */
function portExpressions(rule: PolicyRule, destinations: readonly PolicyPod[]): string[] {
  if (!rule.ports || rule.ports.length === 0) return [''];
  return rule.ports.flatMap(({ protocol = 'TCP', port, endPort }) => {
    const name = protocol.toLowerCase();
    if (port === undefined) return [`meta l4proto ${name}`];
    if (typeof port === 'number') return [`${name} dport ${endPort ? `${port}-${endPort}` : port}`];
    return destinations.flatMap((pod) => {
      const number = pod.ports[`${protocol}/${port}`];
      return number === undefined ? [] : [`ip daddr ${pod.address} ${name} dport ${number}`];
    });
  });
}

function chainRules(
  state: PolicyState,
  pod: PolicyPod,
  policies: readonly Policy[],
  direction: Direction,
): string[] {
  const rules = policies.flatMap((policy) =>
    (policy[direction] ?? []).flatMap((rule) =>
      peerMatches(rule, direction, policy, state).flatMap(({ expression, pods }) => {
        const destinations = direction === 'ingress' ? [pod] : (pods ?? state.pods);
        return portExpressions(rule, destinations).map((ports) => `${expression} ${ports}`.trim());
      }),
    ),
  );
  return [...new Set(rules)].map((rule) => `${rule} return`.trim());
}

interface Chain {
  readonly name: string;
  readonly address: string;
  readonly rules: readonly string[];
}

function chains(state: PolicyState, node: string, direction: Direction): Chain[] {
  return state.pods
    .filter((pod) => pod.node === node)
    .flatMap((pod) => {
      const policies = isolating(state, pod, direction);
      if (policies.length === 0) return [];
      const name = `${direction}-${pod.address.replaceAll('.', '-')}`;
      return [{ name, address: pod.address, rules: chainRules(state, pod, policies, direction) }];
    });
}

const dispatch = (field: string, found: readonly Chain[]): string =>
  found.length > 0
    ? `ip ${field} vmap ${set(found.map(({ address, name }) => `${address} : jump ${name}`))}`
    : '';

const base = (hook: string, rules: readonly string[]): string =>
  `  chain ${hook} {
    type filter hook ${hook} priority filter - 5; policy accept;
    ct state established,related accept
${rules
  .filter(Boolean)
  .map((rule) => `    ${rule}\n`)
  .join('')}  }
`;

/**
 * The nft script that puts a node's policies in force, replacing what was there. Pods are isolated at their own
 * node: what leaves them by its forward and input hooks, what reaches them by its forward hook. What comes from
 * the node itself, such as a probe, is not filtered.
 */
export function rulesFor(state: PolicyState, node: string): string {
  const egress = chains(state, node, 'egress');
  const ingress = chains(state, node, 'ingress');
  const clear = 'table ip x8s_policy {}\ndelete table ip x8s_policy\n';
  if (egress.length + ingress.length === 0) return clear;
  const bodies = [...egress, ...ingress].map(
    ({ name, rules }) =>
      `  chain ${name} {\n${[...rules, 'drop'].map((rule) => `    ${rule}\n`).join('')}  }\n`,
  );
  const forward = base('forward', [dispatch('saddr', egress), dispatch('daddr', ingress)]);
  return `${clear}table ip x8s_policy {\n${bodies.join('')}${forward}${base('input', [dispatch('saddr', egress)])}}\n`;
}
