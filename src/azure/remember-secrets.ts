import type { HttpClient } from "@azure/core-rest-pipeline";
import type { TokenCredential } from "@azure/identity";
import { rememberSecret, rememberSecretsIn } from "../engine/secrets.ts";

/** The variables from which Azure's credentials take secrets (documentation of @azure/identity), and those of CI systems. */
const SECRET_VARIABLES = [
  "AZURE_CLIENT_SECRET",
  "AZURE_CLIENT_CERTIFICATE_PASSWORD",
  "AZURE_PASSWORD",
  "IDENTITY_HEADER",
  "MSI_SECRET",
  "SYSTEM_ACCESSTOKEN",
  "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
];

/** Takes note of the secrets that the environment holds. */
export function rememberEnvironment(): void {
  for (const name of SECRET_VARIABLES) rememberSecret(process.env[name]);
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
