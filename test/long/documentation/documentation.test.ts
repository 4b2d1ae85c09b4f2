/** Every block of commands in README and docs, as a reader would type it, on two clusters. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { Stage } from '../../cluster/support/stage.ts';
import { commandBlocks } from '../../support/command-blocks.ts';
import { debianProgram } from '../support/debian-program.ts';
import { goTools } from '../support/go-tools.ts';
import { type Registry, startRegistry, trusting } from '../support/registry.ts';
import { type Case, caseOf, cases } from './cases.ts';

jest.setTimeout(2_400_000);

const project = join(import.meta.dirname, '..', '..', '..');
const work = mkdtempSync(join(tmpdir(), 'x8s-documentation-'));
const registries = ['x8s.dev', 'registry.example.com'];
let registry: Registry;
let tools: string;

beforeAll(async () => {
  debianProgram('skopeo', 'skopeo');
  registry = await startRegistry({ folder: join(work, 'registry'), port: 443, names: registries });
  tools = join(work, 'tools');
  mkdirSync(tools);
  symlinkSync(join(await goTools('krew'), 'krew'), join(tools, 'kubectl-krew'));
});
afterAll(() => {
  registry?.stop();
  rmSync(work, { recursive: true, force: true });
});

/** What a command that goes on is replaced by: it does so in another terminal, until the stage ends. */
const inBackground = (command: string, until: string): string =>
  `cat >"$HOME/.goes-on" <<'COMMAND'
${command}
COMMAND
typed() { echo $BASHPID >>"$HOME/.background"; until grep -qaE 'y/N|assword' "$HOME/.log"; do sleep 0.2; done; printf '%s\\n' "$TYPED"; exec sleep 1000; }
script --quiet --return --command "bash $HOME/.goes-on" /dev/null < <(typed) & pid=$!
echo $pid >>"$HOME/.background"
for i in {1..100}; do if (${until}) >/dev/null 2>&1; then break; fi; [ -n "$(jobs -rp)" ]; sleep 1; done
(${until}) >/dev/null`;

function scriptOf(script: string, { goesOn }: Case): string {
  if (!goesOn) return script;
  const lines = script.split('\n');
  return lines
    .map((line) => (goesOn.command.test(line) ? inBackground(line, goesOn.until) : line))
    .join('\n');
}

/** A view of the file system in which /usr/local/bin and /etc/hosts are this test's own. */
function apart(script: string): string {
  const hosts = join(work, 'hosts');
  copyFileSync('/etc/hosts', hosts);
  writeFileSync(hosts, registries.map((name) => `127.0.0.1 ${name}\n`).join(''), { flag: 'a' });
  return `cp -a /usr/local/bin "$HOME/.local-bin"
mount --bind "$HOME/.local-bin" /usr/local/bin
mount --bind ${hosts} /etc/hosts
PATH=/usr/local/bin:$PATH
${script}
`;
}

async function bash(stage: Stage, script: string, how: Case): Promise<void> {
  const path = stage.write('.script', `set -eo pipefail\n${how.apart ? apart(script) : script}\n`);
  const log = join(stage.folder, '.log');
  const command = how.apart
    ? ['unshare', '--mount', '--propagation', 'private', 'bash', path]
    : how.atTerminal && !how.goesOn
      ? ['script', '--quiet', '--return', '--command', `bash ${path}`, '/dev/null']
      : ['bash', path];
  const child = spawn('sh', ['-c', `"$@" >${log} 2>&1`, 'sh', ...command], {
    cwd: how.inProject ? project : stage.folder,
    env: {
      ...stage.env,
      PATH: `${tools}:${stage.env.PATH}`,
      SSL_CERT_FILE: trusting(join(work, 'registry')),
      TYPED: how.input?.trim(),
    },
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // One that asks nothing may have ended by then.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(how.input ?? '');
  const [code] = await once(child, 'exit');
  if (code !== 0)
    throw new Error(`ended with ${code}:\n${script}\n\n${readFileSync(log, 'utf8').slice(-6000)}`);
}

/** Ends what goes on; `script` does not always hear the first word. */
const endAll = `test ! -e "$HOME/.background" || for signal in TERM KILL; do
xargs kill -$signal <"$HOME/.background" 2>/dev/null || true
sleep 1; done`;

test.each(Object.keys(cases))('%s', async (name) => {
  const { prepare, tidy, blocks: _, ...options } = cases[name] ?? { blocks: [] };
  const stage = await Stage.open(options);
  try {
    await prepare?.(stage);
    for (const { script } of commandBlocks(readFileSync(join(project, name), 'utf8'))) {
      const how = caseOf(name, script);
      if (!how) continue;
      await how.before?.(stage);
      const typed = how.mayEndWith5 ? `set +e\n${script}\nset -e` : scriptOf(script, how);
      const begun = performance.now();
      await bash(stage, [how.first, typed, how.after].filter(Boolean).join('\n'), how);
      expect((performance.now() - begun) / 1000).toBeLessThan(how.within ?? Number.POSITIVE_INFINITY);
    }
    expect(cases[name]?.blocks.length).toBeGreaterThan(0);
  } finally {
    await bash(stage, endAll, { begins: '' });
    if (tidy) await bash(stage, `set +e\n${tidy}\ntrue`, { begins: '' });
    await stage.close();
  }
});
