/** What is told of an agent that fails. */
import { spawn } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { agentLaunch } from '../../../../../plugins/devsync/agent/loader.ts';
import { AgentConnection } from '../../../../../plugins/devsync/launch/agent-connection.ts';
import { askRootAccess } from '../../../../../plugins/devsync/launch/ephemeral.ts';
import { bundleAgent } from '../../../../../scripts/agent-bundle.ts';

function started(bundle: string): Promise<AgentConnection> {
  const launch = agentLaunch(bundle, process.execPath);
  const [command = '', ...args] = launch.command;
  const child = spawn(command, args, { stdio: 'pipe' });
  child.stdin.on('error', () => {});
  const { stdin, stdout, stderr } = child;
  return AgentConnection.start({ stdin, stdout, stderr, close: () => stdin.destroy() }, launch);
}

const boom = 'const fail=()=>{throw new Error("boom")};';

test('its last words are what the person gets to read', async () => {
  await expect(started(`${boom}exports.start=fail`)).rejects.toThrow(/the agent failed: Error: boom/);
  await expect(started(`${boom}exports.start=()=>setImmediate(fail)`)).rejects.toThrow(
    /the agent failed: Error: boom/,
  );
});

test('one that cannot say what it sees is not left running', async () => {
  const connection = await started(await bundleAgent());
  await expect(askRootAccess(connection, 4 as unknown as string)).rejects.toThrow(/as an id/);
  expect(connection.isOpen).toBe(false);
});

test('so are those of a rejection that nobody heard', async () => {
  const bundle = 'exports.start=()=>{Promise.reject(new Error("unheard"))}';
  await expect(started(bundle)).rejects.toThrow(/the agent failed: Error: unheard/);
});
