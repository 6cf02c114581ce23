import { isObject, type Json, type JsonObject } from "./json.ts";

/** Names of fields whose values never leave a request. */
const SECRET = /secret|password|clientassertion|accesstoken|privatekey/i;

/** A copy of a body without its secrets. */
export function withoutSecrets(value: Json | undefined): Json | undefined {
  if (Array.isArray(value)) return value.map((item) => withoutSecrets(item) ?? null);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      SECRET.test(key) && typeof item === "string" ? "REDACTED" : withoutSecrets(item),
    ]),
  );
}

/** Every ARM and Graph request served since the start. */
export class RequestLog {
  readonly #entries: JsonObject[] = [];

  /** Notes a request that was answered. */
  add(entry: {
    at: string;
    method: string;
    path: string;
    apiVersion: string;
    status: number;
    body: Json | undefined;
  }): void {
    const { body, ...rest } = entry;
    const isWrite = entry.method !== "GET" && entry.method !== "HEAD";
    this.#entries.push({ ...rest, ...(isWrite && body !== undefined ? { body: withoutSecrets(body) } : {}) });
  }

  /** The requests in the order in which they were served. */
  list(): JsonObject[] {
    return this.#entries;
  }
}
