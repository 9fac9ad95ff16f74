/** Opens a page in the browser of whoever sits before the terminal. */
import { spawn } from 'node:child_process';

/** Whether someone is there to look: standard output is a terminal, this is no CI, and on Linux there is a display. */
export function someoneLooks(): boolean {
  const { env, platform, stdout } = process;
  if (!stdout.isTTY || env.CI) return false;
  return platform === 'darwin' || platform === 'win32' || !!env.DISPLAY || !!env.WAYLAND_DISPLAY;
}

/** Opens the file with the system's own opener; without one nothing happens. */
export function openPage(file: string): void {
  const [command, ...args] =
    process.platform === 'darwin'
      ? ['open', file]
      : process.platform === 'win32'
        ? ['cmd', '/c', 'start', '', file]
        : ['xdg-open', file];
  const child = spawn(command, args, { stdio: 'ignore', detached: true });
  child.on('error', () => {}); // the path was printed
  child.unref();
}
