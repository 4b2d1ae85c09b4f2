/**
 * A KRMSyncer resource's rules as a task. The field names of all three generations are taken: `remote` was
 * `destination`, and its documents say `suspended` where its types say `suspend`.
 */
import { carryFields, parsePath } from './fields.ts';
import { type Carry, type Rule, type TaskConfig, wholeObject } from './rule.ts';
import type { YamlField } from './yaml-field.ts';

/** The credentials (`remote.clusterConfig.kubeConfigSecretRef`) are the controller's part, not the engine's. */
export function krmSyncerConfig(document: YamlField): TaskConfig {
  const top = document.map(['apiVersion', 'kind', 'metadata', 'spec', 'status']);
  if (!top.spec) throw document.problem('has no spec');
  const metadata = Object.fromEntries(top.metadata?.entries() ?? []);
  const spec = top.spec.map(['suspend', 'suspended', 'mode', 'remote', 'destination', 'rules']);
  if (!spec.rules) throw top.spec.problem('has no rules');
  const wholeByDefault = isFirstGeneration(spec.destination);
  return {
    name: metadata.name?.string(),
    replicas: [],
    // Its rules name every namespace themselves, kube-system included.
    namespaces: { include: [], exclude: [], selector: [], sensitive: true },
    map: {},
    rules: spec.rules.list().map((rule) => parseRule(rule, wholeByDefault)),
    overrides: [],
    suspend: (spec.suspend ?? spec.suspended)?.boolean() ?? false,
  };
}

/** The first generation knew no `syncFields` and carried whole objects; later ones default to the status. */
function isFirstGeneration(destination: YamlField | undefined): boolean {
  return destination?.entries().some(([key]) => key === 'kubeConfigSecretRef') ?? false;
}

function parseRule(field: YamlField, wholeByDefault: boolean): Rule {
  const keys = field.map(['group', 'version', 'kind', 'namespaces', 'syncFields']);
  if (!keys.kind) throw field.problem('has no kind');
  return {
    group: keys.group?.string() ?? '',
    version: keys.version?.string() ?? '*',
    kind: keys.kind.string(),
    namespaces: keys.namespaces?.strings() ?? [],
    selector: [],
    carry: carryOf(keys.syncFields, wholeByDefault),
  };
}

function carryOf(field: YamlField | undefined, wholeByDefault: boolean): Carry {
  const paths = field?.list() ?? [];
  if (paths.length === 0) return wholeByDefault ? wholeObject : { what: 'status' };
  return carryFields(paths.map((path) => parsePath(path.string(), path)));
}
