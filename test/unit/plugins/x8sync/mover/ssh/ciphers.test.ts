/** By which cipher files cross the line: as the real sshd and ssh of this machine read what they are told. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { sourceHost, sshFiles } from '../../../../../../plugins/x8sync/mover/ssh/ssh-config.ts';
import { sourceFiles } from '../../../../../../plugins/x8sync/mover/ssh/sshd-config.ts';
import { pair, withPrograms } from '../../../../support/mover-programs.ts';

/** AES-GCM, which processors have instructions for, before ChaCha20, which is for those that have none. */
const inOrder = ['aes128-gcm@openssh.com', 'aes256-gcm@openssh.com', 'chacha20-poly1305@openssh.com'];

const saidBy = (program: string, ...args: string[]): string => {
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', input: '' });
  return stdout + stderr;
};

withPrograms(
  'ciphers with hardware support come first at both ends, the first is agreed on, and no others are taken',
  async () => {
    using both = await pair();
    writeFileSync(join(both.source, 'file'), 'content');
    await both.serve();
    expect(await both.copy()).toMatchObject({ code: 0 });
    const { paths } = both.stage.runtime;
    const { config } = sshFiles(paths);
    const ciphersOf = (text: string) => /^ciphers (.*)$/m.exec(text)?.[1]?.split(',');
    expect(ciphersOf(saidBy('/usr/sbin/sshd', '-T', '-f', sourceFiles(paths).sshdConfig))).toEqual(inOrder);
    expect(ciphersOf(saidBy('/usr/bin/ssh', '-G', '-F', config, sourceHost))).toEqual(inOrder);

    const connecting = (...more: string[]) =>
      saidBy(
        '/usr/bin/ssh',
        '-v',
        '-F',
        config,
        '-o',
        'ControlPath=none',
        '-o',
        'LogLevel=DEBUG',
        ...more,
        sourceHost,
        'echo',
      );
    const agreed = [...connecting().matchAll(/kex: (\S+) cipher: (\S+)/g)].map(([, way, cipher]) => [
      way,
      cipher,
    ]);
    expect(agreed).toEqual([
      ['server->client', inOrder[0]],
      ['client->server', inOrder[0]],
    ]);
    expect(connecting('-c', 'aes128-ctr')).toMatch(/no matching cipher found/);
  },
  60_000,
);
