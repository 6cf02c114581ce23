import type { ArmReply } from "./arm.ts";
import { contextOf, denied, equalityIn, type GraphRequest } from "./graph-answer.ts";
import { type JsonObject, textsAt } from "./json.ts";
import type { World } from "./world.ts";

/**
 * The sign-ins that were put in (`Microsoft.Graph/signIns`), newest first: by application, from a time on and by kind. Only
 * the beta lists those of service principals (Graph documentation).
 * @throws ArmError 403 unless `signInsReadable`
 */
export function listSignIns(world: World, request: GraphRequest): ArmReply {
  if (!world.behaviour.signInsReadable) throw denied(world);
  const filter = request.query.get("$filter") ?? "";
  const appId = equalityIn(request.query, "appId");
  const from = Date.parse(/createdDateTime\s+ge\s+([\d:.TZ-]+)/i.exec(filter)?.[1] ?? "");
  const kind = /signInEventTypes\/any\(\s*(\w+):\s*\1\s+eq\s+'([^']*)'\s*\)/i.exec(filter)?.[2];
  const found = world.store
    .ofType("microsoft.graph/signins")
    .filter(
      (signIn) =>
        (appId === undefined || String(signIn["appId"]).toLowerCase() === appId) &&
        (kind === undefined || textsAt(signIn, "signInEventTypes").includes(kind)) &&
        (Number.isNaN(from) || Date.parse(String(signIn["createdDateTime"])) >= from),
    )
    .map(({ type: _type, ...signIn }): JsonObject => signIn)
    .sort((a, b) => Date.parse(String(b["createdDateTime"])) - Date.parse(String(a["createdDateTime"])));
  const top = Number(request.query.get("$top") ?? "0");
  const value = top > 0 ? found.slice(0, top) : found;
  return { status: 200, body: { ...contextOf(request, "auditLogs/signIns"), value } };
}
