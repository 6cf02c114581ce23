import { describe, expect, test } from "vitest";
import { rememberEnvironment, rememberTokens } from "../../src/azure/remember-secrets.ts";
import { memoryJournal } from "../../src/engine/journal.ts";
import { holdsSecret, isSecretName, redact, rememberSecret, rememberSecretsIn } from "../../src/engine/secrets.ts";
import { guardOutput } from "../../src/guard-output.ts";

describe("a text", () => {
  test.each([
    ["Authorization: Bearer abcdefghijklmnopqrstuvwxyz.0", "Authorization: Bearer REDACTED"],
    ["token eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl ends", "token REDACTED ends"],
    [
      "https://h/operations/o?api-version=1&t=638&c=MII&s=abc&h=d",
      "https://h/operations/o?api-version=1&t=REDACTED&c=REDACTED&s=REDACTED&h=REDACTED",
    ],
    [
      "https://a.blob.core.windows.net/b?sv=2024&sig=x%2By&se=2027",
      "https://a.blob.core.windows.net/b?sv=2024&sig=REDACTED&se=2027",
    ],
    ["through http://me:pass@proxy:3128/", "through http://REDACTED@proxy:3128/"],
    ["AccountName=a;AccountKey=k+/9==;EndpointSuffix=e", "AccountName=a;AccountKey=REDACTED;EndpointSuffix=e"],
    ['{"clientSecret": "a\\"b", "name": "n"}', '{"clientSecret": "REDACTED", "name": "n"}'],
    ["grant_type=x&client_secret=abc&scope=y", "grant_type=x&client_secret=REDACTED&scope=y"],
  ])("loses what looks like a secret: %s", (text, left) => {
    expect(redact(text)).toBe(left);
    expect(holdsSecret(text)).toBe(true);
    expect(holdsSecret(left), "also when it has been redacted before").toBe(true);
    expect(redact(left)).toBe(left);
  });

  test.each([
    "role:AcrPull@/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/r→kubelet",
    "The secret of the service principal ends on 2027-01-01; bearer tokens stay valid for 24 h.",
    "https://learn.microsoft.com/azure/aks/use-managed-identity?tabs=cli#s=1",
    '{"enableSecretRotation":"true","secretName":"tls","keyVaultResourceId":"/subscriptions/s"}',
    "az role assignment create --assignee 11111111-2222-3333-4444-555555555555 --role AcrPull",
  ])("without one stays as it is: %s", (text) => {
    expect(redact(text)).toBe(text);
    expect(holdsSecret(text)).toBe(false);
  });

  test("loses the secrets that were come across, in each form in which they can be repeated", () => {
    const secret = 'horse "battery" + staple/é';
    rememberSecretsIn(JSON.stringify({ properties: { servicePrincipalProfile: { secret } } }));
    const forms = [
      secret,
      encodeURIComponent(secret),
      JSON.stringify(secret).slice(1, -1),
      Buffer.from(secret).toString("base64"),
    ];
    for (const form of forms) expect(redact(`it was ${form}.`)).toBe("it was REDACTED.");
  });

  test("is read in a time that grows with its length alone", () => {
    const long = "a.".repeat(200_000);
    const start = performance.now();
    expect(redact(long)).toBe(long);
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  test("keeps what is too short or too plain to be a secret", () => {
    for (const plain of ["true", "system", "********"]) rememberSecret(plain);
    expect(redact("system is true ********")).toBe("system is true ********");
  });
});

test("the names of secrets are known by their ends", () => {
  for (const name of [
    "secret",
    "clientSecret",
    "client_secret",
    "adminPassword",
    "primarySharedKey",
    "sasToken",
    "kubeconfig",
  ])
    expect(isSecretName(name), name).toBe(true);
  for (const name of [
    "secretName",
    "enableSecretRotation",
    "keyId",
    "publicKey",
    "tokenSwitchover",
    "passwordCredentials",
  ])
    expect(isSecretName(name), name).toBe(false);
});

test("a token that a credential gave is told nowhere, however it looks", async () => {
  const token = "opaque-token-of-nobody";
  const credential = rememberTokens({ getToken: async () => ({ token, expiresOnTimestamp: 0 }) });
  await credential.getToken("scope");
  const journal = memoryJournal({ run: "r", cluster: "c", now: () => new Date() });
  expect(journal.append({ type: "step:done", evidence: `sent ${token}` })).toMatchObject({ evidence: "sent REDACTED" });
});

test("what the environment holds is told nowhere, before there is a connection either; the working directory is no secret", () => {
  rememberEnvironment({
    ARM_CLIENT_SECRET: "terraforms-own",
    GITHUB_TOKEN: "pipelines-own",
    SYSTEM_ACCESSTOKEN: "azure-pipelines-own",
    IDENTITY_HEADER: "app-services-own",
    AZURE_CLIENT_ID: "an-application",
    PWD: "/home/ada/clusters",
    OLDPWD: "/home/ada/others",
  });
  expect(redact("terraforms-own pipelines-own azure-pipelines-own app-services-own")).toBe(
    "REDACTED REDACTED REDACTED REDACTED",
  );
  expect(redact("an-application /home/ada/clusters /home/ada/others")).toBe(
    "an-application /home/ada/clusters /home/ada/others",
  );
});

test("a word that someone has named a secret stays in what a resume knows changes by, and in nothing else", () => {
  rememberSecretsIn('{"tags":{"token":"payments-of-may"}}');
  const key = "switch:/subscriptions/s/resourceGroups/payments-of-may/providers/p/t/payments-of-may";
  const journal = memoryJournal({ run: "r", cluster: "payments-of-may", now: () => new Date() });
  const event = { type: "change:bound", key, resourceId: key.slice(7), adopted: false } as const;
  expect(journal.append(event)).toMatchObject({ ...event, cluster: "payments-of-may" });
  expect(journal.append({ type: "step:settling", keys: [key], atMost: "2026-11-22T08:00:00Z" })).toMatchObject({
    keys: [key],
  });
  expect(journal.append({ type: "step:done", evidence: "payments-of-may" })).toMatchObject({ evidence: "REDACTED" });
});

test("nothing that is printed tells a secret, whoever prints it", () => {
  const written: string[] = [];
  const stream = { write: (text: string) => written.push(text) > 0 } as unknown as NodeJS.WriteStream;
  const own = stream.write;
  const undo = guardOutput(stream);
  stream.write("a password=hunter22 b");
  undo();
  expect(written).toEqual(["a password=REDACTED b"]);
  expect(stream.write).toBe(own);
});
