import { expect, test } from "vitest";
import type { JsonObject } from "../../src/azure/json.ts";
import { judgeCluster } from "../../src/migration/completeness.ts";
import { clusterOf } from "../assess/readings.ts";

const NO_IDENTITY = { identity: { type: "None" } };

test.each<[string, JsonObject, JsonObject, string]>([
  ["managed identity", {}, {}, "user-assigned"],
  ["managed identity, in another case", { servicePrincipalProfile: { clientId: "MSI" } }, {}, "user-assigned"],
  ["an identity, and no profile of a service principal", { servicePrincipalProfile: null }, {}, "user-assigned"],
  ["neither", { servicePrincipalProfile: null }, NO_IDENTITY, "service-principal"],
  ["a service principal", { servicePrincipalProfile: { clientId: "the-client" } }, NO_IDENTITY, "service-principal"],
  ["a failed operation, in another case", { provisioningState: "failed" }, {}, "broken"],
  ["an operation that succeeded, in another case", { provisioningState: "SUCCEEDED" }, {}, "user-assigned"],
])("a cluster with %s", (_, properties, top, state) => {
  const judged = judgeCluster(clusterOf(properties, top), []);
  expect(judged.state).toBe(state);
  expect(judged.complete).toBe(state === "user-assigned");
});
