/** Answers of servers that nobody has vouched for. */
import { describe, expect, test } from '@jest/globals';
import { withBoundedAnswers } from '../../../../../../plugins/nsreplicate/controller/access/bounded.ts';
import type { HttpResponse, Transport } from '../../../../../../src/kube/api/transport.ts';

const cluster = { context: 'other', server: 'https://other', namespace: 'default', user: 'u' };
const MIB = 1024 * 1024;

/** Answers with a body of so many bytes, which goes on for as long as it is read. */
function scene(status: number, bytes: number, text = 'a') {
  const sent = { parts: 0, closed: false };
  const part = Buffer.from(text.repeat(Math.min(bytes, MIB) / text.length));
  const response = {
    status,
    headers: {},
    async *bytes() {
      try {
        for (; sent.parts * part.length < bytes; sent.parts++) yield part;
      } finally {
        sent.closed = true;
      }
    },
  } as unknown as HttpResponse;
  const transport = { request: async () => response } as unknown as Transport;
  const read = async (path: string) => {
    const answer = await withBoundedAnswers(transport, cluster).request({ method: 'GET', path });
    return answer.text();
  };
  return { read, sent };
}

describe('an answer', () => {
  test('that is short enough is read whole', async () => {
    expect(await scene(200, 60 * 1024).read('/version')).toHaveLength(60 * 1024);
    expect(await scene(200, 8, 'ä').read('/api')).toBe('ää'.repeat(4));
    expect(await scene(200, 31 * MIB).read('/api/v1/configmaps?limit=300')).toHaveLength(31 * MIB);
  });

  test.each([
    ['/version', 200, '/version: the answer has more than 64 KiB'],
    ['/api/v1/configmaps?limit=300', 200, '/api/v1/configmaps: the answer has more than 32768 KiB'],
    ['/api/v1/configmaps', 500, '/api/v1/configmaps: the answer has more than 1024 KiB'],
  ])('without an end to %s (%s) is given up', async (path, status, message) => {
    const { read, sent } = scene(status, Number.POSITIVE_INFINITY);
    await expect(read(path)).rejects.toThrow(`other: ${message}, so the rest was not read`);
    expect(sent.closed).toBe(true);
    expect(sent.parts).toBeLessThan(40);
  });
});
