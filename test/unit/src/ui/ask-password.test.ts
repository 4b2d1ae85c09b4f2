import { PassThrough } from 'node:stream';
import { describe, expect, jest, test } from '@jest/globals';
import { InterruptedError, UsageError } from '../../../../src/errors.ts';
import { askPassword } from '../../../../src/ui/ask-password.ts';
import { eventually } from '../../../support/eventually.ts';
import { FakeTerminal } from '../../support/fake-terminal.ts';

/** Asks for a password, of a person at a fake terminal or of another program. */
function ask(isTTY = true) {
  const input = Object.assign(new PassThrough(), { isTTY });
  const output = new FakeTerminal({ isTTY });
  const controller = new AbortController();
  const answer = askPassword('Password of ann', { input, output, signal: controller.signal });
  // Whoever types looks at what is asked first.
  answer.catch(() => undefined);
  const asked = (text: string) => eventually(() => expect(output.text.endsWith(text)).toBe(true));
  return { answer, input, output, asked, controller };
}

describe('a person at a terminal', () => {
  test('is asked twice, and nothing that is typed is shown', async () => {
    const { answer, input, output, asked } = ask();
    await asked('Password of ann: ');
    input.write('correct horse\r');
    await asked('Once more: ');
    input.write('correct horse\r');
    expect(await answer).toBe('correct horse');
    expect(output.text).toBe('Password of ann: \nOnce more: \n');
  });

  test('may correct what was typed', async () => {
    const { answer, input, asked } = ask();
    await asked('Password of ann: ');
    input.write('correct hosre\u007f\u007f\u007frse\r');
    await asked('Once more: ');
    input.write('correct horse\r');
    expect(await answer).toBe('correct horse');
  });

  test('who types two passwords is told that they differ', async () => {
    const { answer, input, asked } = ask();
    await asked('Password of ann: ');
    input.write('correct horse\r');
    await asked('Once more: ');
    input.write('correct house\r');
    await expect(answer).rejects.toThrow(new UsageError('The two passwords differ.'));
  });

  test.each([
    ['Enter alone', '\r'],
    ['Ctrl-D', '\u0004'],
  ])('who answers with %s is asked no further', async (_key, typed) => {
    const { answer, input, output, asked } = ask();
    await asked('Password of ann: ');
    input.write(typed);
    await expect(answer).rejects.toThrow(new UsageError('There is no password.'));
    expect(output.text).toBe('Password of ann: \n');
  });

  test('who presses Ctrl-C ends the command as anywhere else: in raw mode that is a key', async () => {
    const kill = jest.spyOn(process, 'kill').mockReturnValue(true);
    try {
      const { answer, input, asked, controller } = ask();
      await asked('Password of ann: ');
      input.write('\u0003');
      await eventually(() => expect(kill).toHaveBeenCalledWith(process.pid, 'SIGINT'));
      controller.abort(new InterruptedError('SIGINT'));
      await expect(answer).rejects.toThrow(InterruptedError);
    } finally {
      kill.mockRestore();
    }
  });

  test('who ends the command meanwhile is asked no further', async () => {
    const reason = new InterruptedError('SIGINT');
    const { answer, output, asked, controller } = ask();
    await asked('Password of ann: ');
    controller.abort(reason);
    await expect(answer).rejects.toBe(reason);
    expect(output.text).toBe('Password of ann: \n');
  });
});

describe('another program', () => {
  test.each([
    ['a line', ['correct horse\n'], 'correct horse'],
    ['a line of Windows', ['correct horse\r\n'], 'correct horse'],
    ['a line in parts', ['correct', ' horse', '\n'], 'correct horse'],
    ['more than one line', ['correct horse\nand more\n'], 'correct horse'],
    ['a line without an end', ['correct horse'], 'correct horse'],
  ])('is asked nothing, and sends %s', async (_what, parts, password) => {
    const { answer, input, output } = ask(false);
    for (const part of parts) input.write(part);
    input.end();
    expect(await answer).toBe(password);
    expect(output.text).toBe('');
  });

  test.each(['', '\n', '\nlater\n'])('that sends %j is told that there is no password', async (sent) => {
    const { answer, input } = ask(false);
    input.end(sent);
    await expect(answer).rejects.toThrow(new UsageError('There is no password on standard input.'));
  });

  test('that sends nothing is waited for until the command ends', async () => {
    const reason = new InterruptedError('SIGINT');
    const { answer, controller } = ask(false);
    controller.abort(reason);
    await expect(answer).rejects.toBe(reason);
  });
});
