import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Json, JsonObject } from "../../src/emulator/json.ts";

/** One recorded exchange. */
export interface Recording {
  /** The file's name, without its ending. */
  readonly name: string;
  /** The session that it was recorded in; exchanges of one session follow from each other. */
  readonly source: string;
  /** Its place in the session. */
  readonly interaction: number;
  readonly request: { readonly method: string; readonly uri: string; readonly body: Json };
  readonly response: {
    readonly status: { readonly code: number };
    readonly headers: Readonly<Record<string, string>>;
    readonly body: Json;
  };
}

/** Reads a folder of recordings, in the order of their names. */
export function readRecordings(folder: string): Recording[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".json"))
    .sort()
    .map((file) => ({
      ...(JSON.parse(readFileSync(join(folder, file), "utf8")) as Omit<Recording, "name">),
      name: file.slice(0, -".json".length),
    }));
}

/** The decoded path of a recorded request. */
export function pathOf(recording: Recording): string {
  return decodeURIComponent(new URL(recording.request.uri).pathname);
}

/** The recorded body as an object; an empty one when there was none. */
export function bodyOf(side: { readonly body: Json }): JsonObject {
  const { body } = side;
  return typeof body === "object" && body !== null && !Array.isArray(body) ? body : {};
}

/** What recordings put in place of ids, keys and secrets: it says nothing about the value. */
export function isMasked(value: unknown): boolean {
  return typeof value === "string" && /^(00000000-0000-0000-0000-000000000001|fake-secret|.*REDACTED)$/.test(value);
}
