/** Which extended attributes the mover leaves alone: rsync's own choice counts no more once there is a filter. */
import { execFileSync } from 'node:child_process';
import { expect } from '@jest/globals';
import { moverLib, onLinux } from '../support/mover-scripts.ts';

function filters(fidelity: string): string[] {
  const script = `
    cd ${moverLib}; stat() { echo 1.5; }; WORK=/none SSH_CONFIG=none X8S_BWLIMIT= SOURCE_SPARSE=false X8S_FIDELITY=${fidelity}
    . ./rsync.sh; set_rsync_args; printf '%s\\n' "\${RSYNC_ARGS[@]}"`;
  const args = execFileSync('bash', ['-c', script], { encoding: 'utf8' }).split('\n');
  return args.filter((arg) => arg.startsWith('--filter'));
}

onLinux('labels of SELinux are not copied, all else of root is, and of a user what is his', () => {
  expect(filters('root')).toEqual(['--filter=-x system.*', '--filter=-x security.selinux']);
  expect(filters('user')).toEqual(['--filter=-x! user.*']);
});
