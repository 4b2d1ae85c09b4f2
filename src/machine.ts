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
  /** Where its user keeps configuration, where that is not `~/.config`. */
  configHome: process.env.XDG_CONFIG_HOME || undefined,
} as const;
