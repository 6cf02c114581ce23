import type { TokenCredential } from "@azure/identity";
import type { Cloud } from "./clouds.ts";
import { translateError } from "./errors.ts";
import { asString, type JsonObject } from "./json.ts";

/**
 * The name under which Azure knows the caller: of a user the sign-in name, of an application its name or id.
 * @throws AksMiError `NOT_SIGNED_IN` when there is no token to be had
 */
export async function readCaller(credential: TokenCredential, cloud: Cloud): Promise<string> {
  try {
    const token = await credential.getToken(`${cloud.resourceManager}/.default`);
    return nameIn(claimsOf(token?.token ?? "")) ?? "an account without a name";
  } catch (error) {
    throw translateError(error, "sign in");
  }
}

function nameIn(claims: JsonObject): string | undefined {
  const first = (...names: string[]) => names.map((name) => asString(claims[name])).find((value) => value);
  return first("upn", "unique_name", "preferred_username", "app_displayname", "appid", "azp", "oid");
}

/** What a token says of its owner; it is shown, and nothing is decided by it, so its signature is of no interest. */
function claimsOf(token: string): JsonObject {
  try {
    return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8")) as JsonObject;
  } catch {
    return {};
  }
}
