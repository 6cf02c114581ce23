import { isSecretName, REDACTED, redactByLook } from "../engine/secrets.ts";
import { isObject, type Json, type JsonObject } from "./json.ts";

/** A copy of a body without its secrets. */
export function withoutSecrets(value: Json | undefined): Json | undefined {
  if (Array.isArray(value)) return value.map((item) => withoutSecrets(item) ?? null);
  if (typeof value === "string") return redactByLook(value);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      isSecretName(key) && typeof item === "string" ? REDACTED : withoutSecrets(item),
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
