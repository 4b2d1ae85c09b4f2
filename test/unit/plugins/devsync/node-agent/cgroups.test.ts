/**
 * Which container a process belongs to. The layout of containerd with the driver cgroupfs, version 1, was recorded in the
 * lab; the others are as the runtimes and the kubelet name groups (kubelet's cm package, cri-o, cri-dockerd, containerd).
 */
import { describe, expect, test } from '@jest/globals';
import { bareId, runsIn } from '../../../../../plugins/devsync/node-agent/cgroups.ts';

const uid = '89af0910-3a0d-4013-80fa-60164f33de45';
const id = 'a17a65ad7ffdc6e612b1e1df5960339a3a7ba758a1a0e19e7eec92647293531e';
const other = '5fe0f82e609bf8a2dea5e673167d125ddcec3220eff6b2a4c7d9ce6e2dee8cd4';
const slice = `kubepods-burstable-pod${uid.replaceAll('-', '_')}.slice`;
const otherUid = '0f6b7f39-7d0f-4a53-9e55-0d9f7f5f5a11';
const staticUid = 'd2c4e6f8a0b1c3d5e7f9a1b2c3d4e5f6';
const slices = `/kubepods.slice/kubepods-burstable.slice/${slice}`;
const otherSlice = slice.replace(uid.replaceAll('-', '_'), otherUid.replaceAll('-', '_'));
const otherSlices = slices.replace(slice, otherSlice);

const recorded = ['9:name=systemd', '8:pids', '7:blkio', '5:devices', '3:cpu,cpuacct']
  .map((head) => `${head}:/x8s-lab/lab-a-1/kubepods/besteffort/pod${uid}/${id}`)
  .concat('0::/', '')
  .join('\n');

describe('a process belongs to the container', () => {
  test.each([
    ['containerd, cgroupfs, version 1', recorded],
    ['containerd, cgroupfs, version 2', `0::/kubepods/burstable/pod${uid}/${id}\n`],
    ['a guaranteed pod', `0::/kubepods/pod${uid}/${id}\n`],
    ['containerd, systemd, version 2', `0::${slices}/cri-containerd-${id}.scope\n`],
    [
      'containerd, systemd, version 1',
      `4:memory:/system.slice/containerd.service/${slice}:cri-containerd:${id}\n`,
    ],
    ['seen from a group beside it', `0::/../../${slice}/cri-containerd-${id}.scope\n`],
    ['cri-o, systemd', `0::${slices}/crio-${id}.scope\n`],
    ['cri-o, in a group of its own below', `0::${slices}/crio-${id}.scope/container\n`],
    ['cri-dockerd, systemd', `0::${slices}/docker-${id}.scope\n`],
    ['cri-dockerd, cgroupfs', `3:cpu:/kubepods/besteffort/pod${uid}/${id}\n`],
    [
      'a node that is a container itself',
      `3:cpu:/docker/${other}/kubelet/kubepods/besteffort/pod${uid}/${id}\n`,
    ],
    [
      'systemd, with a group of the kubelet’s own above',
      `0::${slices.replaceAll('kubepods', 'own-kubepods')}/crio-${id}.scope\n`,
    ],
    ['an init system in the container', `0::${slices}/cri-containerd-${id}.scope/init.scope\n`],
  ])('%s', (_, controlGroups) => {
    expect(runsIn(controlGroups, { uid, id })).toBe(true);
    expect(runsIn(controlGroups, { uid, id: other })).toBe(false);
    expect(runsIn(controlGroups, { uid: uid.replace('89', '88'), id })).toBe(false);
  });
});

describe('a process does not belong to the container', () => {
  test.each([
    ['what watches it for cri-o', `0::${slices}/crio-conmon-${id}.scope\n`],
    ['the pod’s sandbox', `0::${slices}/cri-containerd-${other}.scope\n`],
    [
      'a group of that name that another container made',
      `0::${slices}/cri-containerd-${other}.scope/${id}\n`,
    ],
    [
      'a pod’s and a container’s groups that another container made',
      `0::/kubepods/pod0000/${other}/x/pod${uid}/y/${id}\n`,
    ],
    [
      'the pod’s and its container’s groups that a container of another pod made',
      `0::/kubepods/besteffort/pod${otherUid}/${other}/pod${uid}/${id}\n`,
    ],
    ['the same with the driver systemd', `0::${otherSlices}/cri-containerd-${other}.scope/${slice}/${id}\n`],
    ['the same, in each other’s way', `0::${otherSlices}/cri-containerd-${other}.scope/pod${uid}/${id}\n`],
    [
      'the same with a colon, which a container may write in a name',
      `4:memory:/system.slice/containerd.service/${otherSlice}:cri-containerd:${other}/${slice}:cri-containerd:${id}\n`,
    ],
    ['a pod’s group right below another one’s', `0::/kubepods/besteffort/pod${otherUid}/pod${uid}/${id}\n`],
    [
      'groups that a container of a static pod made',
      `0::/kubepods/besteffort/pod${staticUid}/${other}/pod${uid}/${id}\n`,
    ],
    ['a part of the id', `0::/kubepods/pod${uid}/${id.slice(0, 12)}\n`],
    ['more than the id', `0::/kubepods/pod${uid}/${id}0\n`],
    ['a process of the node', '0::/system.slice/sshd.service\n'],
    ['nothing that is known', ''],
  ])('%s', (_, controlGroups) => {
    expect(runsIn(controlGroups, { uid, id })).toBe(false);
  });
});

test('a pod that the kubelet read from a file', () => {
  const groups = `0::/kubepods/burstable/pod${staticUid}/${id}\n`;
  expect(runsIn(groups, { uid: staticUid, id })).toBe(true);
  expect(runsIn(groups, { uid, id })).toBe(false);
});

test('the id in what the cluster calls a container', () => {
  expect(bareId(`containerd://${id}`)).toBe(id);
  expect(bareId(`cri-o://${id}`)).toBe(id);
  expect(bareId(id)).toBeUndefined();
  expect(bareId('containerd://../../etc')).toBeUndefined();
});
