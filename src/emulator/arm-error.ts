import type { Json, JsonObject } from "./json.ts";

/** A refusal as Azure would send it: thrown anywhere in the model, answered by the door. */
export class ArmError extends Error {
  override readonly name = "ArmError";
  readonly status: number;
  readonly body: JsonObject;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, body: JsonObject, headers: Readonly<Record<string, string>> = {}) {
    super(code);
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}

/** ARM's own errors, and those of most providers, come in an `error` envelope (recorded). */
export function enveloped(status: number, code: string, message: string, extra: JsonObject = {}): ArmError {
  return new ArmError(status, code, { error: { code, message, ...extra } });
}

/** The AKS resource provider sends its errors flat, without an envelope (recorded 2021, public reports). */
export function flat(status: number, code: string, message: string, details: Json = null, subcode = ""): ArmError {
  return new ArmError(status, code, { code, details, message, subcode });
}

/** 404 for a resource, by its provider, types and names (recorded). */
export function resourceNotFound(path: string, resourceGroup: string | undefined): ArmError {
  return enveloped(
    404,
    "ResourceNotFound",
    `The Resource '${path}' under resource group '${resourceGroup ?? "<null>"}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`,
  );
}

/** 404 for a resource group. */
export function resourceGroupNotFound(name: string): ArmError {
  return enveloped(404, "ResourceGroupNotFound", `Resource group '${name}' could not be found.`);
}
