/** The main process of a container among the node's, from a recorded /proc and from this machine's. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  credentialsOf,
  findMainProcess,
  parseCredentials,
  sharesUsers,
  startOf,
} from '../../../../../plugins/devsync/node-agent/processes.ts';

const uid = '89af0910-3a0d-4013-80fa-60164f33de45';
const id = 'a17a65ad7ffdc6e612b1e1df5960339a3a7ba758a1a0e19e7eec92647293531e';
const groups = `9:name=systemd:/lab-a-1/kubepods/besteffort/pod${uid}/${id}\n0::/\n`;
/** As the kernel writes it, with a name that does its worst. */
const stat = (pid: number, start: number) =>
  `${pid} (a ) b (c) R 1 1) S 1 ${pid} ${pid} 0 -1 4194560 138 0 0 0 0 0 0 0 20 0 1 0 ${start} 2560000 376 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0\n`;

let proc: string;
beforeAll(() => {
  proc = mkdtempSync(join(tmpdir(), 'devsync-proc-'));
  const add = (pid: number, start: number, cgroup: string) => {
    mkdirSync(join(proc, String(pid)));
    writeFileSync(join(proc, String(pid), 'cgroup'), cgroup);
    writeFileSync(join(proc, String(pid), 'stat'), stat(pid, start));
  };
  add(1, 5, '0::/init.scope\n');
  // Numbers have come round: what was started in the container later has a lower one.
  add(300, 90_000, groups);
  add(4000, 80_000, groups);
  add(4001, 80_000, groups);
  mkdirSync(join(proc, '7'));
  writeFileSync(join(proc, 'version'), 'Linux');
});
afterAll(() => rmSync(proc, { recursive: true, force: true }));

test('is the one that began first, whatever its number', () => {
  expect(findMainProcess({ uid, id }, proc)).toEqual({ pid: 4000, start: '80000' });
});

test('is none where no process is in its control group', () => {
  expect(findMainProcess({ uid, id: id.replace('a', 'b') }, proc)).toBeUndefined();
});

test('is known by when it began, whatever its name is', () => {
  expect(startOf(stat(4000, 80_000))).toBe('80000');
  expect(startOf('')).toBeUndefined();
});

const status = (lines: string) => `Name:\tsleep\nState:\tS (sleeping)\n${lines}Seccomp:\t2\n`;

test('is who it is by now: the numbers that are in effect', () => {
  const lines =
    'Uid:\t0\t1000\t1000\t1000\nGid:\t0\t1001\t1001\t1001\nFDSize:\t64\nGroups:\t1001 2000 2001 \nCapInh:\t0000000000000000\nCapPrm:\t00000000a80425fb\nCapEff:\t00000000a80425fb\n';
  expect(parseCredentials(status(lines))).toEqual({
    uid: 1000,
    gid: 1001,
    groups: [1001, 2000, 2001],
    capabilities: 0xa80425fbn,
  });
  const none = 'Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nGroups:\t \nCapEff:\t0000000000000000\n';
  expect(parseCredentials(status(none)).groups).toEqual([]);
  expect(() => parseCredentials(status(''))).toThrow(/does not say who/);
});

test('may be this very process', () => {
  const here = { pid: process.pid, start: '' };
  expect(credentialsOf(here)).toMatchObject({ uid: process.geteuid?.(), gid: process.getegid?.() });
  expect(sharesUsers(here)).toBe(true);
});
