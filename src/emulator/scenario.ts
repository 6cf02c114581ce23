import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Node as YamlNode } from "yaml";
import { AksMiError, isAksMiError } from "../engine/errors.ts";
import { type Behaviour, parseBehaviour } from "./behaviour.ts";
import { typeOf } from "./ids.ts";
import { isObject, type Json, type Resource } from "./json.ts";

/** A state of the world to begin with: resources as they would be put in, and behaviour settings. */
export interface Scenario {
  resources: Resource[];
  behaviour: Partial<Behaviour>;
}

/** Where the shipped scenarios lie: beside this file, and beside the compiled one. */
const SHIPPED = new URL("./scenarios/", import.meta.url);

/** The names of the scenarios that ship with the emulator. */
export function scenarioNames(): string[] {
  return readdirSync(SHIPPED)
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => file.slice(0, -".yaml".length))
    .sort();
}

/** Reads a scenario by its shipped name or from a YAML file; a bad one throws a USAGE error naming file, line and path. */
export async function loadScenario(nameOrFile: string): Promise<Scenario> {
  const file = scenarioNames().includes(nameOrFile)
    ? fileURLToPath(new URL(`${nameOrFile}.yaml`, SHIPPED))
    : nameOrFile;
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    throw new AksMiError(
      "USAGE",
      `There is no scenario '${nameOrFile}'.`,
      `Name a YAML file, or one of ${scenarioNames().join(", ")}.`,
      { cause },
    );
  }
  return parseScenario(text, file);
}

/** Reads a scenario from YAML text; `file` is named in errors. */
export function parseScenario(text: string, file: string): Scenario {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, merge: true });
  const fail = (path: (string | number)[], what: string): never => {
    const node = path.length === 0 ? document.contents : (document.getIn(path, true) as YamlNode | undefined);
    const line = lines.linePos((node?.range?.[0] ?? 0) as number).line;
    const where = path.length === 0 ? "" : ` at ${path.join(".")}`;
    throw new AksMiError(
      "USAGE",
      `${file}:${line}${where}: ${what}`,
      "Correct the scenario file; the README of the emulator describes it.",
    );
  };
  const [broken] = document.errors;
  if (broken) {
    const { line } = lines.linePos(broken.pos[0]);
    throw new AksMiError("USAGE", `${file}:${line}: ${broken.message.split("\n")[0]}`, "Correct the YAML.");
  }
  if (!isMap(document.contents)) return fail([], "a scenario has the keys resources and behaviour.");
  for (const pair of document.contents.items) {
    const key = isScalar(pair.key) ? String(pair.key.value) : "";
    if (!KEYS.includes(key)) fail([key], `there is no key '${key}' in a scenario; it has ${KEYS.join(" and ")}.`);
  }
  const content = document.toJS() as { resources?: Json; behaviour?: Json };
  return {
    resources: readResources(content.resources ?? [], document.get("resources"), fail),
    behaviour: readBehaviour(content.behaviour ?? {}, fail),
  };
}

const KEYS = ["resources", "behaviour"];

type Fail = (path: (string | number)[], what: string) => never;

function readResources(value: Json, node: unknown, fail: Fail): Resource[] {
  if (!Array.isArray(value) || (node !== undefined && !isSeq(node))) return fail(["resources"], "resources is a list.");
  return value.map((item, index) => {
    if (!isObject(item)) return fail(["resources", index], "a resource is an object.");
    const { id, type } = item;
    const isPlain = typeof type === "string" && /^kubernetes\//i.test(type);
    if (typeof id !== "string" && !isPlain) return fail(["resources", index], "a resource has an id.");
    if (typeof id === "string" && type === undefined && !id.startsWith("/"))
      return fail(["resources", index, "id"], `'${id}' is no resource id.`);
    return { ...item, id: id as string, type: typeof type === "string" ? type : typeOf(id as string) };
  });
}

function readBehaviour(value: Json, fail: Fail): Partial<Behaviour> {
  if (!isObject(value)) return fail(["behaviour"], "behaviour is an object of keys and values.");
  for (const [key, item] of Object.entries(value)) {
    try {
      parseBehaviour({ [key]: item });
    } catch (error) {
      if (!isAksMiError(error)) throw error;
      fail(["behaviour", key], error.message);
    }
  }
  return parseBehaviour(value);
}
