/** What this process runs as and on: facts that do not change while it runs. */
export const machine = {
  platform: process.platform,
  /** Undefined on Windows. */
  uid: process.getuid?.(),
  gid: process.getgid?.(),
  /** Permission bits that new files do not get. */
  umask: process.umask(),
  pid: process.pid,
  nodeVersion: process.version,
  /** As Node.js names the processor: `x64`, `arm64`. */
  arch: process.arch,
  /** The Node.js that runs this, or a plugin that has one in it. */
  program: process.execPath,
  /** Where its user keeps configuration, where that is not `~/.config`. */
  configHome: process.env.XDG_CONFIG_HOME || undefined,
} as const;
