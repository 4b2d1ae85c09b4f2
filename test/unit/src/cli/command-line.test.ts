import { describe, expect, test } from '@jest/globals';
import { LocalCommand } from '../../../../src/cli/base-command.ts';
import { argument, option } from '../../../../src/cli/options.ts';
import { EchoCommand, echoed, podsCommand, runFake, workCommand } from '../../support/fake-plugin.ts';

describe('the forms of kubectl', () => {
  test.each([
    [['one', '-m', 'fast'], { mode: 'fast' }],
    [['one', '-mfast'], { mode: 'fast' }],
    [['one', '-m=fast'], { mode: 'fast' }],
    [['one', '--mode', 'fast'], { mode: 'fast' }],
    [['one', '--mode=fast'], { mode: 'fast' }],
    [['--mode', 'fast', 'one'], { mode: 'fast' }],
    [['one', '--mode=fast', '--mode=safe'], { mode: 'safe' }],
    [['one', '-wmfast'], { mode: 'fast', watch: true }],
    [['one', '-w'], { watch: true }],
    [['one', '--watch=true'], { watch: true }],
    [['one', '--watch=false'], { watch: false }],
    [['one', '--watch', '--no-watch'], { watch: false }],
    [['one', '-w=false'], { watch: false }],
    [['one', '--clean=0'], { clean: false }],
    [['one', '--no-clean'], { clean: false }],
    [['one', '--watch', 'two'], { watch: true, second: 'two' }],
    [['one', '--image', '-dashed'], { image: '-dashed' }],
    [['one', '--image='], { image: '' }],
    [['one', '-l', 'a=b', '-la=c,d', '--label=e=f'], { label: ['a=b', 'a=c,d', 'e=f'] }],
    [['one', '--kinds', 'a,b', '--kinds=c'], { kinds: ['a', 'b', 'c'] }],
    [['one', '--way', 'far,near', '--way=near'], { ways: ['far', 'near', 'near'] }],
    [['--', '-w'], { first: '-w', watch: false }],
    [['-w', '--', 'one', '--mode=fast'], { first: 'one', second: '--mode=fast', watch: true }],
    [['-'], { first: '-' }],
    [['one', '--size=7', '--wait', '1h30m'], { size: 7, wait: 5_400_000 }],
    [['one', '--wait=90'], { wait: 90_000 }],
  ])('%j', async (argv, expected) => {
    // -o goes in front, since `--` ends the options.
    const { stdout, stderr } = await runFake(['-o', 'json', ...argv]);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject(expected);
  });

  test('without options there are the defaults', async () => {
    expect(await echoed('one')).toEqual({
      first: 'one',
      mode: 'safe',
      watch: false,
      clean: true,
      label: [],
      kinds: [],
      ways: [],
      image: 'busybox',
    });
  });

  test('an environment variable stands in for an option, and gives way to it', async () => {
    const env = { FAKE_IMAGE: 'from-env' };
    const image = async (...argv: string[]) =>
      JSON.parse((await runFake(['one', '-ojson', ...argv], undefined, { env })).stdout).image;
    expect(await image()).toBe('from-env');
    expect(await image('--image=given')).toBe('given');
  });

  test('words of a command may have options between them and before', async () => {
    const argv = ['--kubeconfig', 'f', 'get', '-ns', 'pods', 'x'];
    const { exitCode, stdout } = await runFake(argv, [podsCommand(async () => ({ text: 'ran' }))]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: 'ran\n' });
  });
});

describe('wrong usage', () => {
  const work = workCommand(async () => ({}));
  class RestCommand extends LocalCommand {
    static override paths = [['all']];
    names = argument.rest('NAME');
    override run = async () => ({ data: this.names });
  }

  test.each([
    [['one', '--mdoe', 'fast'], 'unknown flag --mdoe', 'did you mean --mode?'],
    [['one', '--modefast=1'], 'unknown flag --modefast', 'see kubectl fake --help'],
    [['one', '-x'], 'unknown flag -x', undefined],
    [['one', '--secrte'], 'unknown flag --secrte', 'see kubectl fake --help'],
    [['one', '--mode'], '--mode needs a value', 'write --mode safe|fast'],
    [['one', '-m'], '-m needs a value', undefined],
    [['one', '--mode', 'slow'], '--mode: "slow" is not one of safe, fast', undefined],
    [['one', '--way=near,fra'], '--way: "fra" is not one of near, far', undefined],
    [['one', '--watch=maybe'], '--watch: "maybe" is not true or false', undefined],
    [['one', '--kinds', ''], '--kinds: "" names nothing', undefined],
    [['one', '--note', ''], '--note: "" names nothing', undefined],
    [[''], 'FIRST: "" names nothing', undefined],
    [['one', ' '], 'SECOND: " " names nothing', undefined],
    [['all', 'one', ''], 'NAME: "" names nothing', undefined],
    [['one', '--label', ' '], '--label: " " names nothing', undefined],
    [['one', '--size', 'many'], '--size: "many" is not a whole number', undefined],
    [['one', '--size', '0'], '--size: "0" is less than 1', undefined],
    [['one', '--size', '11'], '--size: "11" is more than 10', undefined],
    [['one', '--wait', '5 minutes'], '--wait: "5 minutes" is not a duration', undefined],
    [['one', '-o', 'xml'], '--output: "xml" is not one of json, yaml', undefined],
    [[], 'FIRST missing', 'see kubectl fake --help'],
    [['a', 'b', 'c', 'd'], '"c", "d" given, but kubectl fake takes FIRST SECOND only', undefined],
    [['work', 'x'], '"x" given, but kubectl fake work takes no arguments', 'see kubectl fake work --help'],
    [['work', '--mode=fast'], 'unknown flag --mode', undefined],
  ])('%j', async (argv, message, hint) => {
    const { exitCode, stdout, stderr } = await runFake(argv, [EchoCommand, work, RestCommand]);
    expect(exitCode).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(`error: ${message}`);
    if (hint) expect(stderr).toContain(`hint: ${hint}`);
  });

  test('so is the first of more words than are taken', async () => {
    const { exitCode, stderr } = await runFake(['wrok', 'a', 'b'], [EchoCommand, work]);
    expect(stderr).toContain('hint: did you mean kubectl fake work?\n');
    expect(exitCode).toBe(2);
  });

  test('so is a lone word where several that may be absent go together', async () => {
    class PairCommand extends LocalCommand {
      static override paths = [LocalCommand.Default];
      from = argument.optional('FROM');
      to = argument.optional('TO');
      override async run() {
        return { text: 'ran' };
      }
    }
    const { exitCode, stderr } = await runFake(['wrok'], [PairCommand, work]);
    expect(stderr).toContain(
      'unknown command "wrok" for kubectl fake\nhint: did you mean kubectl fake work?',
    );
    expect(exitCode).toBe(2);
    expect((await runFake(['other'], [PairCommand, work])).stdout).toBe('ran\n');
  });

  test('a lone word near to a command is taken for a slip', async () => {
    const { exitCode, stderr } = await runFake(['wrok'], [work]);
    expect(stderr).toBe(
      'error: unknown command "wrok" for kubectl fake\nhint: did you mean kubectl fake work?\n',
    );
    expect(exitCode).toBe(2);
  });

  test('a plugin whose commands disagree about an option does not start', async () => {
    class OtherCommand extends LocalCommand {
      static override paths = [['other']];
      watch = option.text('--watch', { description: 'What to watch.' });
      override async run() {
        return {};
      }
    }
    const { exitCode, stderr } = await runFake(['one'], [EchoCommand, OtherCommand]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('--watch is a flag in one command and takes a value in another');
  });
});
