/** Passwords hashed by one worker, one after the other, with a bounded queue: a flood of logins costs no more than that. */
import { Worker } from 'node:worker_threads';
import { SerialQueue } from '../../../../src/async/serial-queue.ts';
import type { Clock } from '../../../../src/clock.ts';
import { X8sError } from '../../../../src/errors.ts';
import type { HashAnswer } from './hash-worker.ts';
import { hashWorkerBundle } from './worker-bundle.ts';

/** So many wait at most; who comes after that is sent away. */
const MOST_WAITING = 16;

/** Too many passwords wait to be hashed. */
export class QueueFull extends X8sError {
  override readonly name = 'QueueFull';
}

export class Hashing {
  readonly #clock: Clock;
  readonly #turn = new SerialQueue();
  #worker: Worker | undefined;
  #waiting = 0;
  #count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A new hash, with its salt. */
  hash(password: string): Promise<string> {
    return this.#inTurn({ password }) as Promise<string>;
  }

  /** Whether the hash is of this password. @throws {QueueFull} */
  verify(password: string, hash: string): Promise<boolean> {
    return this.#inTurn({ password, hash }) as Promise<boolean>;
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
    this.#worker = undefined;
  }

  async #inTurn(request: { readonly password: string; readonly hash?: string }): Promise<string | boolean> {
    if (this.#waiting >= MOST_WAITING) throw new QueueFull('too many passwords wait to be checked');
    this.#waiting++;
    const answered = Promise.withResolvers<string | boolean>();
    // The next one waits as long as this one took: half a processor at most.
    void this.#turn.run(async () => {
      const began = this.#clock.monotonic();
      await this.#ask(request).then(answered.resolve, answered.reject);
      this.#waiting--;
      if (this.#waiting > 0) await this.#clock.sleep(this.#clock.monotonic() - began);
    });
    return answered.promise;
  }

  async #ask(request: { readonly password: string; readonly hash?: string }): Promise<string | boolean> {
    this.#worker ??= await this.#start();
    const worker = this.#worker;
    const id = ++this.#count;
    const answer = Promise.withResolvers<string | boolean>();
    const heard = (message: HashAnswer) => {
      if (message.id === id) answer.resolve(message.result);
    };
    const ended = () => answer.reject(new X8sError('the worker that hashes passwords ended'));
    worker.on('message', heard);
    worker.once('exit', ended);
    worker.postMessage({ id, ...request });
    try {
      return await answer.promise;
    } finally {
      worker.off('message', heard);
      worker.off('exit', ended);
    }
  }

  async #start(): Promise<Worker> {
    const worker = new Worker(await hashWorkerBundle(), { eval: true, env: {}, name: 'passwords' });
    // Its end is heard as `exit` by whoever waits; a process that has nothing else to do ends.
    worker.on('error', () => undefined);
    worker.once('exit', () => {
      if (this.#worker === worker) this.#worker = undefined;
    });
    worker.unref();
    return worker;
  }
}
