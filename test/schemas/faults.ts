import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";

const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
const compiled = new Map<string, ValidateFunction>();

function compile(schemaFile: string): ValidateFunction {
  const validate = ajv.compile(JSON.parse(readFileSync(resolve(schemaFile), "utf8")) as object);
  compiled.set(schemaFile, validate);
  return validate;
}

/** What a schema that ships says against some data. */
export function faultsOf(schemaFile: string, data: unknown): unknown[] {
  const validate = compiled.get(schemaFile) ?? compile(schemaFile);
  return validate(data) ? [] : (validate.errors ?? []);
}
