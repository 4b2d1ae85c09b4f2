/** A real terminal, by tmux: what a program draws on it, and keys for it. */
import { randomBytes } from 'node:crypto';
import { eventually } from '../../support/eventually.ts';
import { run } from './process.ts';

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

export class Terminal {
  readonly #socket = `x8s-test-${randomBytes(4).toString('hex')}`;

  /** Starts a program on a terminal of its own; the screen stays after it has ended. */
  async start(
    program: string,
    args: readonly string[],
    env: Readonly<Record<string, string>>,
  ): Promise<void> {
    const settings = Object.entries(env).map(([name, value]) => `${name}=${quoted(value)}`);
    const line = ['env', ...settings, quoted(program), ...args.map(quoted)].join(' ');
    await this.#tmux(
      '-f',
      '/dev/null',
      'new-session',
      '-d',
      '-x',
      '100',
      '-y',
      '30',
      `${line}; echo "ended with $?"; cat`,
    );
  }

  /** What a person sees. */
  async screen(): Promise<string> {
    return await this.#tmux('capture-pane', '-p');
  }

  async title(): Promise<string> {
    return (await this.#tmux('display-message', '-p', '#{pane_title}')).trim();
  }

  /** @param keys as tmux names them: `p`, `Down`, `C-c`. */
  async press(...keys: string[]): Promise<void> {
    await this.#tmux('send-keys', ...keys);
  }

  /** Waits until the screen shows something, and resolves with all of it. */
  async shows(text: RegExp): Promise<string> {
    return await eventually(async () => {
      const screen = await this.screen();
      if (!text.test(screen)) throw new Error(`the screen does not show ${text}:\n${screen}`);
      return screen;
    });
  }

  async close(): Promise<void> {
    await this.#tmux('kill-server').catch(() => {});
  }

  async #tmux(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await run('tmux', ['-L', this.#socket, ...args]);
    if (code !== 0) throw new Error(`tmux ${args[0]}: ${stderr}`);
    return stdout;
  }
}
