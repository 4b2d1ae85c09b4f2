/** What is made for agents: no more than docs/node-agent.md says, and all of it found again by its labels. */
import { expect, test } from '@jest/globals';
import {
  agentLabels,
  agentObjects,
  namespaceObjects,
  userRole,
} from '../../../../../plugins/devsync/node-agent/manifests.ts';
import { agentName } from '../../../../../plugins/devsync/wire/node-agent.ts';

const objects = [...agentObjects({ image: 'i', version: '1.2.3' }), ...namespaceObjects('shop')];

test('everything bears the labels by which uninstall finds it', () => {
  for (const { metadata } of objects) expect(metadata.labels).toMatchObject(agentLabels);
});

test('nobody is bound to what lets users reach agents', () => {
  const bound = objects.map(({ roleRef }) => (roleRef as { name: string } | undefined)?.name);
  expect(bound).not.toContain(userRole);
});

test('an agent may ask who asks, and look at pods where init was called; nothing else', () => {
  const ofAgents = objects.filter(
    ({ kind, metadata }) => /Role$/.test(String(kind)) && metadata.name === agentName,
  );
  expect(ofAgents.map(({ metadata, rules }) => [metadata.namespace, rules])).toEqual([
    [
      undefined,
      [
        { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
        { apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'], verbs: ['create'] },
      ],
    ],
    ['shop', [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }]],
  ]);
});

test('an agent has no volume and no network of its node', () => {
  const { spec } = objects.find(({ kind }) => kind === 'DaemonSet') as unknown as {
    spec: { template: { spec: Record<string, unknown> } };
  };
  const { volumes, hostNetwork, hostIPC, hostPID } = spec.template.spec;
  expect({ volumes, hostNetwork, hostIPC, hostPID }).toEqual({ hostPID: true });
});
