/** What stands in the place of a secret. */
export const REDACTED = "REDACTED";

/** What the names of fields, settings and parameters end with whose values are secrets; `enableSecretRotation` is none. */
const NAMES = [
  "secret(?:Text)?",
  "password",
  "passphrase",
  "pwd",
  "token",
  "assertion",
  "cookie",
  "authorization",
  "(?:private|account|access|shared|primary|secondary|api|instrumentation)_?key",
  "connectionString",
  "kubeconfig",
  "signature",
].join("|");

const SECRET_NAME = new RegExp(`(?:${NAMES})$`, "i");

/** True for the name of a field whose text is a secret. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/** Secrets that can be told by how they look, wherever they stand, and what is left of them. */
const LOOKS: readonly (readonly [RegExp, string])[] = [
  [/\b(Bearer|Basic)(\s+)[\w.~+/-]{16,}=*/gi, `$1$2${REDACTED}`],
  // A token of Microsoft Entra: JSON in base64, twice or more.
  [/\beyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*)?/g, REDACTED],
  // The signatures of operations and of storage.
  [/([?&](?:t|c|s|h|sig)=)[^&\s"'<>)\\]+/gi, `$1${REDACTED}`],
  // No scheme is long: without a limit a text of many full stops would take for ever.
  [/\b([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/@"'<>\\]+@/gi, `$1${REDACTED}@`],
  [new RegExp(`((?:${NAMES})=)[^\\s;&"'<>,)\\\\]+`, "gi"), `$1${REDACTED}`],
  [new RegExp(`("[^"]{0,80}(?:${NAMES})"\\s*:\\s*")(?:[^"\\\\]|\\\\.)+`, "gi"), `$1${REDACTED}`],
];

/** Shorter ones are no secrets, and would stand in the middle of words. */
const SHORTEST = 8;

/** The values that this process has come across as secrets, in each form in which they could be repeated. */
const known = new Set<string>();
let anyKnown: RegExp | undefined;

/** Takes note of a secret, so that `redact` knows it wherever it turns up again. */
export function rememberSecret(value: string | undefined): void {
  if (value === undefined || value.length < SHORTEST || value === REDACTED || !/\w/.test(value) || known.has(value))
    return;
  const base64 = Buffer.from(value).toString("base64");
  for (const form of [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1), base64]) known.add(form);
  anyKnown = undefined;
}

/** Takes note of the secrets in a body, by the names of their fields. */
export function rememberSecretsIn(body: string): void {
  if (!SECRET_ANYWHERE.test(body)) return;
  for (const [, name, value] of body.matchAll(FIELD)) {
    if (isSecretName(name!)) rememberSecret(unquote(value!));
  }
}

const SECRET_ANYWHERE = new RegExp(`(?:${NAMES})"`, "i");
const FIELD = /"([^"\\]{1,80})"\s*:\s*"((?:[^"\\]|\\.)*)/g;

function unquote(text: string): string {
  try {
    return JSON.parse(`"${text}"`) as string;
  } catch {
    return text;
  }
}

/** The text without the secrets in it: those that are known, and those that look like one. */
export function redact(text: string): string {
  return redactByLook(known.size > 0 ? text.replace(knownPattern(), REDACTED) : text);
}

/** True when a text has, or had, a secret in it that can be told by its look: whatever has happened before. */
export function holdsSecret(text: string): boolean {
  return text.includes(REDACTED) || redactByLook(text) !== text;
}

/** The same by their looks alone: whatever has happened before, the same text becomes the same. */
export function redactByLook(text: string): string {
  return LOOKS.reduce((result, [look, left]) => result.replace(look, left), text);
}

/** A copy of plain data with every text in it redacted. */
export function redactDeep<T>(value: T, redactText: (text: string) => string = redact): T {
  if (typeof value === "string") return redactText(value) as T;
  if (Array.isArray(value)) return value.map((item) => redactDeep(item, redactText)) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, redactDeep(item, redactText)])) as T;
}

function knownPattern(): RegExp {
  anyKnown ??= makePattern();
  return anyKnown;
}

function makePattern(): RegExp {
  // The longest first: one secret may begin as another does.
  const forms = [...known].sort((a, b) => b.length - a.length);
  return new RegExp(forms.map((form) => form.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|"), "g");
}
