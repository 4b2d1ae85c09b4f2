/**
 * How the agent gets into a container without a file: `node -e LOADER` reads the bundle from standard input,
 * as long as the four bytes before it say (an end of input cannot be waited for: it may get lost on the way),
 * checks it and runs it in the same process.
 */
import { createHash } from 'node:crypto';
import { brotliCompressSync, constants } from 'node:zlib';
import { endingFlags } from '../../../src/node-flags.ts';

/** Before anything else: if memory runs out, it is the agent that goes, and never the app. */
const expendable = `try{require("fs").writeFileSync("/proc/self/oom_score_adj","1000")}catch{}`;

/** The oldest Node that runs the agent, and how the loader ends in an older one. */
export const oldestNode = 20;
export const exitTooOld = 71;

/** In one piece and in words: Node itself would print the whole bundle's only line. */
const lastWords = `p.on("uncaughtException",e=>p.stderr.write("the agent failed: "+(e&&e.stack||e)+"\\n",()=>p.exit(70)));`;

const loader = (digest: string) => `${expendable}
const p=process;${lastWords}
if(+p.versions.node.split(".")[0]<${oldestNode}){p.stderr.write("node "+p.version+" in the container is older than ${oldestNode}\\n");p.exit(${exitTooOld})}
let b=Buffer.alloc(0);const i=p.stdin;
i.on("data",function f(d){
b=Buffer.concat([b,d]);if(b.length<4)return;
const n=b.readUInt32BE(0)+4;if(b.length<n)return;
i.off("data",f);i.pause();
const c=require("zlib").brotliDecompressSync(b.subarray(4,n));
if(require("crypto").createHash("sha256").update(c).digest("hex")!=="${digest}"){p.stderr.write("the agent was damaged on its way\\n");p.exit(70)}
const m={exports:{}};new Function("require","module","exports",c.toString())(require,m,m.exports);
m.exports.start(b.subarray(n));i.resume();
})`;

/** Megabytes that the agent's heap may grow to, and of each half of its nursery: half of this costs a first sync a tenth more. */
const [heapLimit, nursery] = [128, 2];

export interface AgentLaunch {
  /** The command to run where a `node` is on the PATH. */
  readonly command: readonly string[];
  /** What its standard input must begin with. */
  readonly preamble: Buffer;
}

/** The best compression takes half a second, which is more than it saves on any line. */
const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } };

interface Packed {
  readonly bundle: string;
  readonly preamble: Buffer;
  readonly digest: string;
}

/** A program has one bundle, and may start many agents. */
let last: Packed | undefined;

function packed(bundle: string): Packed {
  if (last?.bundle === bundle) return last;
  const code = Buffer.from(bundle);
  const body = brotliCompressSync(code, quality);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  const digest = createHash('sha256').update(code).digest('hex');
  last = { bundle, preamble: Buffer.concat([length, body]), digest };
  return last;
}

/**
 * What starts an agent: a bundle of agent/main.ts.
 *
 * @param before code that runs before anything is read from standard input
 */
export function agentLaunch(bundle: string, node = 'node', before = ''): AgentLaunch {
  const { preamble, digest } = packed(bundle);
  return {
    command: [
      node,
      `--max-old-space-size=${heapLimit}`,
      `--max-semi-space-size=${nursery}`,
      ...endingFlags,
      '--no-warnings',
      '-e',
      before + loader(digest),
    ],
    preamble,
  };
}
