import { describe, expect, test } from "vitest";
import { readCaller } from "../../src/azure/caller.ts";
import { CLOUDS } from "../../src/azure/clouds.ts";

function credentialOf(claims: object) {
  const token = `head.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.signature`;
  return { getToken: async () => ({ token, expiresOnTimestamp: 0 }) };
}

describe("who is signed in", () => {
  test.each([
    [{ upn: "ada@contoso.com", oid: "1" }, "ada@contoso.com"],
    [{ unique_name: "live.com#ada@example.com", oid: "1" }, "live.com#ada@example.com"],
    [{ app_displayname: "pipeline", appid: "2", oid: "1" }, "pipeline"],
    [{ oid: "1" }, "1"],
    [{}, "an account without a name"],
  ])("is read from the token %j", async (claims, name) => {
    expect(await readCaller(credentialOf(claims), CLOUDS.AzureCloud)).toBe(name);
  });

  test("is nobody where there is no token", async () => {
    const credential = {
      getToken: async () => {
        throw Object.assign(new Error("run az login"), { name: "CredentialUnavailableError" });
      },
    };
    await expect(readCaller(credential, CLOUDS.AzureCloud)).rejects.toMatchObject({ code: "NOT_SIGNED_IN" });
  });
});
