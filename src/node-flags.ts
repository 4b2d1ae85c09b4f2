/** Flags of Node.js with which what we start comes to its end. */

/**
 * With these, no helper thread compiles while the program runs. `process.exit` waits for the helpers, and a helper that
 * needs memory for what it compiles waits for the main thread to collect garbage: then neither ever goes on. It was seen
 * with Node.js 26.10 in an agent that had just taken in a large file (CollectionBarrier::AwaitCollectionBackground below
 * BaselineBatchCompilerJob on one side, WorkerThreadsTaskRunner::Shutdown on the other). Every Node.js since 20 takes them.
 */
export const endingFlags: readonly string[] = ['--no-concurrent-recompilation', '--no-concurrent-sparkplug'];
