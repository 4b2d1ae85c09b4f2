/** A copy that all belongs to one owner, with the real rsync, ssh and sshd of this machine: rights that ACLs give stay. */
import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, expect } from '@jest/globals';
import { firstOf } from '../../../../../support/thoroughness.ts';
import { type Pair, pair, withPrograms } from '../../../../support/mover-programs.ts';

let both: Pair;
beforeEach(async () => {
  both = await pair();
});
afterEach(() => both[Symbol.dispose]());

const sh = (script: string): string => execFileSync('bash', ['-euc', script], { encoding: 'utf8' });
/** ACLs of all entries but the target's own one, without their owners. */
const acls = (folder: string): string => sh(`cd ${folder}; find . ! -name own | sort | xargs getfacl -cn`);
const others = (folder: string): string =>
  sh(`cd ${folder}; find . ! -name own '(' ! -uid 12 -o ! -gid 34 ')'`);

/** Users 7 and 8 and group 1001 are neither the old owner nor the new one; the same numbers own files. */
const withAcls = (folder: string): string =>
  sh(`cd ${folder}; mkdir -p team/sub open; for i in $(seq 40); do echo $i >team/$i; echo $i >team/sub/$i; done
  setfacl -m u:7:rw-,u:8:r--,g:1001:rwx,g::--- team/1 team/sub/2
  setfacl -m u:7:rwx,g:1001:r-x,d:u:7:rwx,d:u:8:r-x,d:g:1001:rwx team/sub
  chown 7:1001 team/1 team/3; chown 8:34 team/sub; echo inherits >team/sub/inherits; mkfifo team/sub/fifo; ln team/1 open/one`);

const ways: readonly (readonly [way: string, env: Readonly<Record<string, string>>])[] = [
  ['the list in pieces', {}],
  ['the list as a whole', { X8S_RSYNC_ARGS: JSON.stringify(['--no-inc-recursive']) }],
  ['several streams', { X8S_PARTITIONS: '8', X8S_PARALLELISM: '3' }],
  ['what only the target has deleted', { X8S_DELETES: 'all' }],
];

withPrograms(
  'users and groups that ACLs name stay as they are, in each way that a copy is made',
  async () => {
    withAcls(both.source);
    await both.serve();
    for (const [way, env] of firstOf(ways)) {
      sh(`find ${both.target} -mindepth 1 -delete; echo own >${both.target}/own`);
      const given = { ...env, X8S_OWNER: '12:34', X8S_VERIFY: '1', X8S_MAY_HAVE_MORE: '1' };
      const ended = await both.copy(given);
      expect([way, ended.outcome, ended.verification?.different]).toEqual([way, 'ok', 0]);
      expect(acls(both.target)).toBe(acls(both.source));
      expect(others(both.target)).toBe('');
      expect(await both.copy(given)).toMatchObject({ outcome: 'ok', stats: { changes: 0 } });
    }
  },
  240_000,
);
