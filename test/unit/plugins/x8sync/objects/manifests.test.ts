import { describe, expect, test } from '@jest/globals';
import { privilegesOf } from '../../../../../plugins/x8sync/objects/manifests/pod-security.ts';
import { type PodPlan, podSpec } from '../../../../../plugins/x8sync/objects/manifests/pods.ts';
import type { SideMeta } from '../../../../../plugins/x8sync/objects/manifests/service.ts';
import {
  sourceNetworkPolicy,
  sourceStatefulSet,
} from '../../../../../plugins/x8sync/objects/manifests/source.ts';
import { targetJob, targetNetworkPolicy } from '../../../../../plugins/x8sync/objects/manifests/target.ts';

const plan: PodPlan = {
  side: 'source',
  image: 'mover:1',
  privileges: 'root',
  claim: 'data',
  readOnly: true,
  secret: 'keys',
  command: ['/bin/serve'],
  env: { A: 'b' },
  identity: { uid: 65532, gid: 65532 },
};
const side: SideMeta = {
  meta: {
    name: 'x8sync-t-source',
    namespace: 'ns',
    labels: { l: '1' },
    ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'c', uid: 'u' }],
  },
  selector: { l: '1' },
};
const container = (spec: ReturnType<typeof podSpec>) =>
  spec.containers[0] as Record<string, Record<string, unknown>>;

describe('pods', () => {
  test.each(['admin', 'root', 'user'] as const)('tell what they may do: %s', (privileges) => {
    for (const side of ['source', 'target'] as const)
      expect(privilegesOf(podSpec({ ...plan, side, privileges }, 'Always'))).toBe(privileges);
  });

  test('have no fsGroup: it would rewrite owners of the source', () => {
    for (const privileges of ['root', 'user'] as const) {
      expect(JSON.stringify(podSpec({ ...plan, privileges }, 'Always'))).not.toContain('fsGroup');
    }
  });

  test('have one where the volume is empty; a successor does not rewrite what was copied by then', () => {
    const group = { group: 2000, chown: true };
    expect(podSpec({ ...plan, group }, 'Never').securityContext).toMatchObject({
      fsGroup: 2000,
      fsGroupChangePolicy: 'OnRootMismatch',
    });
    const known = podSpec({ ...plan, group: { ...group, chown: false } }, 'Never').securityContext;
    expect(known).toMatchObject({ supplementalGroups: [2000] });
    expect(known).not.toHaveProperty('fsGroup');
  });

  test('have a device without a mount, read-only where it is only read, and both where both are here', () => {
    const target = {
      ...plan,
      side: 'target',
      readOnly: false,
      isDevice: true,
      mountedSource: 'from',
    } as const;
    const spec = podSpec(target, 'Never');
    expect(container(spec).volumeDevices).toEqual([
      { name: 'data', devicePath: '/dev/x8s-target' },
      { name: 'source', devicePath: '/dev/x8s-source' },
    ]);
    expect(JSON.stringify(container(spec).volumeMounts)).not.toMatch(/"(data|source)"/);
    expect(spec.volumes).toEqual(
      expect.arrayContaining([
        { name: 'data', persistentVolumeClaim: { claimName: 'data' } },
        { name: 'source', persistentVolumeClaim: { claimName: 'from', readOnly: true } },
      ]),
    );
    // Nobody is privileged for it.
    expect(JSON.stringify(spec)).not.toContain('privileged');
  });

  test('of another user than the image knows have a list of users with that one', () => {
    const mounts = (uid: number, privileges: 'root' | 'user' = 'user') =>
      JSON.stringify(podSpec({ ...plan, privileges, identity: { uid, gid: uid } }, 'Always'));
    expect(mounts(1000)).toContain('"mountPath":"/etc/passwd"');
    expect(mounts(65532)).not.toContain('/etc/passwd');
    expect(mounts(1000, 'root')).not.toContain('/etc/passwd');
  });

  test('mount the source read-only and hold no token', () => {
    const spec = podSpec(plan, 'Always');
    expect(spec).toMatchObject({ automountServiceAccountToken: false, enableServiceLinks: false });
    expect(container(spec).volumeMounts).toContainEqual({
      name: 'data',
      mountPath: '/source',
      readOnly: true,
    });
  });

  test('drop all capabilities and add only what root needs', () => {
    expect(container(podSpec(plan, 'Always')).securityContext).toMatchObject({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'], add: expect.arrayContaining(['SYS_CHROOT']) },
    });
    expect(container(podSpec({ ...plan, privileges: 'user' }, 'Always')).securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      runAsUser: 65532,
      runAsGroup: 65532,
      capabilities: { drop: ['ALL'] },
    });
  });

  test('at the target add what starts a tunnel’s sshd as an ordinary user only where there is one', () => {
    const added = (isTunnelled: boolean) =>
      container(podSpec({ ...plan, side: 'target', isTunnelled }, 'Never')).securityContext?.capabilities;
    expect(added(false)).not.toMatchObject({ add: expect.arrayContaining(['SETUID']) });
    expect(added(true)).toMatchObject({ add: expect.arrayContaining(['CHOWN', 'SETGID', 'SETUID']) });
  });

  test('follow a claim that is mounted on a node, cordoned or not', () => {
    const spec = podSpec({ ...plan, node: 'n1' }, 'Always');
    expect(JSON.stringify(spec.affinity)).toContain('"values":["n1"]');
    expect(spec.tolerations).toEqual([{ operator: 'Exists', effect: 'NoSchedule' }]);
    expect(podSpec(plan, 'Always')).not.toHaveProperty('affinity');
  });
});

describe('objects', () => {
  test('have the ConfigMap as owner', () => {
    expect(sourceStatefulSet(side, plan).metadata.ownerReferences).toEqual(side.meta.ownerReferences);
  });

  test('let in by the SSH port only', () => {
    expect(sourceNetworkPolicy(side).spec).toEqual({
      podSelector: { matchLabels: { l: '1' } },
      policyTypes: ['Ingress'],
      ingress: [{ ports: [{ port: 2222, protocol: 'TCP' }] }],
    });
  });

  test('where the source dials, it is let out and nobody in, and the target the other way round', () => {
    const policyTypes = ['Ingress', 'Egress'];
    const podSelector = { matchLabels: { l: '1' } };
    expect(sourceNetworkPolicy(side, true).spec).toEqual({ podSelector, policyTypes, egress: [{}] });
    const ingress = [{ ports: [{ port: 2222, protocol: 'TCP' }] }];
    expect(targetNetworkPolicy(side, true).spec).toEqual({ podSelector, policyTypes, ingress });
    expect(targetNetworkPolicy(side).spec).toEqual({ podSelector, policyTypes, egress: [{}] });
  });

  test('the Job never has two writers', () => {
    const spec = targetJob(side, { ...plan, side: 'target' }, {}).spec as Record<
      string,
      Record<string, Record<string, unknown>>
    >;
    expect(spec).toMatchObject({ podReplacementPolicy: 'Failed' });
    expect(spec.template?.spec).toMatchObject({ restartPolicy: 'Never' });
    expect(spec).not.toHaveProperty('parallelism');
  });
});
