/** Hearing that a signal was aborted, where many requests at once share one. */

interface Audience {
  readonly all: Set<() => void>;
  readonly tell: () => void;
}

const audiences = new WeakMap<AbortSignal, Audience>();

/**
 * Calls `tell` when the signal is aborted, which it must not be yet. Returns a function that removes `tell` again. A
 * signal gets one listener for all callers: Node compares each new listener with all others.
 */
export function onAbort(signal: AbortSignal, tell: () => void): () => void {
  const audience = audiences.get(signal) ?? gather(signal);
  // Two callers may pass the same function.
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
