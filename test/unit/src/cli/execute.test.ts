import { PassThrough } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { isAgreed } from '../../../../src/cli/agreed.ts';
import {
  ExitCode,
  IncompleteError,
  InterruptedError,
  RefusedError,
  UsageError,
} from '../../../../src/errors.ts';
import type { KubeClient } from '../../../../src/kube/api/client.ts';
import { fakeKube } from '../../support/fake-kube.ts';
import { fruits, podsCommand, runFake, workCommand } from '../../support/fake-plugin.ts';
import { FakeTerminal } from '../../support/fake-terminal.ts';

const outcome = {
  data: { fruits: ['apple', 'fig'], none: undefined },
  text: 'two fruits',
  table: fruits,
  names: ['fruit/apple', 'fruit/fig'],
};

describe('what a command returns', () => {
  const work = [workCommand(async () => outcome)];

  test.each([
    [[], 'two fruits\n'],
    [['-o', 'json'], '{\n    "fruits": [\n        "apple",\n        "fig"\n    ]\n}\n'],
    [['-o', 'yaml'], 'fruits:\n  - apple\n  - fig\n'],
    [['-o', 'name'], 'fruit/apple\nfruit/fig\n'],
    [['-o', 'table'], 'NAME    PRICE\napple   3\nfig     12\n'],
    [['-o', 'wide'], 'NAME    PRICE   ORIGIN\napple   3       <none>\nfig     12      Crete\n'],
  ])('is printed as asked for: %j', async (flags, stdout) => {
    expect(await runFake(['work', ...flags], work)).toEqual({ exitCode: 0, stdout, stderr: '' });
  });

  test('is a sentence on stderr where there is nothing', async () => {
    const commands = [workCommand(async () => ({ data: [], table: { ...fruits, rows: [] } }))];
    const nothing = { exitCode: 0, stdout: '', stderr: 'No fruits found.\n' };
    expect(await runFake(['work'], commands)).toEqual(nothing);
    expect(await runFake(['work', '-owide'], commands)).toEqual(nothing);
    expect(await runFake(['work', '-ojson'], commands)).toEqual({ exitCode: 0, stdout: '[]\n', stderr: '' });
  });

  test('decides the exit code', async () => {
    const commands = [workCommand(async () => ({ exitCode: ExitCode.incomplete }))];
    expect(await runFake(['work'], commands)).toEqual({ exitCode: 5, stdout: '', stderr: '' });
  });

  test('may be a result and an error beside it', async () => {
    const error = new IncompleteError('2 of 3 copied');
    const commands = [workCommand(async () => ({ ...outcome, error }))];
    const { exitCode, stdout, stderr } = await runFake(['work', '-ojson'], commands);
    expect(exitCode).toBe(5);
    expect(JSON.parse(stdout)).toEqual({ fruits: ['apple', 'fig'] });
    expect(stderr).toBe('error: 2 of 3 copied\n');
  });

  test('steers no terminal, and JSON and YAML stay equal', async () => {
    const name = 'a\u001b]0;pwn\u0007\u009b2J\u202eb\nc';
    const data = { [name]: [name, 'é'] };
    const commands = [
      workCommand(async ({ event }) => {
        await event(data, 'x');
        return { data, names: [name] };
      }),
    ];
    const onTerminal = { stdout: new FakeTerminal({ isTTY: true }).stream };
    const steering = /[^\P{C}\n]/u;
    const [line = '', ...document] = (await runFake(['work', '-ojson'], commands)).stdout.split('\n');
    expect([JSON.parse(line), JSON.parse(document.join('\n'))]).toEqual([data, data]);
    expect(line + document.join()).not.toMatch(steering);
    const yaml = (await runFake(['work', '-oyaml'], commands)).stdout;
    expect(yaml).not.toMatch(steering);
    expect(yaml).toContain('- é\n');
    const { parseAllDocuments } = await import('yaml');
    expect(parseAllDocuments(yaml).map((one) => one.toJS())).toEqual([data]);
    // A program gets a name as it is.
    const named = [workCommand(async () => ({ names: [name] }))];
    expect((await runFake(['work', '-oname'], named)).stdout).toBe(`${name}\n`);
    await runFake(['work', '-oname'], named, onTerminal);
    expect((onTerminal.stdout as unknown as FakeTerminal).text).toBe(
      'a\\u{1b}]0;pwn\\u{7}\\u{9b}2J\\u{202e}b\\u{a}c\n',
    );
  });

  test('of a command that watches is one line of JSON an event, and nothing else', async () => {
    const commands = [
      workCommand(async ({ event }) => {
        await event({ n: 1 }, 'first');
        await event({ n: 2 }, 'second');
        return {};
      }),
    ];
    expect((await runFake(['work', '-ojson'], commands)).stdout).toBe('{"n":1}\n{"n":2}\n');
    expect((await runFake(['work', '-oyaml'], commands)).stdout).toBe('---\nn: 1\n---\nn: 2\n');
    expect((await runFake(['work'], commands)).stdout).toBe('first\nsecond\n');
  });
});

describe('what a command throws', () => {
  const refused = new RefusedError('task "x" exists', {
    details: ['in lab-a', 'held by\nsomeone'],
    hint: 'choose another name',
    cause: new Error('409'),
  });
  const throwing = (error: unknown) => [workCommand(() => Promise.reject(error))];

  test('is shown on stderr: what, why, what next', async () => {
    expect(await runFake(['work'], throwing(refused))).toEqual({
      exitCode: 3,
      stdout: '',
      stderr: 'error: task "x" exists\n  in lab-a\n  held by\n  someone\nhint: choose another name\n',
    });
  });

  test('shows its causes with --verbose', async () => {
    const { stderr } = await runFake(['work', '-v'], throwing(refused));
    expect(stderr).toContain('caused by: Error: 409');
  });

  test('has long details by their beginning and their end, and whole with --verbose and in a document', async () => {
    const detail = `begin ${'x'.repeat(4000)} end`;
    const commands = throwing(new RefusedError('no', { details: [`short\n${detail}`] }));
    const { stderr } = await runFake(['work'], commands);
    expect(stderr).toMatch(/^error: no\n {2}short\n {2}begin x+…x+ end\n$/);
    expect(stderr.length).toBeLessThan(1100);
    expect((await runFake(['work', '-v'], commands)).stderr).toContain(detail);
    expect((await runFake(['work', '-ojson'], commands)).stdout).toContain(detail);
  });

  test('is a document too where one is awaited', async () => {
    const { exitCode, stdout, stderr } = await runFake(['work', '-ojson'], throwing(refused));
    expect(exitCode).toBe(3);
    expect(JSON.parse(stdout)).toEqual({
      error: {
        type: 'RefusedError',
        message: 'task "x" exists',
        details: ['in lab-a', 'held by\nsomeone'],
        hint: 'choose another name',
        exitCode: 3,
      },
    });
    expect(stderr).toContain('error: task "x" exists');
  });

  test('is no second document', async () => {
    const commands = [
      workCommand(async ({ event }) => {
        await event({ n: 1 }, 'first');
        throw refused;
      }),
    ];
    expect((await runFake(['work', '-ojson'], commands)).stdout).toBe('{"n":1}\n');
  });

  test('is called a bug where nobody foresaw it, with its stack for --verbose only', async () => {
    const commands = throwing(new TypeError('x is not a function'));
    const { exitCode, stderr } = await runFake(['work'], commands);
    expect(exitCode).toBe(1);
    expect(stderr).toBe(
      'error: x is not a function\nThis is a bug in fake v1.2.3 (abc1234); --verbose shows where.\n',
    );
    expect((await runFake(['work', '-v'], commands)).stderr).toMatch(
      /TypeError: x is not a function\n\s+at /,
    );
  });

  test('may be no error at all', async () => {
    expect((await runFake(['work'], throwing('text'))).stderr).toContain('error: text\n');
  });

  test('is red on a terminal, and plain under NO_COLOR and --no-color', async () => {
    const colored = async (env: Record<string, string>, ...flags: string[]) => {
      const stderr = new FakeTerminal({ isTTY: true });
      await runFake(['work', ...flags], throwing(refused), { stderr: stderr.stream, env });
      return stderr.text.includes('\u001b[31m');
    };
    expect(await colored({})).toBe(true);
    expect(await colored({ NO_COLOR: '1' })).toBe(false);
    expect(await colored({ TERM: 'dumb' })).toBe(false);
    expect(await colored({}, '--no-color')).toBe(false);
  });
});

describe('the end of a run', () => {
  const untilAborted = (signal: AbortSignal, reason?: Error) =>
    new Promise<never>((_, reject) => {
      const end = () => reject(reason ?? signal.reason);
      // A short limit may be over before a busy machine comes to the command.
      if (signal.aborted) end();
      signal.addEventListener('abort', end, { once: true });
    });

  test('comes with exit 124 when --timeout is over', async () => {
    const commands = [workCommand(({ signal }) => untilAborted(signal))];
    const { exitCode, stderr } = await runFake(['work', '--timeout', '20ms'], commands);
    expect(exitCode).toBe(124);
    expect(stderr).toBe('error: not done within 20ms\nhint: a longer --timeout gives it more\n');
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('comes with the signal: %s', async (name, code) => {
    const controller = new AbortController();
    const commands = [
      workCommand(({ signal }) => {
        setImmediate(() => controller.abort(new InterruptedError(name)));
        return untilAborted(signal);
      }),
    ];
    const { exitCode, stderr } = await runFake(['work'], commands, { signal: controller.signal });
    expect(exitCode).toBe(code);
    expect(stderr).toMatch(/Interrupted: finishing up.*\nerror: interrupted\n/);
  });

  test('is told by the reason where only an AbortError came back', async () => {
    const controller = new AbortController();
    const commands = [
      workCommand(({ signal }) => {
        setImmediate(() => controller.abort(new InterruptedError('SIGINT', 'stopped by hand')));
        return untilAborted(signal, new DOMException('aborted', 'AbortError'));
      }),
    ];
    const { exitCode, stderr } = await runFake(['work'], commands, { signal: controller.signal });
    expect(exitCode).toBe(130);
    expect(stderr).toContain('error: stopped by hand\n');
  });

  test('without a terminal a question is wrong usage', async () => {
    const commands = [workCommand(async ({ confirm }) => ({ text: String(await confirm('Really?')) }))];
    const { exitCode, stderr } = await runFake(['work'], commands);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('error: no terminal to ask on: Really?\nhint: pass --yes');
  });
});

describe('a command that talks to clusters', () => {
  const connected = () => {
    const asked: unknown[] = [];
    const closed: string[] = [];
    const connect = async (flags: { context?: string | undefined }): Promise<KubeClient> => {
      asked.push(flags);
      const kube = fakeKube(undefined, { context: flags.context ?? 'current' });
      const close = kube.close.bind(kube);
      const remember = () => {
        closed.push(kube.cluster.context);
        return close();
      };
      return Object.assign(kube, { close: remember });
    };
    return {
      asked,
      closed,
      kubeAccess: { connect, contexts: async () => [], contextsOfServer: async () => [] },
    };
  };

  test("hands kubectl's flags on, and closes what it opened, once", async () => {
    const { asked, closed, kubeAccess } = connected();
    const commands = [
      podsCommand(async ({ kube }) => {
        await Promise.all([kube(), kube(), kube('other')]);
        throw new UsageError('enough');
      }),
    ];
    const flags = ['--kubeconfig=f', '--context=here', '--cluster=c', '--user=u', '-shttps://x', '--as=me'];
    const more = ['--as-group=g', '--as-group=h,i', '--token=t', '--request-timeout=1m'];
    await runFake(['get', 'pods', ...flags, ...more], commands, { kubeAccess });
    const who = { kubeconfig: 'f', as: 'me', asGroups: ['g', 'h,i'], requestTimeoutMs: 60_000 };
    expect(asked).toEqual([
      { ...who, context: 'here', cluster: 'c', user: 'u', server: 'https://x', token: 't' },
      { ...who, context: 'other' },
    ]);
    expect(closed.sort()).toEqual(['here', 'other']);
  });

  test('hands a token to no cluster that it was not given for', async () => {
    const { asked, kubeAccess } = connected();
    const commands = [podsCommand(async ({ kube }) => ({ text: (await kube('other')).cluster.context }))];
    const { exitCode, stderr } = await runFake(['get', 'pods', '--token=t'], commands, { kubeAccess });
    expect([exitCode, asked]).toEqual([2, []]);
    expect(stderr).toContain('--context names the one that it is for, such as --context other');
  });

  test('waits 15 s for an answer unless told otherwise', async () => {
    const { asked, kubeAccess } = connected();
    const commands = [podsCommand(async ({ kube }) => ({ text: (await kube()).cluster.context }))];
    expect((await runFake(['get', 'pods'], commands, { kubeAccess })).stdout).toBe('current\n');
    expect(asked).toEqual([expect.objectContaining({ requestTimeoutMs: 15_000 })]);
  });
});

describe('what a person agrees to', () => {
  const about = ['the first line', 'the second one'];
  const asking = (yes: boolean) => [
    workCommand(async (context) => ({
      text: String(await isAgreed(context, { yes, question: 'Go on?', about })),
    })),
  ];

  test.each(['json', 'yaml', 'table'])('is shown with the question, with -o %s too', async (format) => {
    const stderr = new FakeTerminal({ isTTY: true });
    const stdin = Object.assign(new PassThrough(), { isTTY: true });
    const run = runFake(['work', '-o', format], asking(false), {
      stderr: stderr.stream,
      stdin: stdin as unknown as NodeJS.ReadStream,
    });
    stdin.write('y\n');
    expect((await run).exitCode).toBe(0);
    expect(stderr.text).toMatch(/the first line\nthe second one\n.*Go on\? \[y\/N\] /);
  });

  test('is in the error where nobody can be asked', async () => {
    expect(await runFake(['work', '-ojson'], asking(false))).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining(
        'no terminal to ask on: Go on?\n  the first line\n  the second one\nhint:',
      ),
    });
  });

  test('is told with --yes', async () => {
    expect((await runFake(['work'], asking(true))).stderr).toMatch(/the first line\n.*the second one\n/);
  });
});
