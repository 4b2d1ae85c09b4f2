/** Fields that a rule names. */
import type { Carry, FieldPath } from './rule.ts';
import type { YamlField } from './yaml-field.ts';

/** Named fields; `status` among them is carried through the status subresource. */
export function carryFields(fields: readonly FieldPath[], status = false): Carry {
  const rest = fields.filter(([first, ...others]) => first !== 'status' || others.length > 0);
  const withStatus = status || rest.length < fields.length;
  return rest.length === 0 ? { what: 'status' } : { what: 'fields', fields: rest, status: withStatus };
}

const forbidden = new Set(['', 'apiVersion', 'kind', '__proto__']);

/** `spec.replicas`, or with quoted parts: `metadata.annotations["example.com/color"]`. */
export function parsePath(text: string, field: YamlField): FieldPath {
  const parts = [...text.matchAll(/\["([^"]+)"\]|([^.[\]]+)/g)].map(
    ([, quoted, plain]) => quoted ?? plain ?? '',
  );
  const inMetadata = parts[0] === 'metadata' && !['labels', 'annotations'].includes(parts[1] ?? '');
  if (parts.length === 0 || forbidden.has(parts[0] ?? '') || inMetadata)
    throw field.problem(`${JSON.stringify(text)} is no field that can be carried`);
  return parts;
}
