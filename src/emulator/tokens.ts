import type { ArmReply } from "./arm.ts";
import type { World } from "./world.ts";

/** How long a token is valid. */
const TOKEN_SECONDS = 86_400;

/** Gives out a token for anyone who asks: three parts, readable claims, a signature that nobody checks. */
export function issueToken(world: World, path: string, query: URLSearchParams, form: URLSearchParams): ArmReply {
  const isManagedIdentity = /^\/msi\/token/i.test(path);
  const resource =
    form.get("resource") ?? query.get("resource") ?? (form.get("scope") ?? "").replace(/\/\.default.*$/, "");
  const clientId = form.get("client_id") ?? query.get("client_id") ?? undefined;
  const principal = clientId === undefined ? undefined : world.principals.named(clientId);
  const expires = Math.floor(world.nowMs / 1000) + TOKEN_SECONDS;
  const tenant = /^\/([^/]+)\/oauth2\//i.exec(path)?.[1];
  const token = unsigned({
    aud: resource,
    iss: `https://sts.windows.net/${world.principals.tenantId}/`,
    iat: Math.floor(world.nowMs / 1000),
    nbf: Math.floor(world.nowMs / 1000),
    exp: expires,
    oid: principal?.id ?? world.behaviour.caller.objectId,
    appid: clientId ?? world.ids.guidOf("application of the caller"),
    tid: tenant && /^[0-9a-f-]{36}$/i.test(tenant) ? tenant : world.principals.tenantId,
  });
  const body = { token_type: "Bearer", access_token: token, resource };
  return isManagedIdentity
    ? { status: 200, body: { ...body, expires_on: String(expires), expires_in: String(TOKEN_SECONDS) } }
    : { status: 200, body: { ...body, expires_in: TOKEN_SECONDS, expires_on: expires } };
}

function unsigned(claims: object): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${encode({ typ: "JWT", alg: "RS256" })}.${encode(claims)}.${Buffer.from("emulated").toString("base64url")}`;
}
