/** Fields that a rule carries, or an override sets. */
import { nearest } from '../../../src/closest.ts';
import type { YamlField } from '../../../src/yaml-field.ts';
import { isGlob } from './glob.ts';
import type { Carry, FieldPath } from './rule.ts';

/** Named fields; `status` among them is carried through the status subresource. */
export function carryFields(fields: readonly FieldPath[], status = false): Carry {
  const rest = fields.filter(([first]) => first !== 'status');
  const withStatus = status || rest.length < fields.length;
  return rest.length === 0 ? { what: 'status' } : { what: 'fields', fields: rest, status: withStatus };
}

/** One step of a path: a key, or the place of an item in a list. */
interface Step {
  readonly key: string;
  readonly isIndex: boolean;
}

const steps = /(?:^|(?<=.)\.)([^.[\]"$\s]+)|\["([^"]+)"\]|\[(\d+)\]/y;

/** `spec.replicas`, or with quoted parts: `metadata.annotations["example.com/color"]`. */
function parseSteps(text: string, field: YamlField): Step[] {
  const found: Step[] = [];
  steps.lastIndex = 0;
  while (steps.lastIndex < text.length) {
    const match = steps.exec(text);
    if (!match)
      throw field.problem(
        `${JSON.stringify(text)} is no path of fields`,
        'Write it as spec.replicas, or with quoted parts: metadata.annotations["example.com/color"].',
      );
    const [, plain, quoted, index] = match;
    found.push({ key: plain ?? quoted ?? index ?? '', isIndex: index !== undefined });
  }
  return found;
}

const never = new Set(['apiVersion', 'kind', '__proto__']);

/** What of an object may be touched at all: its names and what the server keeps of it may not. */
function checkMayBeTouched(text: string, path: FieldPath, field: YamlField): void {
  const [first = '', second = ''] = path;
  const inMetadata = first === 'metadata' && !['labels', 'annotations'].includes(second);
  if (path.length === 0 || never.has(first) || inMetadata)
    throw field.problem(`${JSON.stringify(text)} is no field that can be carried`);
}

/** A field that an override sets, as a path of keys and of places in lists. */
export function parseSetPath(text: string, field: YamlField): FieldPath {
  const found = parseSteps(text, field);
  const path = found.map(({ key }) => key);
  checkMayBeTouched(text, path, field);
  if (found.at(-1)?.isIndex)
    throw field.problem(
      `${JSON.stringify(text)} is an item of a list, which "set" would insert`,
      'Set a field of the item, or write a patch: {op: replace, path: /spec/ports/0, value: …}.',
    );
  return path;
}

/** A field that a rule for kinds of a group carries. */
export function parseCarryPath(text: string, field: YamlField, group: string): FieldPath {
  const found = parseSteps(text, field);
  const path = found.map(({ key }) => key);
  checkMayBeTouched(text, path, field);
  if (found.some(({ isIndex }) => isIndex))
    throw field.problem(`${JSON.stringify(text)} is an item of a list: lists are carried as a whole`);
  const [first = ''] = path;
  if (first === 'status' && path.length > 1)
    throw field.problem(
      `${JSON.stringify(text)} is a part of the status, which is carried as a whole: "status"`,
    );
  const map = first === 'metadata' ? path.slice(0, 2) : path.slice(0, 1);
  if (textMaps.has(map.join('.')) && path.length > map.length + 1)
    throw field.problem(
      `${JSON.stringify(text)} is below a text: keys with dots are quoted`,
      `${map.join('.')}["${path.slice(map.length).join('.')}"]`,
    );
  checkTopField(first, field, group);
  return path;
}

/** Maps whose values are texts. */
const textMaps = new Set(['data', 'binaryData', 'stringData', 'metadata.labels', 'metadata.annotations']);

/** Top-level fields of kinds of Kubernetes itself that have more than `spec` and `status`. */
const topFields = new Set(
  `metadata spec status data binaryData stringData type immutable secrets imagePullSecrets
  automountServiceAccountToken rules roleRef subjects aggregationRule webhooks provisioner parameters
  reclaimPolicy mountOptions allowVolumeExpansion volumeBindingMode allowedTopologies value globalDefault
  description preemptionPolicy handler overhead scheduling endpoints ports addressType subsets template`.split(
    /\s+/,
  ),
);
const usual = ['spec', 'status', 'data', 'metadata'];

/** Kinds of CRDs may have any field; what is nearly a usual one is a typo there too. */
function checkTopField(name: string, field: YamlField, group: string): void {
  if (topFields.has(name)) return;
  const isKubernetes = !isGlob(group) && (!group.includes('.') || group.endsWith('.k8s.io'));
  const meant = nearest(name, isKubernetes ? topFields : usual);
  if (isKubernetes || meant !== undefined)
    throw field.problem(
      `${JSON.stringify(name)} is no field of such objects`,
      meant === undefined ? undefined : `Did you mean ${JSON.stringify(meant)}?`,
    );
}
