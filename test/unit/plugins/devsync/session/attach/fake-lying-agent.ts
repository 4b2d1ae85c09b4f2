/** An agent that says whatever comes to its mind: it speaks the protocol, and lies. */
import { PassThrough } from 'node:stream';
import { AgentConnection } from '../../../../../../plugins/devsync/launch/agent-connection.ts';
import { sha256 } from '../../../../../../plugins/devsync/sync/scan/digest.ts';
import { ourHello } from '../../../../../../plugins/devsync/wire/calls.ts';
import { Channel } from '../../../../../../plugins/devsync/wire/channel.ts';
import type { Frame } from '../../../../../../plugins/devsync/wire/frame.ts';

type Random = (below: number) => number;

const targets = [
  '/etc/passwd',
  '../../outside/secret',
  'a/../../outside',
  'C:\\x',
  '',
  'a\0b',
  'fine',
  '..',
  '~',
];
const names = [
  'a',
  'b',
  'dir',
  '.git',
  '.GIT',
  'git~1',
  '.x8s-devsync',
  'ignored',
  'ok.txt',
  'con',
  'x'.repeat(300),
];
const content = Buffer.from('evil');

export class FakeLyingAgent {
  readonly #random: Random;
  #channel!: Channel;

  constructor(random: Random) {
    this.#random = random;
  }

  async connect(): Promise<AgentConnection> {
    const [toAgent, fromAgent] = [new PassThrough(), new PassThrough()];
    this.#channel = new Channel({
      input: toAgent,
      output: fromAgent,
      // Later, as over any line.
      onFrame: (frame) => void setImmediate(() => this.#answer(frame)),
      onEnd: () => {},
      pingEvery: 0,
      silenceLimit: 60_000,
    });
    this.#say('hello', 0, ourHello({ node: 'v20', platform: '\u001b[2J' }));
    const close = () => this.#channel.end(new Error('closed'));
    return await AgentConnection.start(
      { stdin: toAgent, stdout: fromAgent, close },
      { command: [], preamble: Buffer.alloc(0) },
    );
  }

  #pick = <T>(list: readonly T[]): T => list[this.#random(list.length)] as T;

  #say(type: Frame['type'], session: number, header: unknown, body: readonly Uint8Array[] = []): void {
    this.#channel.send(type as 'answer', session, header, body).catch(() => {});
  }

  #answer({ type, session, header }: Frame): void {
    const { id, method, parameters } = (header ?? {}) as { id: number; method: string; parameters: never };
    if (type === 'barrier') this.#say('barrier', session, header);
    if (type !== 'call') return;
    this.#beforeAnswer(session, id, method, parameters);
    this.#say('answer', session, { id, answer: this.#answerTo(method, parameters) });
  }

  #beforeAnswer(session: number, id: number, method: string, parameters: { needs?: unknown[][] }): void {
    if (method === 'refresh') this.#say('tree', session, { edits: this.#edits(), last: true });
    if (method !== 'read') return;
    for (const [digest, size] of parameters.needs ?? []) {
      if (this.#random(8) === 0) this.#sayDelta(session, id, digest, size);
      const isHonest = this.#random(4) > 0;
      const items = [[isHonest ? digest : sha256(Buffer.from('other')), size, 0, content.length]];
      this.#say('content', session, { form: 'whole', stream: id, items }, [content]);
    }
    this.#say('end', session, { stream: id });
  }

  /** Differences that nobody asked for, to a file that may lie anywhere. */
  #sayDelta(session: number, stream: number, digest: unknown, size: unknown): void {
    const [basis, items] = [this.#pick(targets), [[digest, size, 0, size, 0]]];
    this.#say('content', session, { form: 'delta', stream, basis, items });
  }

  #answerTo(method: string, parameters: { operations?: unknown[]; wanted?: unknown[][] }): unknown {
    const facts = {
      rootId: 'root',
      foldsNames: false,
      hasModes: true,
      freeBytes: 1,
      hasStaged: false,
      metadataFolder: '/.x8s-devsync',
    };
    if (method === 'open') return { facts, root: '/work', mount: '' };
    if (method === 'missing')
      return { here: (parameters.wanted ?? []).map(([digest]) => digest), partial: [] };
    if (method === 'apply')
      return (parameters.operations ?? []).map(() =>
        this.#pick<unknown>([0, { problem: 'no' }, { left: true }]),
      );
    return undefined;
  }

  #edits(): unknown[] {
    const edits: unknown[] = [['', ['d']]];
    for (let count = 0; count < 40; count++) edits.push([this.#path(), this.#entry()]);
    return edits;
  }

  #path(): string {
    return Array.from({ length: 1 + this.#random(3) }, () => this.#pick(names.slice(0, 10))).join('/');
  }

  #entry(): unknown {
    const mode = this.#pick([undefined, 0o777, 0o644, 0o000]);
    switch (this.#random(7)) {
      case 0:
      case 1:
        return ['d', mode];
      case 2:
      case 3:
        return ['l', this.#pick(targets)];
      case 4:
        return null;
      default:
        return ['f', sha256(content), content.length, this.#random(2), mode];
    }
  }
}
