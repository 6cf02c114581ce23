import { isObject, type JsonObject, objectsAt } from "../../src/emulator/json.ts";
import { bodyOf, type Recording } from "./recording.ts";

/** How fields of the dead directory API are called in Microsoft Graph. */
const RENAMED: Record<string, string> = {
  objectId: "id",
  deletionTimestamp: "deletedDateTime",
  appOwnerTenantId: "appOwnerOrganizationId",
  oauth2Permissions: "oauth2PermissionScopes",
  informationalUrls: "info",
};

/** Fields that Microsoft Graph does not have, or has in another form. */
const GONE = new Set([
  "odata.type",
  "objectType",
  "errorUrl",
  "publisherName",
  "preferredTokenSigningKeyEndDateTime",
  "samlMetadataUrl",
]);

/** An exchange with the dead Azure AD Graph as the exchange that Microsoft Graph has in its place. */
export function asMicrosoftGraph(recording: Recording): Recording {
  const old = new URL(recording.request.uri);
  if (old.host !== "graph.windows.net") return recording;
  const uri = new URL(`https://graph.microsoft.com/v1.0/${old.pathname.split("/").at(-1)}`);
  uri.searchParams.set("$filter", old.searchParams.get("$filter") ?? "");
  return {
    ...recording,
    request: { ...recording.request, uri: uri.toString() },
    response: {
      ...recording.response,
      body: {
        "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#servicePrincipals",
        value: objectsAt(bodyOf(recording.response), "value").map(translated),
      },
    },
  };
}

function translated(object: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(object)
      .filter(([key]) => !GONE.has(key))
      .map(([key, value]) => [
        RENAMED[key] ?? key,
        key === "informationalUrls" && isObject(value) ? urls(value) : value,
      ]),
  );
}

function urls(info: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(info).map(([key, value]) => [`${key}Url`, value]));
}
