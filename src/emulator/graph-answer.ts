import type { ArmRequest } from "./arm.ts";
import { ArmError } from "./arm-error.ts";
import type { JsonObject } from "./json.ts";
import type { World } from "./world.ts";

/** A request to Graph, taken apart. */
export type GraphRequest = Omit<ArmRequest, "target" | "apiVersion">;

/** A refusal in the directory's own shape. */
export function graphError(status: number, code: string, message: string, innerError?: JsonObject): ArmError {
  return new ArmError(status, code, { error: { code, message, ...(innerError ? { innerError } : {}) } });
}

/** What a caller without directory rights gets (recorded 2023). */
export function denied(world: World): ArmError {
  const id = world.ids.nextGuid();
  return graphError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.", {
    date: new Date(world.nowMs).toISOString().slice(0, 19),
    "request-id": id,
    "client-request-id": id,
  });
}

/** 404 for an object that the directory does not have. */
export function notFound(id: string): ArmError {
  return graphError(
    404,
    "Request_ResourceNotFound",
    `Resource '${id}' does not exist or one of its queried reference-property objects are not present.`,
  );
}

/** What every answer of Graph begins with. */
export function contextOf({ origin }: Pick<GraphRequest, "origin">, what: string): JsonObject {
  return { "@odata.context": `${origin}/v1.0/$metadata#${what}` };
}

/** The text that `$filter` asks a field to equal, in lower case; undefined where it does not ask. */
export function equalityIn(query: URLSearchParams, field: string): string | undefined {
  return new RegExp(`\\b${field}\\s+eq\\s+'([^']*)'`, "i").exec(query.get("$filter") ?? "")?.[1]?.toLowerCase();
}
