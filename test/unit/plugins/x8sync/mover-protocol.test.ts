import { describe, expect, test } from '@jest/globals';
import { parseMoverLine } from '../../../../plugins/x8sync/mover-protocol.ts';

describe('parseMoverLine', () => {
  test('progress', () => {
    const text =
      'x8s:progress {"bytes":10,"totalBytes":100,"files":1,"totalFiles":5,"rate":20,"scanning":true}';
    expect(parseMoverLine(text)).toEqual({
      kind: 'progress',
      progress: { bytes: 10, totalBytes: 100, files: 1, totalFiles: 5, rate: 20, scanning: true },
    });
  });

  test('the end, with its nonce, outcome and figures', () => {
    const end = {
      nonce: 'n',
      code: 5,
      outcome: 'partial',
      message: 'a "file"\n',
      lost: ['ownership'],
      seconds: 1.5,
    };
    const stats = {
      files: 3,
      transferredFiles: 2,
      createdFiles: 1,
      totalBytes: 9,
      transferredBytes: 8,
      extraneous: 4,
    };
    const line = parseMoverLine(`x8s:end ${JSON.stringify({ ...end, stats })}`);
    expect(line).toEqual({ kind: 'end', end: { ...end, stats } });
  });

  test('an end without figures counts nothing', () => {
    const line = parseMoverLine('x8s:end {"nonce":"n","code":4,"outcome":"unreachable"}');
    expect(line).toMatchObject({
      kind: 'end',
      end: { outcome: 'unreachable', stats: { files: 0, extraneous: 0 }, lost: [] },
    });
  });

  test('changes and logs keep their text as it is', () => {
    expect(parseMoverLine('x8s:change >f+++++++++ a b')).toEqual({ kind: 'change', text: '>f+++++++++ a b' });
    expect(parseMoverLine('x8s:log rsync: it failed')).toEqual({ kind: 'log', text: 'rsync: it failed' });
  });

  test.each([
    'Connection closed',
    'x8s:progress not json',
    'x8s:end',
    'x8s:new {"field":1}',
    'x8s:end 7',
    '',
  ])('%j is a plain log line', (text) => {
    expect(parseMoverLine(text)).toEqual({ kind: 'log', text });
  });
});
