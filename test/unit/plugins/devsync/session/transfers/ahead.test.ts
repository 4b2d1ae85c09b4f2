/** A small save in the container comes along with the news of it: it is on the workstation one round trip earlier. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, jest, test } from '@jest/globals';
import { AgentConnection } from '../../../../../../plugins/devsync/launch/agent-connection.ts';
import { eventually } from '../../../../../support/eventually.ts';
import { openPair } from '../../support/pair.ts';

test.each([
  ['nothing is asked for', true, 0],
  ['it is asked for by a workstation that takes none ahead', false, 1],
])('of a save in the container %s', async (_, ahead, reads) => {
  const it = openPair({ ahead });
  writeFileSync(join(it.local, 'file'), 'before');
  await it.start();
  await it.synchronizer.flush();
  const begin = jest.spyOn(AgentConnection.prototype, 'begin');
  it.save('container', 'file', 'saved there');
  await eventually(() => expect(readFileSync(join(it.local, 'file'), 'utf8')).toBe('saved there'));
  expect(begin.mock.calls.filter(([, method]) => method === 'read')).toHaveLength(reads);
  begin.mockRestore();
});
