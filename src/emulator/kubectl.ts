import { gzipSync } from "node:zlib";
import { type JsonObject, textAt } from "./json.ts";

/** How a command ended in the cluster, and what it printed. */
export interface CommandEnd {
  readonly exitCode: number;
  readonly logs: string;
}

/** What of `kubectl get` the model understands. */
interface Query {
  readonly kinds: readonly string[];
  /** Undefined: all of them. */
  readonly namespace: string | undefined;
  readonly conditions: readonly Condition[];
  /** True where the output goes on through `gzip -c | base64 -w 0`. */
  readonly isPacked: boolean;
}

/** A term of a field selector, such as `type!=helm.sh/release.v1`. */
interface Condition {
  readonly path: readonly string[];
  readonly value: string;
  readonly isEqual: boolean;
}

/** The run command shows no more of what was printed (AKS documentation: 512 kB). */
const LONGEST_LOGS = 512 * 1024;

/**
 * Runs `kubectl get KINDS -o json`, with `-A`, `-n`, `--field-selector` and packing; any other command fails.
 * @param objectsOf the objects of a kind, by whatever name kubectl takes for it
 */
export function runKubectl(command: string, objectsOf: (kind: string) => JsonObject[]): CommandEnd {
  const query = parse(command);
  if (!query) return { exitCode: 1, logs: `error: the emulator does not run '${command}'` };
  const items = query.kinds.flatMap(objectsOf).filter((item) => matches(item, query));
  const printed = JSON.stringify({ apiVersion: "v1", kind: "List", metadata: { resourceVersion: "" }, items });
  const logs = query.isPacked ? gzipSync(printed).toString("base64") : printed;
  return { exitCode: 0, logs: logs.slice(0, LONGEST_LOGS) };
}

function matches(item: JsonObject, { namespace, conditions }: Query): boolean {
  const own = textAt(item, "metadata", "namespace");
  if (namespace !== undefined && own !== undefined && own !== namespace) return false;
  return conditions.every(({ path, value, isEqual }) => ((textAt(item, ...path) ?? "") === value) === isEqual);
}

function parse(command: string): Query | undefined {
  const [get, ...pipe] = command.split("|").map((part) => part.trim().split(/\s+/));
  const packing = pipe.map((words) => words.join(" ")).join(" | ");
  if (packing !== "" && packing !== "gzip -c | base64 -w 0") return undefined;
  const [kubectl, verb, kinds, ...flags] = get ?? [];
  if (kubectl !== "kubectl" || verb !== "get" || !/^[\w.,-]+$/.test(kinds ?? "")) return undefined;
  let namespace: string | undefined = "default";
  let conditions: Condition[] | undefined = [];
  let output: string | undefined;
  const words = flags.flatMap((flag) => (flag.startsWith("--") ? flag.split(/=(.*)/s, 2) : [flag]));
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === "-A" || word === "--all-namespaces") namespace = undefined;
    else if (word === "-n" || word === "--namespace") namespace = words.shift();
    else if (word === "-o" || word === "--output") output = words.shift();
    else if (word === "--field-selector") conditions = parseConditions(words.shift() ?? "");
    else return undefined;
  }
  if (output !== "json" || !conditions) return undefined;
  return { kinds: kinds!.split(","), namespace, conditions, isPacked: packing !== "" };
}

function parseConditions(selector: string): Condition[] | undefined {
  const parsed = selector.split(",").map((term) => /^([\w.]+)(!=|==?)(.*)$/.exec(term.replaceAll(/^'|'$/g, "")));
  if (parsed.some((match) => !match)) return undefined;
  return parsed.map((match) => ({ path: match![1]!.split("."), value: match![3]!, isEqual: match![2] !== "!=" }));
}
