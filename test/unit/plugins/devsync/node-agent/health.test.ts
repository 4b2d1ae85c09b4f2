/** What people are told of the agents of all nodes. */
import { expect, test } from '@jest/globals';
import { type AgentHealth, describeAgents } from '../../../../../plugins/devsync/node-agent/health.ts';
import { isNewer } from '../../../../../plugins/devsync/node-agent/versions.ts';

const agent = (node: string, isReady = true, version = '1.2.0'): AgentHealth => ({
  node,
  pod: `agent-${node}`,
  isReady,
  version,
});

test('where all are ready and not older, there is nothing to do', () => {
  const words = 'the agents of 2 of 2 nodes are ready, version 1.2.0';
  expect(describeAgents([agent('a'), agent('b')], '1.2.0')).toEqual({ words });
  expect(describeAgents([agent('a'), agent('b')], '1.1.9')).toEqual({ words });
});

test('one that is not ready is named, and older ones are to be upgraded', () => {
  expect(describeAgents([agent('a'), agent('b', false)], '1.2.0')).toEqual({
    words: 'the agents of 1 of 2 nodes are ready, version 1.2.0',
    advice: 'not ready: agent-b on b',
  });
  expect(describeAgents([agent('a'), agent('b', true, '1.1.0')], '1.2.0')).toEqual({
    words: 'the agents of 2 of 2 nodes are ready, version 1.1.0, 1.2.0',
    advice: 'this plugin has version 1.2.0; `upgrade` brings the agents to it',
  });
});

test.each([
  ['1.2.0', '1.1.9', true],
  ['1.10.0', '1.9.0', true],
  ['2.0.0', '1.99.99', true],
  ['1.2.0', '1.2.0-rc.1', true],
  ['1.2.0', '1.2.0', false],
  ['1.2.0+build', '1.2.0', false],
  ['1.2.0-rc.1', '1.2.0', false],
  ['1.1.9', '1.2.0', false],
  ['1.2.0', '', true],
])('%s is newer than %s: %s', (one, other, is) => {
  expect(isNewer(one, other)).toBe(is);
});
