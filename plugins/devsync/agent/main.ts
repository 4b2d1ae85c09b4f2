/**
 * The agent: runs in or beside a container, over its standard input and output, and writes nothing but what it
 * syncs. Bundled into one file that any Node since 20 runs (see loader.ts).
 */
import { SerialQueue } from '../../../src/async/serial-queue.ts';
import { asHello, bestCompression, type OpenRequest, ourHello, type ScanRequest } from '../wire/calls.ts';
import { Channel } from '../wire/channel.ts';
import { asCount, asObject, asText } from '../wire/check.ts';
import type { Frame } from '../wire/frame.ts';
import { AgentSession, type Call } from './agent-session.ts';
import { planSignal } from './main-pid.ts';
import { findRootAccess } from './root-access.ts';
import { answerScan } from './scan-request.ts';
import type { Send } from './send.ts';

/** The workstation pings every few seconds; who hears nothing for this long is alone. */
const silenceLimit = 45_000;

/** Milliseconds for finishing what was begun when the stream has ended. */
const finishLimit = 10_000;

const astray = 'REMOTE leads elsewhere now';

interface Session {
  agentSession?: AgentSession;
  /** Frames of a session are dealt with one after the other. */
  readonly turn: SerialQueue;
}

/** Begins to serve. `early`: what has already been read from standard input. */
export function start(early: Buffer): void {
  const agent = new Agent();
  agent.listen(early);
}

class Agent {
  readonly #sessions = new Map<number, Session>();
  #channel!: Channel;

  listen(early: Buffer): void {
    this.#channel = new Channel({
      input: process.stdin,
      output: process.stdout,
      onFrame: (frame) => this.#take(frame),
      onEnd: () => void this.#finish(),
      pingEvery: 0,
      silenceLimit,
    });
    const { version, pid, platform, arch } = process;
    const uid = process.getuid?.() ?? -1;
    const gid = process.getgid?.() ?? -1;
    this.#reply('hello', 0, ourHello({ node: version, pid, platform, arch, uid, gid }));
    const ticking = setInterval(() => {
      for (const { agentSession } of this.#sessions.values()) {
        if (!this.#endWhereAstray(agentSession)) agentSession?.tick();
      }
    }, 2000);
    ticking.unref();
    process.once('SIGTERM', () => this.#channel.end(new Error('terminated')));
    this.#channel.feed(early);
  }

  #take(frame: Frame): void {
    const session = this.#session(frame.session);
    switch (frame.type) {
      case 'hello':
        this.#channel.compression = bestCompression(asHello(frame.header));
        return;
      case 'credit':
        session.agentSession?.credit(frame.header);
        return;
      case 'content':
        this.#queue(session, async () => session.agentSession?.receive(frame.header, frame.body));
        return;
      case 'call':
        this.#call(frame, session);
        return;
      case 'barrier':
        this.#queue(session, async () => this.#reply('barrier', frame.session, frame.header));
    }
  }

  #session(id: number): Session {
    const session = this.#sessions.get(id) ?? { turn: new SerialQueue() };
    this.#sessions.set(id, session);
    return session;
  }

  #queue(session: Session, run: () => Promise<unknown>): void {
    session.turn.run(run).catch(() => {});
  }

  #call(frame: Frame, session: Session): void {
    const { id, method, parameters } = asObject(frame.header, 'a call');
    const [number, name] = [asCount(id, 'a number'), asText(method, 'a method')];
    const run = async () => {
      try {
        const answer = await this.#answer(frame, session, { id: number, method: name, parameters });
        // An answer that cannot be sent is a failure: the caller would wait for it as long as the stream lives.
        this.#channel.post('answer', frame.session, { id: number, answer });
      } catch (error) {
        const { message, code } = error as NodeJS.ErrnoException;
        this.#reply('failure', frame.session, { id: number, message, code });
      }
    };
    // A read waits for credit from the workstation, and a large file for the disk: neither must hold up the calls behind.
    if (name === 'read' || name === 'signature') void session.turn.idle().then(run);
    else this.#queue(session, run);
  }

  async #answer({ session: id, body }: Frame, session: Session, call: Omit<Call, 'body'>): Promise<unknown> {
    const { method, parameters } = call;
    if (method === 'root-access')
      return findRootAccess(asText(asObject(parameters, 'parameters').containerId, 'an id'));
    if (method === 'signal') {
      const { containerId, signal } = asObject(parameters, 'parameters');
      const wanted = signal === undefined ? undefined : asText(signal, 'a signal');
      const planned = planSignal(asText(containerId, 'an id'), wanted);
      process.kill(planned.pid, `SIG${planned.signal}`);
      return planned;
    }
    const send: Send = (type, header, parts) => this.#channel.send(type, id, header, parts);
    if (method === 'scan') return await answerScan(parameters as ScanRequest, send);
    if (method === 'open') {
      await session.agentSession?.close();
      session.agentSession = new AgentSession(parameters as OpenRequest, send, (run) =>
        this.#queue(session, run),
      );
      return session.agentSession.opened;
    }
    if (method === 'close') {
      this.#sessions.delete(id);
      return await session.agentSession?.close();
    }
    if (session.agentSession === undefined) throw new Error('this session is not open');
    if (this.#endWhereAstray(session.agentSession)) throw new Error(astray);
    return await session.agentSession.answer({ ...call, body });
  }

  /** Ends the stream where REMOTE leads elsewhere now. The next connection finds out where; until then nothing is written. */
  #endWhereAstray(agentSession: AgentSession | undefined): boolean {
    if (!agentSession?.isAstray) return false;
    this.#channel.end(new Error(astray));
    return true;
  }

  #reply(type: 'hello' | 'failure' | 'barrier', session: number, header: unknown): void {
    this.#channel.send(type, session, header).catch(() => {});
  }

  async #finish(): Promise<void> {
    // Nobody is there to wait for: whatever is still under way must not keep the process.
    setTimeout(() => process.exit(1), finishLimit).unref();
    for (const { agentSession, turn } of this.#sessions.values()) {
      await turn.idle();
      await agentSession?.close().catch(() => {});
    }
    process.exit(0);
  }
}
