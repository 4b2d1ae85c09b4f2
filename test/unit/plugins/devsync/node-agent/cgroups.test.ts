/**
 * Which container a process belongs to. The layout of containerd with the driver cgroupfs, version 1, was recorded in the
 * lab, and some others on machines of neuvector's developers (what they have in share/system/cgroup_test.go); the rest is as
 * the runtimes and the kubelet name groups (kubelet's cm package, cri-o, cri-dockerd, containerd).
 */
import { describe, expect, test } from '@jest/globals';
import { bareId, groupNames, runsIn } from '../../../../../plugins/devsync/node-agent/cgroups.ts';

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

/** A recorded file: each group with the ways of its controllers. */
const recording = (groups: Readonly<Record<string, readonly string[]>>) =>
  Object.entries(groups)
    .flatMap(([path, heads]) => heads.map((head) => `${head}:${path}`))
    .join('\n');
const slicesOf = (pod: string, quality: string) =>
  `/kubepods.slice/kubepods-${quality}.slice/kubepods-${quality}-pod${pod.replaceAll('-', '_')}.slice`;

const elsewhere = [
  {
    name: 'cri-o 1.19 of OpenShift 4.6, systemd, version 1',
    uid: '8ca306fa-3c03-47fa-97dd-19979c345572',
    id: 'd6d725b909f37c3e232aadfbafa950a58bfe7baa579ba8c47a12be88bb921607',
    groups: (uid: string, id: string) => ({
      [`${slicesOf(uid, 'besteffort')}/crio-${id}.scope`]: [
        ...['12:devices', '11:pids', '10:freezer', '9:cpuset', '8:cpu,cpuacct', '7:hugetlb', '5:perf_event'],
        ...['4:blkio', '3:memory', '2:net_cls,net_prio', '1:name=systemd'],
      ],
      '/': ['6:rdma'],
    }),
  },
  {
    name: 'cri-o 1.17 of OpenShift 4.4, a pod that the kubelet read from a file',
    uid: '487a0dc6dccaeefbcfedba7a7ce1ca18',
    id: '7a1fd6fe8cdfbd44dc78c4cc85dad7031eaab4365801684cad0aabdeaf863f9e',
    groups: (uid: string, id: string) => ({
      [`${slicesOf(uid, 'burstable')}/crio-${id}.scope`]: [
        '12:hugetlb',
        '9:pids',
        '3:memory',
        '1:name=systemd',
      ],
      '/': ['7:rdma'],
    }),
  },
  {
    name: 'containerd, systemd, version 1 and 2 beside each other',
    uid: 'dd1bf9d1-241d-47f5-8e25-12de83135812',
    id: 'f45298cd514d1930c4fe3afc4412e59547f7e3148fddd22ca33cefce046eb830',
    groups: (uid: string, id: string) => ({
      [`${slicesOf(uid, 'besteffort')}/cri-containerd-${id}.scope`]: ['2:perf_event', '1:name=systemd', '0:'],
    }),
  },
  {
    name: 'containerd 1.4.4, whose driver and the kubelet’s are not the same',
    uid: '2105e389-7471-476e-a50f-6074cef29bbd',
    id: 'd3d8ccf5cca91931c6285c1d7472c413dd5a7700fddc0aa9f89a9ac7008b003e',
    groups: (uid: string, id: string) => {
      const group = `kubepods-besteffort-pod${uid.replaceAll('-', '_')}.slice:cri-containerd:${id}`;
      return {
        [`/system.slice/containerd.service/${group}`]: [
          '11:pids',
          '8:cpu,cpuacct',
          '4:memory',
          '1:name=systemd',
        ],
        [`/${group}`]: ['10:freezer', '9:perf_event', '7:cpuset', '3:hugetlb'],
      };
    },
  },
  {
    name: 'containerd 1.2.13, cgroupfs, version 1',
    uid: 'a36d0c1d-0b26-4451-8d80-9c195e004afa',
    id: '5dd96d5394ca930a854a390ea46f7515a8bc930123eb3251ba20f2708a38fc61',
    groups: (uid: string, id: string) => ({
      [`/kubepods/besteffort/pod${uid}/${id}`]: ['11:pids', '9:memory', '3:freezer', '1:name=systemd'],
    }),
  },
] as const;

test.each(elsewhere)('as it was recorded elsewhere: $name', ({ uid: pod, id: container, groups }) => {
  const file = recording(groups(pod, container));
  expect(runsIn(file, { uid: pod, id: container })).toBe(true);
  expect(runsIn(file, { uid: pod, id: other })).toBe(false);
  expect(runsIn(file, { uid, id: container })).toBe(false);
  const { before, after } = groupNames(file, { uid: pod, id: container }) ?? {};
  // What the pod's next container is in.
  expect(runsIn(`0::${before}${other}${after}`, { uid: pod, id: other })).toBe(true);
});

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
    const { before, after } = groupNames(controlGroups, { uid, id }) ?? {};
    expect(runsIn(`0::${before}${other}${after}`, { uid, id: other })).toBe(true);
    expect(controlGroups).toMatch(`:${before}${id}${after}`);
    expect(groupNames(controlGroups, { uid, id: other })).toBe(undefined);
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
