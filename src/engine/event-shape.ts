/** What every event carries, and what those of each type carry besides. All of it is text. */
const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  "run:started": ["planHash", "tool"],
  "run:approved": ["planHash", "by", "how"],
  "lock:broken": ["holder", "host", "since", "by"],
  "step:started": ["title"],
  "change:started": ["key", "summary", "risk"],
  "change:applied": ["key"],
  "change:bound": ["key", "resourceId"],
  "undo:approved": ["planHash", "by", "how"],
  "change:undone": ["key", "resourceId"],
  "change:failed": ["key", "code", "message"],
  "operation:started": ["key", "operation"],
  "node:progress": ["pool"],
  "principal:use": ["use", "seen"],
  "request:retried": ["request", "reason"],
  "step:settling": ["atMost"],
  "step:waiting": ["reason"],
  "check:found": ["check", "severity", "seen", "remedy"],
  "step:failed": ["code", "message", "remedy"],
  "step:done": ["evidence"],
  "run:paused": ["reason"],
};

/** Fields that are text wherever they are. */
const TEXTS = new Set([
  ...Object.values(REQUIRED).flat(),
  ...[
    "run",
    "type",
    "at",
    "cluster",
    "step",
    "until",
    "retryAt",
    "correlationId",
    "link",
    "account",
    "stopsBefore",
    "lastUseAt",
    "knownAt",
  ],
]);

/** By any name that a line may have for its type: an object would answer to `constructor`, too. */
const OF_TYPE = new Map(Object.entries(REQUIRED));

const NUMBERS = new Set(["seq", "reimaged", "nodes", "delayMs", "pid"]);
const TEXT_LISTS = new Set(["names", "keys", "otherUses"]);
const DATES = ["at", "acceptedAt", "until", "retryAt", "atMost", "since", "lastUseAt", "knownAt"];

/** No event is nested so deeply; whoever walks through what is would run out of stack. */
const MAX_DEPTH = 100;

/** True when a journal line has all that readers of its type rely on. Types that nobody knows are fine: readers ignore them. */
export function hasEventShape(value: Readonly<Record<string, unknown>>): boolean {
  const required = ["run", "type", "at", ...(OF_TYPE.get(String(value["type"])) ?? [])];
  return (
    required.every((name) => typeof value[name] === "string") &&
    Object.entries(value).every(([name, field]) => isFieldOfItsType(name, field)) &&
    DATES.every((name) => value[name] === undefined || !Number.isNaN(Date.parse(String(value[name])))) &&
    !isDeeperThan(MAX_DEPTH, value)
  );
}

function isDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((item) => isDeeperThan(levels - 1, item));
}

function isFieldOfItsType(name: string, field: unknown): boolean {
  if (TEXTS.has(name)) return typeof field === "string";
  if (NUMBERS.has(name)) return typeof field === "number";
  if (TEXT_LISTS.has(name)) return Array.isArray(field) && field.every((item) => typeof item === "string");
  return true;
}
