/** The one line each way before a session. */
import { PassThrough } from 'node:stream';
import { expect, test } from '@jest/globals';
import {
  answerLine,
  audienceOf,
  longestGate,
  longestLine,
  parseAnswer,
  parseRequest,
  requestLine,
  type SessionRequest,
} from '../../../../../plugins/devsync/wire/node-agent.ts';
import { readLine } from '../../../../../plugins/devsync/wire/read-line.ts';
import { letGoLine, parseNews } from '../../../../../plugins/devsync/wire/startup-gate.ts';

const request: SessionRequest = {
  token: 't',
  namespace: 'n',
  pod: 'p',
  container: 'c',
  containerId: 'containerd://1',
};
const never = new AbortController().signal;

test('lines say what they were made of', () => {
  expect(parseRequest(requestLine(request))).toMatchObject(request);
  expect(parseRequest(requestLine(request)).shared).toBe(false);
  expect(parseRequest(requestLine({ ...request, shared: true })).shared).toBe(true);
  expect(parseAnswer(answerLine({ opened: true }))).toEqual({ opened: true, shared: false, gate: false });
  expect(parseAnswer(answerLine({ opened: true, shared: true }))).toMatchObject({
    opened: true,
    shared: true,
  });
  const refused = { opened: false, reason: 'Forbidden', message: 'no' } as const;
  expect(parseAnswer(answerLine(refused))).toEqual(refused);
});

test('a line of another version, or that is none, is refused without repeating what is in it', () => {
  expect(() => parseRequest('{"version":2,"token":"secret"}')).toThrow(/in version 2, this one in version 1/);
  expect(() => parseRequest('secret')).toThrow(/^the other end sent a line that is no JSON$/);
  expect(() =>
    parseAnswer('{"version":1,"opened":false,"reason":"Odd","message":"\\u001b[31mred"}'),
  ).not.toThrow();
  expect(parseAnswer('{"version":1,"opened":false,"reason":"Odd","message":"\\u001b[31mred"}')).toEqual({
    opened: false,
    reason: 'Failed',
    message: ' [31mred',
  });
});

test('a program is held back for a while that has a bound, and an agent that knows nothing of it says so by its silence', () => {
  expect(parseRequest(requestLine(request)).gate).toBe(undefined);
  expect(parseRequest(requestLine({ ...request, gate: 20 })).gate).toBe(20);
  for (const gate of [0, longestGate + 1, -1, 1.5, '20'])
    expect(() => parseRequest(requestLine({ ...request, gate: gate as number }))).toThrow();
  expect(parseAnswer(answerLine({ opened: true, gate: true }))).toMatchObject({ gate: true });
  expect(parseAnswer('{"version":1,"opened":true}')).toMatchObject({ gate: false });
});

test('news of a gate are of three kinds, and words of it hold no control characters', () => {
  const id = 'a'.repeat(64);
  expect(parseNews('{"looking":true}')).toEqual({ kind: 'looking' });
  expect(parseNews(`{"held":"${id}"}`)).toEqual({ kind: 'held', id });
  expect(parseNews('{"trouble":"\\u001b[31mred"}')).toEqual({ kind: 'trouble', words: ' [31mred' });
  for (const line of ['', 'held', '{}', '{"held":"a"}', '{"looking":1}'])
    expect(() => parseNews(line)).toThrow();
  expect(letGoLine(id)).toBe(`{"letGo":"${id}"}\n`);
});

test('a token of one node is none of another', () => {
  expect(audienceOf('a')).not.toBe(audienceOf('b'));
});

test('what follows the first line is left to who reads next', async () => {
  const stream = new PassThrough();
  const reading = readLine(stream, never);
  stream.write('{"ver');
  stream.write('sion":1}\nfirst ');
  expect(await reading).toBe('{"version":1}');
  stream.end('frames');
  let rest = '';
  for await (const data of stream.setEncoding('utf8')) rest += data;
  expect(rest).toBe('first frames');
});

test('a line that is too long, or never ends, is given up', async () => {
  const long = new PassThrough();
  const reading = readLine(long, never);
  long.write('x'.repeat(longestLine + 1));
  await expect(reading).rejects.toThrow(/too long/);
  const short = new PassThrough();
  short.end('half');
  await expect(readLine(short, never)).rejects.toThrow(/ended before/);
  await expect(readLine(new PassThrough(), AbortSignal.abort(new Error('late')))).rejects.toThrow('late');
});
