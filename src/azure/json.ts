/** Any JSON value. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;

/** A JSON object as Azure sends it: fields may be missing, and there may be more than anyone knows of. */
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

/** The value when it is an object, else an empty one. */
export function asObject(value: Json | undefined): JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

/** The value when it is an array, else an empty one. */
export function asArray(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

/** The value when it is a non-empty string, else undefined. */
export function asString(value: Json | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** The moment that a text names, else undefined. */
export function asDate(value: Json | undefined): Date | undefined {
  const moment = new Date(asString(value) ?? "");
  return Number.isNaN(moment.getTime()) ? undefined : moment;
}

/** The value at a path of keys, or undefined. */
export function at(value: Json | undefined, ...path: string[]): Json | undefined {
  return path.reduce<Json | undefined>((current, key) => asObject(current)[key], value);
}
