import { isObject, type Json, type JsonObject } from "./json.ts";

/** Trouble that a matching request meets. */
export interface Fault {
  readonly status: number | undefined;
  readonly code: string;
  readonly message: string;
  readonly retryAfter: number | undefined;
  /** `before` the service acts, `after` it has, or `within` its answer. */
  readonly drop: "before" | "after" | "within" | undefined;
  readonly delayMs: number;
}

interface Rule {
  readonly method: string | undefined;
  readonly pattern: RegExp | undefined;
  /** Which match it begins with, counted from 1 since the rule was made; undefined: from the first. */
  readonly nth: number | undefined;
  readonly fault: Fault;
  matches: number;
  left: number;
}

/** Codes that services use where a fault names only a status. */
const CODES: Record<number, string> = {
  400: "BadRequest",
  401: "AuthenticationFailed",
  403: "AuthorizationFailed",
  404: "NotFound",
  409: "Conflict",
  412: "PreconditionFailed",
  429: "TooManyRequests",
  500: "InternalServerError",
  502: "BadGateway",
  503: "ServiceUnavailable",
  504: "GatewayTimeout",
};

/** The faults that are set, and how often each has struck. */
export class Faults {
  readonly #rules: Rule[] = [];

  /** Sets a fault; throws a RangeError with a sentence when it makes no sense. */
  add(body: Json | undefined): void {
    if (!isObject(body)) throw new RangeError("A fault is an object with match, fault and times.");
    ensureKeys(body, "A fault", ["match", "fault", "times"]);
    const match = body["match"] ?? {};
    if (!isObject(match)) throw new RangeError("match is an object with method, pathPattern and nth.");
    ensureKeys(match, "match", ["method", "pathPattern", "nth"]);
    const times = body["times"] ?? 1;
    if (typeof times !== "number" || !Number.isInteger(times) || times < 1)
      throw new RangeError("times is a whole number above 0.");
    const nth = match["nth"];
    if (nth !== undefined && (typeof nth !== "number" || !Number.isInteger(nth) || nth < 1))
      throw new RangeError("nth is a whole number above 0.");
    this.#rules.push({
      method: textIn(match, "method")?.toUpperCase(),
      pattern: patternOf(textIn(match, "pathPattern")),
      nth,
      fault: parseFault(body["fault"]),
      matches: 0,
      left: times,
    });
  }

  /** The fault that strikes this request, if any; every rule counts the request. Its path is given as sent and decoded. */
  strike(method: string, spell: () => readonly string[]): Fault | undefined {
    if (this.#rules.length === 0) return undefined;
    const spellings = spell();
    let struck: Fault | undefined;
    for (const rule of this.#rules) {
      if (rule.method && rule.method !== method) continue;
      if (rule.pattern && !spellings.some((path) => rule.pattern!.test(path))) continue;
      rule.matches += 1;
      if (struck || rule.left === 0 || rule.matches < (rule.nth ?? 1)) continue;
      rule.left -= 1;
      struck = rule.fault;
    }
    return struck;
  }
}

function ensureKeys(value: JsonObject, what: string, known: readonly string[]): void {
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown) throw new RangeError(`${what} has ${known.join(", ")}, not '${unknown}'.`);
}

/** A text that may be left out; anything else in its place would match or answer something that nobody meant. */
function textIn(value: JsonObject, key: string): string | undefined {
  const text = value[key];
  if (text !== undefined && (typeof text !== "string" || text === "")) throw new RangeError(`${key} is a text.`);
  return text;
}

function numberIn(value: JsonObject, key: string, what: string, isGood: (number: number) => boolean) {
  const number = value[key];
  if (number !== undefined && (typeof number !== "number" || !isGood(number)))
    throw new RangeError(`${key} is ${what}.`);
  return number;
}

function patternOf(text: string | undefined): RegExp | undefined {
  if (text === undefined) return undefined;
  try {
    return new RegExp(text, "i");
  } catch {
    throw new RangeError(`pathPattern '${text}' is not a regular expression.`);
  }
}

function parseFault(value: Json | undefined): Fault {
  if (!isObject(value)) throw new RangeError("fault is an object with status, drop or delayMs.");
  const drop = value["drop"];
  if (drop !== undefined && drop !== "before" && drop !== "after" && drop !== "within")
    throw new RangeError("drop is 'before', 'after' or 'within'.");
  ensureKeys(value, "fault", ["status", "code", "message", "retryAfter", "drop", "delayMs"]);
  const isStatus = (number: number) => Number.isInteger(number) && number >= 400 && number <= 599;
  const status = numberIn(value, "status", "a number from 400 to 599", isStatus);
  const delayMs = numberIn(value, "delayMs", "a number of milliseconds", (number) => number >= 0);
  const retryAfter = numberIn(value, "retryAfter", "a number of seconds", (number) => number >= 0);
  if (status === undefined && drop === undefined && delayMs === undefined)
    throw new RangeError("fault has none of status, drop and delayMs.");
  const code = textIn(value, "code") ?? CODES[status ?? 0] ?? "InternalServerError";
  return {
    status,
    code,
    message: textIn(value, "message") ?? `The emulator was told to answer ${code}.`,
    retryAfter,
    drop,
    delayMs: delayMs ?? 0,
  };
}
