import type { HttpClient } from "@azure/core-rest-pipeline";
import type { TokenCredential } from "@azure/identity";
import { isSecretName, rememberSecret, rememberSecretsIn } from "../engine/secrets.ts";

/** Holds a secret, and its name does not say so (Azure's documentation of managed identities). */
const SECRET_VARIABLE = "IDENTITY_HEADER";

/** The working directory, in a name that passwords have too. */
const WORKING_DIRECTORY = /^(OLD)?PWD$/;

/** Takes note of the secrets that the environment holds: those of Azure's credentials, of CI systems, and whatever is named so. */
export function rememberEnvironment(env: Readonly<Record<string, string | undefined>>): void {
  for (const [name, value] of Object.entries(env))
    if (name === SECRET_VARIABLE || (isSecretName(name) && !WORKING_DIRECTORY.test(name))) rememberSecret(value);
}

/** A credential whose tokens are known as secrets. */
export function rememberTokens(credential: TokenCredential): TokenCredential {
  return {
    async getToken(scopes, options) {
      const token = await credential.getToken(scopes, options);
      rememberSecret(token?.token);
      return token;
    },
  };
}

/** A client that takes note of the secrets in answers. The signatures of URLs are known by their look. */
export function rememberAnswers(inner: HttpClient): HttpClient {
  return {
    async sendRequest(request) {
      const response = await inner.sendRequest(request);
      rememberSecretsIn(response.bodyAsText ?? "");
      for (const cookie of response.headers.get("set-cookie")?.split(/;\s*/) ?? [])
        rememberSecret(cookie.slice(cookie.indexOf("=") + 1));
      return response;
    },
  };
}
