/** Tells the desktop something, by the platform's own notifier: nothing is installed. */
import { spawn } from 'node:child_process';

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Texts are never part of a script: what they hold is data. */
const appleScript = [
  'on run argv',
  'display notification (item 2 of argv) with title (item 1 of argv)',
  'end run',
];
const powerShell = `
[Windows.UI.Notifications.ToastNotificationManager,Windows.UI.Notifications,ContentType=WindowsRuntime] > $null
$toast = [Windows.UI.Notifications.ToastNotificationManager]::GetTemplateContent(1)
$lines = $toast.GetElementsByTagName('text')
$lines.Item(0).AppendChild($toast.CreateTextNode($env:X8S_NOTICE_TITLE)) > $null
$lines.Item(1).AppendChild($toast.CreateTextNode($env:X8S_NOTICE_TEXT)) > $null
$id = '{1AC14E77-02E7-4E5D-B744-2EB1AE5198B7}\\WindowsPowerShell\\v1.0\\powershell.exe'
[Windows.UI.Notifications.ToastNotificationManager]::CreateToastNotifier($id).Show([Windows.UI.Notifications.ToastNotification]::new($toast))`;

/** What shows a notice on a platform. Control characters become blanks. */
export function notifierFor(platform: NodeJS.Platform, title: string, text: string): Command {
  const [plainTitle, plainText] = [plain(title), plain(text)];
  if (platform === 'darwin') {
    const script = appleScript.flatMap((line) => ['-e', line]);
    return { program: 'osascript', args: [...script, plainTitle, plainText] };
  }
  if (platform === 'win32') {
    const env = { X8S_NOTICE_TITLE: plainTitle, X8S_NOTICE_TEXT: plainText };
    return { program: 'powershell.exe', args: ['-NoProfile', '-Command', powerShell], env };
  }
  // The body may be taken for markup (https://specifications.freedesktop.org/notification-spec).
  const body = plainText.replaceAll('<', '‹').replaceAll('>', '›').replaceAll('&', '+');
  return { program: 'notify-send', args: ['--app-name=kubectl', '--', plainTitle, body] };
}

const plain = (text: string) => text.replace(/\p{C}+/gu, ' ').slice(0, 300);

/** Shows it, beside everything else. A desktop without a notifier is told of once, by `onMissing`. */
export function notify({ program, args, env }: Command, onMissing: (why: string) => void): void {
  const child = spawn(program, args, { stdio: 'ignore', detached: true, env: { ...process.env, ...env } });
  child.on('error', (error) => onMissing(`${program} could not be started: ${error.message}`));
  child.unref();
}
