import { describe, expect, test } from "vitest";
import { parseDuration } from "../../src/engine/clock.ts";
import { AksMiError } from "../../src/engine/errors.ts";
import { Lab } from "../support/lab.ts";
import { endsOf, sent, UPDATE } from "./support.ts";

/** Has Azure refuse the next update of the demo cluster. */
const refuse = (lab: Lab, code: string, message: string) =>
  lab.control("POST", "/_emulator/faults", { match: UPDATE, fault: { status: 400, code, message }, times: 1 });

describe("an update that Azure refuses because a role does not work yet", () => {
  test.each([
    ["CustomRouteTableMissingPermission", "to read and write to custom route table"],
    ["CustomPrivateDNSZoneMissingPermissionError", "to read and write to custom private dns zone"],
    ["CustomKubeletIdentityMissingPermissionError", "to assign the kubelet identity"],
  ])("is sent again as it was after five minutes: %s", async (code, text) => {
    const lab = await Lab.open();
    const plan = await lab.plan();
    await refuse(lab, code, `The identity must be given permission ${text}.`);
    const ended = await lab.apply(plan);
    expect(endsOf(ended)).toEqual(["done"]);
    const delays = ended.events.flatMap((event) => (event.type === "request:retried" ? [event.delayMs] : []));
    expect(delays).toEqual([parseDuration("5m")]);
    const updates = (await sent(lab, /managedClusters\/payments-prod(\?|$)/i)).map(({ body }) => body.properties);
    expect(updates).toHaveLength(2);
    for (const properties of updates) expect(properties).toHaveProperty("identityProfile.kubeletidentity");
  });
});

describe("an update that Azure refuses because of the service principal", () => {
  test.each([
    ["BadRequest", "AADSTS7000222: The provided client secret keys for app are expired."],
    ["ServicePrincipalValidationClientError", "AADSTS7000215: Invalid client secret provided."],
  ])("comes with the command that gives the cluster a valid secret: %s", async (code, message) => {
    const lab = await Lab.open();
    const plan = await lab.plan();
    await refuse(lab, code, message);
    const { outcome } = (await lab.apply(plan)).results[0]!;
    const error = outcome.kind === "failed" ? outcome.error : undefined;
    expect(error).toBeInstanceOf(AksMiError);
    expect((error as AksMiError).remedy).toContain("`az aks update-credentials --reset-service-principal`");
  });
});
