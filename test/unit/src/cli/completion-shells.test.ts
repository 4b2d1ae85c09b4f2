/** Completion in the shells themselves, each with a program that answers as a plugin does. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { installCompletion } from '../../../../src/cli/completion/install.ts';
import { completionScript, type Shell } from '../../../../src/cli/completion/scripts.ts';
import { eventually } from '../../../support/eventually.ts';
import { slowness } from '../../../support/slowness.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'x8s-completion-'));
  // Offers what fits the last word, as `__complete` does; otherwise says what it was called with.
  writeFileSync(
    join(folder, 'kubectl-fake'),
    `#!/bin/sh
[ "$1" = __complete ] || { echo "ran: $*"; exit; }
for word; do :; done
for offer in work:Works watch:Watches dev/shop/: --mode=fast:; do
  case "\${offer%:*}" in "$word"*) printf '%s\\t%s\\n' "\${offer%:*}" "\${offer##*:}";; esac
done
echo :4
`,
    { mode: 0o755 },
  );
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const environment = () => ({
  ...process.env,
  PATH: `${folder}:${process.env.PATH}`,
  HOME: folder,
  XDG_CONFIG_HOME: folder,
  TERM: 'dumb',
});

function run(shell: string, args: readonly string[]): string {
  const { stdout, stderr, error } = spawnSync(shell, args, {
    encoding: 'utf8',
    env: environment(),
    timeout: 60_000 * slowness(),
  });
  if (error) throw error;
  return stdout + stderr;
}

const scriptFile = (shell: Shell): string => {
  const path = join(folder, `completion.${shell}`);
  writeFileSync(path, completionScript(shell, 'kubectl-fake'));
  return path;
};

const inShell = (shell: string) => (existsSync(`/usr/bin/${shell}`) ? test : test.skip);

describe('completion', () => {
  inShell('fish')('in fish offers candidates with their descriptions', () => {
    const said = run('fish', ['-c', `source ${scriptFile('fish')}; complete -C 'kubectl-fake w'`]);
    expect(said.trimEnd().split('\n').sort()).toEqual(['watch\tWatches', 'work\tWorks']);
  });

  inShell('zsh')(
    'in zsh finishes the word at Tab',
    async () => {
      // A terminal of its own: completion belongs to zsh's line editor.
      const shell = spawn('script', ['-qec', 'zsh -f -i', '/dev/null'], { env: environment() });
      let said = '';
      shell.stdout.on('data', (text) => {
        said += text;
      });
      const type = (text: string) => shell.stdin.write(text);
      const sees = (pattern: RegExp) => eventually(() => expect(said).toMatch(pattern));
      try {
        type(`autoload -U compinit && compinit -u -D && source ${scriptFile('zsh')} && echo $((40 + 2))\n`);
        await sees(/\n42\r?\n.*\[\?2004h/s);
        type('kubectl-fake wo\t');
        await sees(/wo\W?rk/);
        type('\n');
        await sees(/ran: work\b/);
      } finally {
        shell.kill();
      }
    },
    90_000 * slowness(),
  );

  inShell('bash')('in bash finishes the word at Tab', () => {
    const script = `
      source ${scriptFile('bash')}
      COMP_LINE='kubectl-fake wo' COMP_POINT=15
      _kubectl_fake
      echo "\${COMPREPLY[@]}"`;
    expect(run('bash', ['-c', script])).toBe('work\n');
  });

  inShell('pwsh')('in PowerShell offers candidates', () => {
    const script = `. '${scriptFile('powershell')}'; (TabExpansion2 'kubectl-fake wo' 15).CompletionMatches.CompletionText`;
    expect(run('pwsh', ['-NoProfile', '-Command', script])).toBe('work\n');
  });
});

describe('the program for kubectl', () => {
  const install = (options: { folder?: string; platform?: string } = {}) =>
    installCompletion({ plugin: 'fake', env: { PATH: `/nowhere:${folder}` }, platform: 'linux', ...options });

  test('is written beside the plugin, and hands over what kubectl gives it', async () => {
    const path = join(folder, 'kubectl_complete-fake');
    expect(await install()).toEqual({ path, changed: true });
    expect(statSync(path).mode & 0o777).toBe(0o755);
    expect(run(path, ['wo'])).toBe('work\tWorks\n:4\n');
    expect(await install()).toEqual({ path, changed: false });
  });

  test('takes the place of an older one of ours, and of nothing else', async () => {
    const path = join(folder, 'kubectl_complete-fake');
    writeFileSync(path, '#!/bin/sh\nkubectl-fake __complete "$@" # older\n');
    expect(await install()).toMatchObject({ changed: true });
    writeFileSync(path, 'something of a person');
    await expect(install()).rejects.toMatchObject({ exitCode: 3 });
    expect(readFileSync(path, 'utf8')).toBe('something of a person');
  });

  test('is a .cmd file on Windows', async () => {
    const { path } = await install({ platform: 'win32', folder });
    expect(path).toBe(join(folder, 'kubectl_complete-fake.cmd'));
    expect(readFileSync(path, 'utf8')).toBe('@kubectl-fake __complete %*\r\n');
  });

  test('needs a folder where the plugin is not on PATH', async () => {
    const options = { plugin: 'other', env: { PATH: folder }, platform: 'linux' };
    await expect(installCompletion(options)).rejects.toMatchObject({
      exitCode: 2,
      message: 'kubectl-other is in no folder of PATH.',
    });
  });

  test('says so where it may not be written', async () => {
    const missing = join(folder, 'missing');
    await expect(install({ folder: missing })).rejects.toThrow(
      `${missing}/kubectl_complete-fake can't be written`,
    );
  });
});
