import { gunzipSync } from "node:zlib";
import { asArray, asObject, at, type Json, type JsonObject } from "../azure/json.ts";
import type { CommandEnd } from "../azure/run-command.ts";
import { type Known, known, unknown } from "../engine/known.ts";

/** Runs one command inside a cluster. @throws AksMiError when Azure refuses */
export type RunInside = (command: string) => Promise<CommandEnd>;

/** More than this is not unpacked: no answer of the run command comes near it. */
const LARGEST_BYTES = 256 * 1024 * 1024;

/**
 * Reads the Kubernetes objects of some kinds, in all namespaces. The run command cuts long answers off (512 kB, AKS
 * documentation), so an answer that cannot be read is asked for once more, packed. What was printed may hold secrets: a
 * reason says what kind of failure it was, and never quotes it.
 */
export async function readObjects(run: RunInside, kinds: string, selector = ""): Promise<Known<JsonObject[]>> {
  const command = `kubectl get ${kinds} --all-namespaces ${selector}-o json`;
  const answer = await ask(run, command);
  if (answer.known || answer.retry === false) return answer;
  const packed = await ask(run, `${command} | gzip -c | base64 -w 0`);
  return packed.known ? packed : unknown(answer.reason);
}

type Answer = Known<JsonObject[]> & { readonly retry?: boolean };

async function ask(run: RunInside, command: string): Promise<Answer> {
  const end = await run(command);
  if (!end.ended) return { ...unknown(end.reason), retry: false };
  if (end.exitCode !== 0) return { ...unknown(refusalOf(end)), retry: false };
  const items = parseItems(end.logs);
  return items ? known(items) : unknown(`its answer is cut off or no JSON (${end.logs.length} characters)`);
}

/** The kind of the API server's refusal, which kubectl puts in parentheses: `Forbidden`, `NotFound`. */
function refusalOf({ exitCode, logs }: { readonly exitCode: number; readonly logs: string }): string {
  const kind = /Error from server \(([A-Za-z]{1,40})\)/.exec(logs)?.[1];
  return kind ? `the cluster's API server answered ${kind}` : `the command ended with exit code ${exitCode}`;
}

/**
 * The objects in what kubectl printed, packed or not; warnings may come before them.
 * @returns undefined when it is cut off or no list
 */
export function parseItems(logs: string): JsonObject[] | undefined {
  const text = unpack(logs.trim());
  const start = /^\{/m.exec(text)?.index ?? -1;
  if (start < 0) return undefined;
  const list = parse(text.slice(start));
  const items = at(list, "items");
  return Array.isArray(items) ? asArray(items as Json).map(asObject) : undefined;
}

/** The first bytes of a gzip file, in base64. */
const PACKED = /^H4sI[A-Za-z0-9+/]+=*$/;

function unpack(text: string): string {
  if (!PACKED.test(text)) return text;
  try {
    return gunzipSync(Buffer.from(text, "base64"), { maxOutputLength: LARGEST_BYTES }).toString("utf8");
  } catch {
    return "";
  }
}

/** An error of `JSON.parse` quotes what it could not read, so it goes no further. */
function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
