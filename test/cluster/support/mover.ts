/** The mover's two sides against each other in one pod, without the plugin: /source there, a claim at /target. */
import { protocol } from '../../../plugins/x8sync/mover/protocol/protocol.ts';
import { contextA } from './contexts.ts';
import type { Scene } from './scene.ts';

/** What an `x8s:end` line says, as far as tests look at it. */
export interface End {
  readonly code: number;
  readonly outcome: string;
  readonly message: string;
  readonly stats: Readonly<Record<string, number>>;
  readonly failures: readonly string[];
  readonly lost: readonly string[];
  readonly attempts: number;
  readonly seconds: number;
  readonly room?: Readonly<Record<string, number>>;
}

/** What a script did and told, by name. */
export interface Played {
  /** `copy NAME`: the mover's exit code and its last line, which is its end line. */
  readonly ends: ReadonlyMap<string, End>;
  /** `tell NAME COMMAND…`: what it printed, without the last line feed. */
  readonly told: ReadonlyMap<string, string>;
}

/** The image of both ends: the lab's, or the one that the plugin would use. */
export const moverImage = process.env.X8SYNC_IMAGE ?? 'x8s.dev/mover:0.1.0';

const stage = `
set +e
cd /tmp
export X8S_PROTOCOL=${protocol}
keys=/etc/x8s/keys
mkdir -p "$keys" /source /run/x8s
chmod 777 /run/x8s
make_key() { rm -f "$1" "$1.pub"; ssh-keygen -q -t ed25519 -N '' -f "$1"; chmod 444 "$1"; }
pin() { echo "x8s-source $(cut -d' ' -f1,2 "$1.pub")" >"$keys/known_hosts"; }
make_key "$keys/client_key"; make_key "$keys/host_key"
cp "$keys/client_key.pub" "$keys/authorized_keys"; pin "$keys/host_key"
unprivileged='setpriv --reuid 65532 --regid 65532 --clear-groups --bounding-set=-all --inh-caps=-all --no-new-privs'
# serve [PREFIX…]: starts the source and waits until it serves.
serve() {
  X8S_NONCE=n X8S_PORT=2222 X8S_IDLE_SECONDS=$idle "$@" x8s-mover serve >/tmp/serve.log 2>/tmp/sshd.log &
  serving=$!
  for _ in $(seq 600); do grep -q x8s:serving /tmp/serve.log && return; sleep 0.1; done
}
idle=600
# copy NAME VARIABLE=VALUE… [PREFIX…]: runs the mover to its end.
copy() {
  local name=$1; shift
  env X8S_NONCE=n X8S_TASK=t X8S_ADDRESSES=127.0.0.1:2222 X8S_CONNECT_SECONDS=30 "$@" x8s-mover copy >"/tmp/$name.log" 2>&1
  echo "ended $name $? $(tail -n 1 "/tmp/$name.log")"
}
tell() { local name=$1; shift; echo "told $name $("$@" 2>&1 | base64 -w 0)"; }
mover_pid() { pgrep -f '/x8s-mover copy$' | head -n 1; }
# arrived: waits until a few MiB of a file are there.
arrived() { for _ in $(seq 600); do [ -n "$(find /target/.x8sync -type f -size +3M 2>/dev/null)" ] && return; sleep 0.1; done; }
fill() { head -c "$2" /dev/urandom >"$1"; }
clear_all() { rm -rf /source/* /target/* /target/.x8sync; }
equal() { diff <(cd /source; find . -type f -exec sha1sum {} + | sort) <(cd /target; find . -type f -exec sha1sum {} + | sort) && echo equal; }
`;

/** Runs a script with the functions above, and a claim of so many MiB at /target. */
export async function play(scene: Scene, name: string, script: string, mebibytes = 64): Promise<Played> {
  await scene.claim(contextA, name, { storageClass: 'tmpfs', size: `${mebibytes}Mi` });
  const container = { image: moverImage, claim: name, path: '/target', script: `${stage}${script}exit 0` };
  return parse(await scene.run(contextA, container));
}

function parse(log: string): Played {
  const ends = new Map<string, End>();
  const told = new Map<string, string>();
  for (const line of log.split('\n')) {
    const [, name = '', code, json] = /^ended (\S+) (\d+) x8s:end (.*)$/.exec(line) ?? [];
    if (json !== undefined) ends.set(name, { ...(JSON.parse(json) as End), code: Number(code) });
    const [, what, text] = /^told (\S+) (\S*)$/.exec(line) ?? [];
    if (what !== undefined && text !== undefined)
      told.set(what, Buffer.from(text, 'base64').toString('latin1').replace(/\n$/, ''));
  }
  return { ends, told };
}
