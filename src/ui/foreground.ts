import { readFileSync } from "node:fs";

/**
 * True when the keys of the terminal go to this process: a shell stops a background job that reads them or that changes
 * how the terminal treats them. False where that cannot be told, as on macOS, which tells it to other programs alone.
 */
export function isInForeground(): boolean {
  if (process.platform === "win32") return true;
  try {
    return isForegroundGroup(readFileSync("/proc/self/stat", "utf8"));
  } catch {
    return false;
  }
}

/** Whether Linux's line on a process (proc_pid_stat(5)) names its own group as that of its terminal. */
export function isForegroundGroup(stat: string): boolean {
  // The name of the command comes before, in brackets, and may hold anything.
  const [, , group, , , terminalGroup] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return group !== undefined && group === terminalGroup;
}
