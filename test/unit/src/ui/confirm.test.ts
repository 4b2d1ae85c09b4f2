import { PassThrough } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { InterruptedError, UsageError } from '../../../../src/errors.ts';
import { confirm } from '../../../../src/ui/confirm.ts';
import { FakeTerminal } from '../../support/fake-terminal.ts';

/** Asks at a fake terminal, where somebody then does something. */
function ask(act: (input: PassThrough, controller: AbortController) => void, isTTY = true) {
  const input = Object.assign(new PassThrough(), { isTTY });
  const output = new FakeTerminal({ isTTY });
  const controller = new AbortController();
  const about = ['It has 3 files\u001b[2J', '  and one more'];
  const answer = confirm('Delete it?', { input, output, signal: controller.signal, about });
  setImmediate(() => act(input, controller));
  return { answer, output };
}

describe('a question', () => {
  test.each([
    ['y', true],
    ['YES', true],
    [' yes ', true],
    ['', false],
    ['n', false],
    ['yo', false],
    ['yes please', false],
  ])('answered with %j is %s', async (typed, expected) => {
    const { answer, output } = ask((input) => input.write(`${typed}\n`));
    expect(await answer).toBe(expected);
    expect(output.text).toMatch(/It has 3 files\\u\{1b\}\[2J\n {2}and one more\n.*Delete it\? \[y\/N\] /);
  });

  test('left with Ctrl-D is a no', async () => {
    expect(await ask((input) => input.end()).answer).toBe(false);
  });

  test('ends with the reason of the signal', async () => {
    const reason = new InterruptedError('SIGINT');
    const { answer } = ask((_, controller) => controller.abort(reason));
    await expect(answer).rejects.toBe(reason);
  });

  test('without a terminal is wrong usage, and never a yes', async () => {
    const { answer } = ask((input) => input.write('y\n'), false);
    await expect(answer).rejects.toThrow(UsageError);
    await expect(answer).rejects.toMatchObject({
      details: [expect.stringMatching(/3 files/), expect.anything()],
    });
  });
});
