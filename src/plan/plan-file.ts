import { readFileSync, statSync, writeFileSync } from "node:fs";
import { isNode, stringify } from "yaml";
import type { z } from "zod";
import { AksMiError, fileProblem } from "../engine/errors.ts";
import { MAX_YAML_BYTES, type ParsedYaml, parseYaml, TOO_LARGE, YamlProblem } from "../engine/yaml.ts";
import { type MigrationPlan, migrationPlan } from "./schema.ts";

const OTHER_VERSION = "Run it with the version of aks-mi that made it, or make a new plan with this one.";
const REMEDY = "Make a plan with `aks-mi plan --out FILE`, and edit it only along its schema.";

/**
 * Reads a plan file, YAML or JSON.
 * @throws AksMiError `PLAN_INVALID` that names file, line and path of the first thing that is wrong
 */
export function readPlanFile(file: string): MigrationPlan {
  let text: string;
  try {
    if (statSync(file).size > MAX_YAML_BYTES) throw invalid(file, undefined, TOO_LARGE);
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof AksMiError) throw error;
    throw new AksMiError(
      "USAGE",
      `The plan file ${file} cannot be read: ${fileProblem(error)}`,
      "Check the path that --plan names.",
      {
        cause: error,
      },
    );
  }
  return parsePlan(text, file);
}

/**
 * Parses a plan; see `readPlanFile`.
 * @param file as it is to be named in messages
 * @throws AksMiError that names file and line
 */
export function parsePlan(text: string, file: string): MigrationPlan {
  if (text.trim() === "") throw invalid(file, 1, "is empty");
  const yaml = readYaml(text, file);
  const { data } = yaml;
  if (typeof data !== "object" || data === null || Array.isArray(data))
    throw invalid(file, 1, "is not a plan of aks-mi");
  const found = (data as { apiVersion?: unknown; kind?: unknown }).apiVersion;
  if (found !== "aks-mi/v1") {
    const seen =
      found === undefined
        ? "it has no apiVersion"
        : `its apiVersion is ${JSON.stringify(found)} instead of "aks-mi/v1"`;
    const what = `is not a plan of this version of aks-mi: ${seen}`;
    const remedy = /^aks-mi\/v\d+$/.test(String(found)) ? OTHER_VERSION : REMEDY;
    throw invalid(file, lineOf(yaml, ["apiVersion"]), what, remedy);
  }
  const result = migrationPlan.safeParse(data);
  if (!result.success) throw schemaError(result.error.issues, yaml, file);
  ensureEachClusterOnce(result.data, yaml, file);
  return result.data;
}

/** A cluster that is there twice would stand in its own way: it has one lock and one journal. */
function ensureEachClusterOnce({ clusters }: MigrationPlan, yaml: ParsedYaml, file: string): void {
  const ids = clusters.map(({ id }) => id.toLowerCase());
  const index = ids.findIndex((id, at) => ids.indexOf(id) < at);
  if (index < 0) return;
  const first = ids.indexOf(ids[index]!);
  const line = lineOf(yaml, ["clusters", index, "id"]);
  throw invalid(file, line, `clusters[${index}].id names the cluster of clusters[${first}] once more`);
}

function readYaml(text: string, file: string): ParsedYaml {
  try {
    return parseYaml(text, { aliases: false });
  } catch (error) {
    if (error instanceof YamlProblem) throw invalid(file, error.line, error.message);
    throw error;
  }
}

function schemaError(issues: readonly z.core.$ZodIssue[], yaml: ParsedYaml, file: string): AksMiError {
  const [first] = issues;
  const keys = first!.code === "unrecognized_keys" ? first!.keys : [];
  const path = [...first!.path, ...keys.slice(0, 1)];
  const message = keys.length > 0 ? "is not a key that a plan has" : describeIssue(first!);
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : "";
  return invalid(file, lineOf(yaml, path), `${formatPath(path)} ${message}${more}`);
}

function describeIssue(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_type")
    return issue.input === undefined && /undefined/.test(issue.message)
      ? "is missing"
      : `is of the wrong type: ${issue.message}`;
  if (issue.code === "invalid_value")
    return `must be ${issue.values.map((value) => JSON.stringify(value)).join(" or ")}`;
  return issue.message;
}

function formatPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, key) => (typeof key === "number" ? `${text}[${key}]` : `${text}${text && "."}${String(key)}`),
    "",
  );
}

/** The line of the deepest part of a path that is in the document. */
function lineOf({ document, lineAt }: ParsedYaml, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const parent = document.getIn(path.slice(0, length - 1), true) as { items?: unknown[] } | undefined;
    const key = path[length - 1];
    const pair = parent?.items?.find((item) => (item as { key?: { value?: unknown } })?.key?.value === key) as
      | { key?: unknown }
      | undefined;
    const node = pair?.key ?? document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return lineAt(node.range[0]);
  }
  return 1;
}

function invalid(file: string, line: number | undefined, what: string, remedy = REMEDY): AksMiError {
  return new AksMiError("PLAN_INVALID", `${file}${line === undefined ? "" : `:${line}`}: ${what}.`, remedy);
}

/** A plan as block-style YAML, with the line that tells editors its schema. */
export function formatPlanYaml(plan: MigrationPlan): string {
  const yaml = stringify(plan, {
    lineWidth: 0,
    aliasDuplicateObjects: false,
    defaultStringType: "PLAIN",
    collectionStyle: "block",
  });
  return `# yaml-language-server: $schema=https://unpkg.com/aks-mi/plans/plan.schema.json\n${yaml}`;
}

/** Writes a plan: JSON where the name ends in .json, else YAML. @throws AksMiError when it cannot be written */
export function writePlanFile(file: string, plan: MigrationPlan): void {
  writeTextFile(file, file.endsWith(".json") ? `${JSON.stringify(plan, undefined, 2)}\n` : formatPlanYaml(plan));
}

/** Writes a file that the user named. @throws AksMiError when it cannot be written */
export function writeTextFile(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new AksMiError(
      "STATE_UNWRITABLE",
      `${file} cannot be written: ${fileProblem(error)}`,
      "Name another place for it.",
      { cause: error },
    );
  }
}
