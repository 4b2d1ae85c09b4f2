/** A stream of server-sent events, as a program reads it. */

/** Its types in Node and in browsers disagree. */
type Decoder = ReadableWritablePair<string, Uint8Array>;

export interface EventReader {
  /** Resolves with all that came since it was asked last, once that holds the text; rejects where the stream ends without. */
  until(text: string): Promise<string>;
  /** Resolves when the service has ended it. */
  ended(): Promise<void>;
}

export async function readEvents(url: string, token: string | undefined): Promise<EventReader> {
  const { body } = await fetch(`${url}/api/events`, { headers: { authorization: `Bearer ${token}` } });
  const reader = (body as ReadableStream<Uint8Array>)
    .pipeThrough(new TextDecoderStream() as unknown as Decoder)
    .getReader();
  return {
    async until(text) {
      let heard = '';
      while (!heard.includes(text)) {
        const { value, done } = await reader.read();
        if (done) throw new Error(`ended without ${text}: ${heard}`);
        heard += value;
      }
      return heard;
    },
    async ended() {
      while (!(await reader.read()).done);
    },
  };
}
