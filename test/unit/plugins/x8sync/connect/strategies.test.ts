import { describe, expect, test } from '@jest/globals';
import { addressesOf, hostPort, ladderOf } from '../../../../../plugins/x8sync/connect/strategies.ts';
import type { Node } from '../../../../../src/kube/api/objects.ts';

const node = (name: string, ready: 'True' | 'False', ...addresses: [string, string][]): Node => ({
  metadata: { name },
  status: {
    conditions: [{ type: 'Ready', status: ready }],
    addresses: addresses.map(([type, address]) => ({ type, address })),
  },
});

describe('strategies', () => {
  const names = (...args: Parameters<typeof ladderOf>) => {
    const { mount, network } = ladderOf(...args);
    return [...(mount ? ['mount'] : []), ...network.map(({ name }) => name)];
  };

  test('within one namespace a mount, within one cluster its own network, between two a node port first', () => {
    expect(names([], { isOneCluster: true, isMountable: true })).toEqual(['mount', 'clusterip', 'relay']);
    expect(names([], { isOneCluster: true, isMountable: false })).toEqual(['clusterip', 'relay']);
    const apart = { isOneCluster: false, isMountable: false };
    expect(names([], apart)).toEqual(['nodeport', 'loadbalancer', 'relay']);
  });

  test('those that are named are tried in their order, and a mount before them all', () => {
    const here = { isOneCluster: true, isMountable: true };
    expect(names(['loadbalancer'], here)).toEqual(['loadbalancer']);
    expect(names(['nodeport', 'mount', 'clusterip'], here)).toEqual(['mount', 'nodeport', 'clusterip']);
  });

  test('external addresses come first, nodes that are not ready not at all', () => {
    const nodes = [
      node('a', 'True', ['InternalIP', '10.0.0.1'], ['Hostname', 'a']),
      node('b', 'True', ['InternalIP', '10.0.0.2'], ['ExternalIP', '192.0.2.2']),
      node('c', 'False', ['ExternalIP', '192.0.2.3']),
    ];
    expect(addressesOf(nodes)).toEqual(['192.0.2.2', '10.0.0.1', '10.0.0.2']);
  });

  test('IPv6 addresses stand in brackets', () => {
    expect(hostPort('2001:db8::1', 30022)).toBe('[2001:db8::1]:30022');
    expect(hostPort('192.0.2.1', 22)).toBe('192.0.2.1:22');
  });
});
