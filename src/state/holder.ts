import { existsSync, readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** A process, as far as it can be told from every other. What a system does not tell is empty. */
export interface ProcessIdentity {
  readonly host: string;
  readonly pid: number;
  /** Processes of other namespaces (containers) cannot be seen, and have pids of their own. */
  readonly pidNamespace: string;
  /** When the process started, in the kernel's own ticks: a pid alone may have been given to another process. */
  readonly processStart: string;
  readonly bootId: string;
}

/** Who holds a lock. */
export interface Holder extends ProcessIdentity {
  readonly run: string;
  /** The hash of the plan that it runs. */
  readonly plan: string;
  /** Wall time, ISO 8601. */
  readonly since: string;
}

const TEXTS = ["host", "pidNamespace", "processStart", "bootId", "run", "plan", "since"] as const;

/** True for what says who holds a lock: all of it is relied on when one is broken. */
export function isHolder(value: unknown): value is Holder {
  if (typeof value !== "object" || value === null) return false;
  const holder = value as Partial<Record<keyof Holder, unknown>>;
  return Number.isInteger(holder.pid) && TEXTS.every((name) => typeof holder[name] === "string");
}

/** What can be told of a process from here: `elsewhere` is another host, or a container of its own. */
export type Life = "alive" | "dead" | "elsewhere";

/** This process. */
export function thisProcess(): ProcessIdentity {
  return {
    host: hostname(),
    pid: process.pid,
    pidNamespace: readPidNamespace(),
    processStart: processStartOf(process.pid) ?? "",
    bootId: readBootId(),
  };
}

/** Whether a process goes on. Where that cannot be told it counts as alive. */
export function lifeOf(other: ProcessIdentity): Life {
  if (other.host !== hostname()) return "elsewhere";
  if (other.bootId !== readBootId()) return "dead";
  if (other.pidNamespace !== readPidNamespace()) return "elsewhere";
  const start = processStartOf(other.pid);
  if (start === undefined) return "dead";
  return other.processStart !== "" && start !== other.processStart ? "dead" : "alive";
}

/** The start of a process in kernel ticks, empty where no kernel tells it, or undefined when there is no such process. */
function processStartOf(pid: number): string | undefined {
  if (existsSync("/proc/self/stat")) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      // The second field is a name in parentheses, which may hold anything; the 20th after it is the start (proc(5)).
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return fields[0] === "Z" ? undefined : fields[19];
    } catch {
      return undefined;
    }
  }
  try {
    process.kill(pid, 0);
    return "";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM" ? "" : undefined;
  }
}

function readPidNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}

function readBootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return "";
  }
}
