/** Hearing that a signal was aborted, where many requests at once share one. */

interface Audience {
  readonly all: Set<() => void>;
  readonly tell: () => void;
}

const audiences = new WeakMap<AbortSignal, Audience>();

/**
 * Calls `tell` when a signal that is not aborted yet is. Returns how to give that up. One listener of the platform's
 * for a signal, however many hear it: each of those is compared with all others when it is added and removed.
 */
export function onAbort(signal: AbortSignal, tell: () => void): () => void {
  const audience = audiences.get(signal) ?? gather(signal);
  // Two may hand in the same function.
  const own = () => tell();
  audience.all.add(own);
  return () => {
    if (!audience.all.delete(own) || audience.all.size > 0) return;
    signal.removeEventListener('abort', audience.tell);
    audiences.delete(signal);
  };
}

function gather(signal: AbortSignal): Audience {
  const all = new Set<() => void>();
  const tellAll = () => {
    for (const tell of all) tell();
  };
  const audience = { all, tell: tellAll };
  audiences.set(signal, audience);
  signal.addEventListener('abort', audience.tell, { once: true });
  return audience;
}
