/** Why an object is as it is, as text and as a table. */
import { table } from '../../../../src/cli/table.ts';
import { formatAgeSince } from '../../../../src/ui/format.ts';
import type { JobRecord } from '../../jobs/records.ts';
import type {
  ExplainedCopy,
  ExplainedObject,
  ExplainedOriginal,
  FieldOwner,
} from '../../preview/explain-object.ts';
import type { Rule } from '../../rules/rule.ts';
import type { Requirement } from '../../rules/selector.ts';

export interface ExplanationOptions {
  /** All fields of each manager. */
  readonly whole: boolean;
  readonly now: Date;
}

export function explanationText(
  { object: { kind, namespace, name }, primary, replicas }: ExplainedObject,
  options: ExplanationOptions,
): string {
  return [
    `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`,
    ...originalLines(primary),
    ...replicas.flatMap((copy) => copyLines(copy, options)),
  ].join('\n');
}

function originalLines({
  name,
  exists,
  rule,
  because,
  uid,
  resourceVersion,
  copiedFrom,
}: ExplainedObject['primary']): string[] {
  if (!exists) return [`  primary ${name}: not there`];
  return [
    `  primary ${name}: ${rule ? `copied by the rule ${ruleText(rule)}` : `not copied: ${because}`}`,
    `    uid ${uid}, version ${resourceVersion}`,
    ...provenanceLines(copiedFrom),
  ];
}

/** `Deployment.apps in shop, pay, with app=web: fields spec.replicas`. */
export function ruleText({ group, version, kind, namespaces, selector, carry }: Rule): string {
  const what = `${kind}${version === '*' ? '' : `.${version}`}${group === '' ? '' : `.${group}`}`;
  const where = namespaces.length === 0 ? '' : ` in ${namespaces.join(', ')}`;
  const which = selector.length === 0 ? '' : ` with ${selector.map(requirementText).join(',')}`;
  return `${what}${where}${which} (${carryText(carry)})`;
}

function requirementText(requirement: Requirement): string {
  const { key, operator } = requirement;
  if (!('values' in requirement)) return operator === 'exists' ? key : `!${key}`;
  const { values } = requirement;
  if (values.length === 1) return `${key}${operator === 'in' ? '=' : '!='}${values[0]}`;
  return `${key} ${operator} (${values.join(',')})`;
}

function carryText(carry: Rule['carry']): string {
  if (carry.what === 'status') return 'its status';
  const status = carry.status ? ' and its status' : '';
  if (carry.what === 'whole') return `whole${status}`;
  return `fields ${carry.fields.map((path) => path.join('.')).join(', ')}${status}`;
}

function copyLines(copy: ExplainedCopy, { whole, now }: ExplanationOptions): string[] {
  const { replica, namespace, name, exists, unread, outcome, because, digests, provenance, owners, job } =
    copy;
  const { wanted = 'none', applied = 'none', present = exists ? 'not known' : 'none' } = digests;
  return [
    `  ${replica}: ${unread === undefined ? `${outcome}: ${because}` : `can't be told: ${unread}`}`,
    ...(exists ? [`    there as ${namespace === '' ? '' : `${namespace}/`}${name}`] : []),
    `    digests: wanted ${wanted}, applied ${applied}, present ${present}`,
    ...provenanceLines(provenance),
    ...owners.map((owner) => `    fields of ${ownerText(owner)}: ${fieldsText(owner, whole)}`),
    ...(job ? [`    ${jobText(job, now)}`] : []),
  ];
}

function provenanceLines(provenance: ExplainedOriginal['copiedFrom']): string[] {
  if (!provenance) return [];
  const { origin, sequence } = provenance;
  const from = origin.namespace === undefined ? '' : `, from namespace ${origin.namespace}`;
  return [`    copied by task ${origin.task} from cluster ${origin.cluster}${from}, at state ${sequence}`];
}

const ownerText = ({ manager, operation, subresource, ours }: FieldOwner): string =>
  `${manager} (${[ours ? 'this tool' : '', operation === 'Apply' ? 'applied' : 'written', subresource].filter((word) => word !== '').join(', ')})`;

const MOST_FIELDS = 6;

function fieldsText({ fields }: FieldOwner, whole: boolean): string {
  if (whole || fields.length <= MOST_FIELDS) return fields.join(', ');
  return `${fields.slice(0, MOST_FIELDS).join(', ')} and ${fields.length - MOST_FIELDS} more`;
}

function jobText(job: JobRecord, now: Date): string {
  const { state, did, attempts, finishedAt, startedAt, reason, message, parked } = job;
  const age = `${formatAgeSince(finishedAt ?? startedAt, now)} ago`;
  if (state === 'done') return `last done: ${did ?? 'as it should be'}, ${age}`;
  const times = `${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`;
  if (state === 'failed')
    return `${parked ? 'parked' : 'fails'} after ${times}, ${age}: ${reason}: ${message}`;
  return `${state} for ${formatAgeSince(startedAt, now)}, ${times}`;
}

export function explanationTable({ replicas }: ExplainedObject) {
  return table(
    replicas,
    [
      { header: 'REPLICA', value: ({ replica }) => replica },
      { header: 'OUTCOME', value: ({ outcome = 'unknown' }) => outcome },
      { header: 'WANTED', value: ({ digests }) => digests.wanted ?? '' },
      { header: 'PRESENT', value: ({ digests }) => digests.present ?? '' },
      { header: 'LAST', value: ({ job }) => job?.did ?? job?.reason ?? '' },
      { header: 'WHY', value: ({ because, unread }) => because ?? unread ?? '' },
    ],
    'No replicas.',
  );
}
