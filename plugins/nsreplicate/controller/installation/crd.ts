/** The definition of KRMSyncer resources: every field of every generation, and what this controller adds. */
import type { KubeObject } from '../../../../src/kube/api/objects.ts';
import type { Resource } from '../../../../src/kube/api/resources.ts';
import { Label, managerOf } from '../../../../src/tasks/names.ts';
import { syncerBounds } from '../../rules/syncer-bounds.ts';
import { tool } from '../../state/task-objects.ts';
import { group, krmSyncers } from '../resource/resource.ts';

export const definitions: Resource = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
};

const text = (description: string, more: object = {}) => ({ type: 'string', description, ...more });
const flag = (description: string) => ({ type: 'boolean', description });
const map = (description: string, properties: object, more: object = {}) => ({
  type: 'object',
  description,
  properties,
  ...more,
});
const list = (description: string, items: object, more: object = {}) => ({
  type: 'array',
  description,
  items,
  ...more,
});

const { rules, namespaces, fields, fieldLength, nameLength } = syncerBounds;
const name = { maxLength: nameLength };

const secretRef = map('The Secret with the kubeconfig, under the key kubeconfig or config.', {
  name: text('Its name.', name),
  namespace: text("Ignored: it is the resource's own namespace.", name),
});
const clusterConfig = map('The other cluster.', { kubeConfigSecretRef: secretRef });
const otherSide = {
  clusterConfig,
  gcsBucketConfig: map(
    'Refused: copies into a bucket are not made.',
    {},
    {
      'x-kubernetes-preserve-unknown-fields': true,
    },
  ),
};

const rule = map(
  'What is copied.',
  {
    group: text('API group, also as a glob; empty for the core group.', name),
    version: text('Version of the API group; * is the preferred one.', name),
    kind: text('Kind, also as a glob.', { minLength: 1, ...name }),
    namespaces: list(
      'Namespaces, also as globs; none: all that may be read.',
      { type: 'string', ...name },
      { maxItems: namespaces },
    ),
    syncFields: list(
      'Fields that are copied: spec, status, spec.resourceID, or any other path.',
      { type: 'string', maxLength: fieldLength },
      { maxItems: fields },
    ),
    transforms: list('Refused: objects are copied as they are.', {
      type: 'object',
      'x-kubernetes-preserve-unknown-fields': true,
    }),
  },
  { required: ['kind'] },
);

const spec = map(
  'What is copied, where to, and by whose rights.',
  {
    mode: text(
      'push: from this cluster to the other; pull: the other way round. Default: pull for remote, push for destination.',
      {
        enum: ['push', 'pull'],
      },
    ),
    suspend: flag('Nothing is copied.'),
    suspended: flag('The older name of suspend.'),
    remote: map('The other side.', otherSide),
    destination: map('The older name of remote, which pushes whole objects.', {
      ...otherSide,
      kubeConfigSecretRef: secretRef,
      namespace: text(
        'The namespace that all objects go to, where all rules name one, without a glob.',
        name,
      ),
    }),
    rules: list('What is copied; the first rule that covers an object decides.', rule, { maxItems: rules }),
    serviceAccountName: text(
      "A ServiceAccount of the resource's namespace, by whose rights this cluster is read and written.",
      { minLength: 1, ...name },
    ),
    adopt: flag('Take over objects of the same name that others made, and make them equal.'),
  },
  { required: ['rules'] },
);

const condition = map(
  'One aspect of how it stands.',
  {
    type: text('Ready, Suspended, Degraded or InvalidRule.'),
    status: text('True, False or Unknown.', { enum: ['True', 'False', 'Unknown'] }),
    reason: text('Why, as one word.'),
    message: text('Why, in words.'),
    observedGeneration: { type: 'integer', format: 'int64', description: 'The generation that it is about.' },
    lastTransitionTime: text('When the status last changed.', { format: 'date-time' }),
  },
  { required: ['type', 'status', 'reason', 'message', 'lastTransitionTime'] },
);

const status = map('How it stands.', {
  observedGeneration: {
    type: 'integer',
    format: 'int64',
    description: 'The generation that all this is about.',
  },
  conditions: list('Ready, Suspended, Degraded and InvalidRule.', condition, {
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['type'],
  }),
  mode: text('push or pull.'),
  suspended: flag('Whether nothing is copied.'),
  task: text('The name under which kubectl nsreplicate status, jobs, retry and approve know it.'),
  objects: { type: 'integer', description: 'Objects that are kept the same.' },
  pending: { type: 'integer', description: 'Objects that differ, as far as is known.' },
  lag: text('For how long the oldest of them has waited, at least.'),
});

const ready = (field: string) => `.status.conditions[?(@.type=="Ready")].${field}`;
const column = (name: string, type: string, jsonPath: string, priority = 0) => ({
  name,
  type,
  jsonPath,
  ...(priority > 0 && { priority }),
});

/** The definition's object. */
export function syncerDefinition(): KubeObject {
  const { plural, kind, version } = krmSyncers;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}`, labels: { [Label.managedBy]: managerOf(tool) } },
    spec: {
      group,
      names: { plural, kind, singular: 'krmsyncer', listKind: `${kind}List` },
      scope: 'Namespaced',
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: [
            column('Mode', 'string', '.status.mode'),
            column('Suspended', 'boolean', '.status.suspended'),
            column('Ready', 'string', ready('status')),
            column('Reason', 'string', ready('reason')),
            column('Objects', 'integer', '.status.objects'),
            column('Lag', 'string', '.status.lag'),
            column('Age', 'date', '.metadata.creationTimestamp'),
            column('Message', 'string', ready('message'), 1),
            column('Task', 'string', '.status.task', 1),
          ],
          schema: {
            openAPIV3Schema: {
              type: 'object',
              description: 'Objects that are kept the same in this cluster and another one.',
              required: ['spec'],
              properties: {
                apiVersion: { type: 'string' },
                kind: { type: 'string' },
                metadata: { type: 'object' },
                spec,
                status,
              },
            },
          },
        },
      ],
    },
  };
}
