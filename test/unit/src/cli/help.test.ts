import { describe, expect, test } from '@jest/globals';
import { EchoCommand, podsCommand, runFake, workCommand } from '../../support/fake-plugin.ts';

const commands = [EchoCommand, workCommand(async () => ({})), podsCommand(async () => ({}))];
const helpOf = async (argv: string[], columns = 80) => {
  const { exitCode, stdout, stderr } = await runFake(argv, commands, { columns });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return stdout;
};

const frontPage = `Echo what it was given.

The first paragraph is long enough that it has to be wrapped at the width of the
terminal, wherever that is.

  kept   as it stands

Examples:
  # Echo one thing
  kubectl fake one

Task commands:
  work   Work.

Commands:
  get pods   Get pods.

Other commands:
  completion           Print a script that completes commands, flags and names
                       in the shell.
  completion install   Let kubectl complete this plugin, in every shell in which
                       kubectl completes.
  version      Print the version of this plugin.

Arguments:
  FIRST   The first thing.

Options:
      --clean            Clean up. On by default; --no-clean turns it off.
      --image VALUE      Image. Environment: FAKE_IMAGE.
      --kinds VALUE      Kinds.
  -l, --label KEY=VALUE  Labels.
  -m, --mode safe|fast   How careful to be.
      --size N           How many.
      --wait DURATION    How long.
  -w, --watch            Go on.
      --way near|far     Ways.

Global options:
  -h, --help               Show this help.
      --no-color           No colours; NO_COLOR in the environment does the
                           same.
  -o, --output json|yaml   Output format.
  -v, --verbose            Say more about what is done; show the stack of an
                           unexpected error.

Usage:
  kubectl fake FIRST [SECOND] [options]

Use "kubectl fake COMMAND --help" for more about a command.
`;

describe('help', () => {
  test('of the plugin is its default command and the list of the others', async () => {
    const lines = (text: string) => text.split('\n').map((line) => line.replace(/(?<=\S) {2,}/g, '  '));
    expect(lines(await helpOf(['--help']))).toEqual(lines(frontPage));
  });

  test.each([[['-h']], [['help']], [['one', 'two', '--help']], [['--help', '--nonsense']]])(
    'is there for %j',
    async (argv) => {
      expect(await helpOf(argv)).toBe(await helpOf(['--help']));
    },
  );

  test('of a command is found by every way to ask', async () => {
    const page = await helpOf(['get', 'pods', '--help']);
    expect(page).toMatch(/^Get pods\.\n/);
    expect(page).toContain('Usage:\n  kubectl fake get pods [NAME...] [options]\n');
    expect(await helpOf(['help', 'get', 'pods'])).toBe(page);
    expect(await helpOf(['get', '-h', 'pods'])).toBe(page);
  });

  test("names other words for a command, and has kubectl's own options last but one", async () => {
    expect(await helpOf(['work', '--help'])).toContain('Aliases:\n  w\n');
    const groups = [...(await helpOf(['get', 'pods', '-h'])).matchAll(/^(\S.*):$/gm)].map(([, name]) => name);
    expect(groups).toEqual(['Options', 'Cluster options', 'Global options', 'Usage']);
  });

  test('keeps to the width of the terminal, however narrow', async () => {
    for (const columns of [40, 60, 80, 100]) {
      const page = await helpOf(['get', 'pods', '--help'], columns);
      // Command lines stay whole, so that they can be copied.
      const text = page.split('\n').filter((line) => !line.startsWith('  kubectl'));
      const wide = text.filter((line) => line.length > columns);
      expect({ columns, wide }).toEqual({ columns, wide: [] });
    }
  });

  test('never shows what is hidden', async () => {
    expect(await helpOf(['--help'])).not.toContain('--secret');
  });

  test('of what does not exist is an error', async () => {
    const { exitCode, stderr } = await runFake(['help', 'wrok'], commands.slice(1));
    expect(exitCode).toBe(2);
    expect(stderr).toContain('did you mean kubectl fake work?');
  });

  test('is what a bare plugin without a default command shows', async () => {
    const { exitCode, stdout } = await runFake([], commands.slice(1));
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^A plugin for tests\.\n/);
    expect(stdout).toContain('Usage:\n  kubectl fake COMMAND [options]\n');
  });
});

describe('version', () => {
  test.each([[['--version']], [['version', '--short']], [['--version', '--no-color']]])(
    '%j is one line',
    async (argv) => {
      expect((await runFake(argv)).stdout).toBe('fake v1.2.3 (abc1234)\n');
    },
  );

  test('says of which build it is, and which images it runs', async () => {
    const plugin = {
      name: 'fake',
      summary: '',
      version: '1.2.3',
      commit: 'abc1234',
      images: { mover: 'registry.test/mover:1.2.3' },
    };
    const { stdout } = await runFake(['version'], undefined, { plugin });
    expect(stdout).toMatch(/^fake v1\.2\.3 \(abc1234\)\n/);
    expect(stdout).toMatch(/^ {2}mover image: +registry\.test\/mover:1\.2\.3$/m);
    const json = JSON.parse((await runFake(['--version', '-ojson'], undefined, { plugin })).stdout);
    expect(json).toMatchObject({ name: 'fake', version: 'v1.2.3', commit: 'abc1234', images: plugin.images });
  });
});
