import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Node as YamlNode } from "yaml";
import { AksMiError, isAksMiError } from "../engine/errors.ts";
import { type ParsedYaml, parseYaml, YamlProblem } from "../engine/yaml.ts";
import { type Behaviour, parseBehaviour } from "./behaviour.ts";
import type { GenerateSettings } from "./generate.ts";
import { isObject, type Json, type Resource } from "./json.ts";
import { readResource } from "./resource-input.ts";

/** A state of the world to begin with: resources as they would be put in, and behaviour settings. */
export interface Scenario {
  resources: Resource[];
  behaviour: Partial<Behaviour>;
  /** A fleet to be made from the emulator's seed, beside the resources. */
  generate?: GenerateSettings;
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

/**
 * Reads a scenario from YAML text; `file` is named in errors.
 * @throws AksMiError `USAGE` that names file, line and key
 */
export function parseScenario(text: string, file: string): Scenario {
  const { document, data, lineAt } = readYaml(text, file);
  const fail = (path: (string | number)[], what: string): never => {
    const node = path.length === 0 ? document.contents : (document.getIn(path, true) as YamlNode | undefined);
    const where = path.length === 0 ? "" : ` at ${path.join(".")}`;
    throw new AksMiError(
      "USAGE",
      `${file}:${lineAt(node?.range?.[0] ?? 0)}${where}: ${what}`,
      "Correct the scenario file; the README of the emulator describes it.",
    );
  };
  if (!isObject(data as Json)) return fail([], "a scenario has the keys resources, behaviour and generate.");
  const content = data as { resources?: Json; behaviour?: Json; generate?: Json };
  for (const key of Object.keys(content))
    if (!KEYS.includes(key)) fail([key], `there is no key '${key}' in a scenario; it has ${KEYS.join(", ")}.`);
  return {
    resources: readResources(content.resources ?? [], fail),
    behaviour: readBehaviour(content.behaviour ?? {}, fail),
    ...(content.generate === undefined ? {} : { generate: readGenerate(content.generate, fail) }),
  };
}

function readYaml(text: string, file: string): ParsedYaml {
  try {
    return parseYaml(text, { aliases: true });
  } catch (error) {
    if (!(error instanceof YamlProblem)) throw error;
    const at = error.line === undefined ? file : `${file}:${error.line}`;
    throw new AksMiError("USAGE", `${at}: ${error.message}.`, "Correct the YAML.");
  }
}

const KEYS = ["resources", "behaviour", "generate"];

type Fail = (path: (string | number)[], what: string) => never;

function readResources(value: Json, fail: Fail): Resource[] {
  if (!Array.isArray(value)) return fail(["resources"], "resources is a list.");
  return value.map((item, index) => {
    try {
      return readResource(item, "the resource");
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return fail(["resources", index], error.message);
    }
  });
}

function readGenerate(value: Json, fail: Fail): GenerateSettings {
  if (!isObject(value)) return fail(["generate"], "generate is an object with clusters and subscriptions.");
  const amounts = Object.entries(value).map(([key, amount]) => {
    if (!["clusters", "subscriptions"].includes(key)) fail(["generate", key], `there is no key '${key}' in generate.`);
    if (typeof amount !== "number" || !Number.isInteger(amount) || amount < 1)
      fail(["generate", key], `${key} is a whole number above 0.`);
    return [key, amount];
  });
  return { clusters: 1, subscriptions: 1, ...Object.fromEntries(amounts) };
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
