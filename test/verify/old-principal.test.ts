import { describe, expect, test } from "vitest";
import { renderVerifiedJson, renderVerifiedText } from "../../src/commands/render-verified.ts";
import { verifyClusters } from "../../src/commands/verify.ts";
import { DAY_MS, HOUR_MS } from "../../src/engine/clock.ts";
import { clientIdOf, putObjects, secret } from "../in-cluster/objects.ts";
import { OUTPUT_SCHEMAS } from "../schemas/output-schemas.ts";
import { Lab } from "../support/lab.ts";

/** A demo cluster that a run has brought through, a day after its switch. */
async function migrated(behaviour: object = {}) {
  const lab = await Lab.open({ tokenSwitchover: "6h", ...behaviour });
  const clientId = await clientIdOf(lab);
  await lab.apply(await lab.plan());
  return { lab, clientId };
}

async function verify(lab: Lab, options: Partial<Parameters<typeof verifyClusters>[2]> = {}) {
  const [verified] = await verifyClusters(lab.connection, await lab.clusterIds(), {
    stateDir: lab.stateDir,
    ...options,
  });
  const { complete, findings, notAssessed, oldPrincipal } = verified!;
  const text = renderVerifiedText([verified!]);
  const json = JSON.parse(renderVerifiedJson([verified!]));
  expect(OUTPUT_SCHEMAS.verify[0].safeParse(json).error).toBeUndefined();
  return {
    complete,
    found: findings.filter(({ check }) => check === "PM005").map(({ severity, seen }) => `${severity}: ${seen}`),
    gap: notAssessed.find(({ check }) => check === "PM005")?.reason,
    missing: oldPrincipal?.missing,
    commands: oldPrincipal?.commands,
    text,
    json: json.clusters[0].oldPrincipal,
  };
}

/** A sign-in of a service principal, some time ago. */
function signInOf(appId: string, now: Date, agoMs: number): object {
  return {
    type: "Microsoft.Graph/signIns",
    id: "1",
    appId,
    createdDateTime: new Date(now.getTime() - agoMs).toISOString(),
    signInEventTypes: ["servicePrincipal"],
    resourceDisplayName: "Azure Key Vault",
  };
}

describe("the principal that a cluster has left", () => {
  test("was used while its tokens lasted: a note, and the cluster is complete", async () => {
    const { lab, clientId } = await migrated();
    const { complete, found, commands } = await verify(lab);
    expect(complete).toBe(true);
    expect(found).toEqual([
      expect.stringMatching(
        new RegExp(`^info: service principal ${clientId} was last used on .*/write\\), 18 h .* ago: tokens of before`),
      ),
    ]);
    expect(commands).toEqual([]);
  });

  test("goes on being used for longer than that: the cluster is not complete", async () => {
    const { lab } = await migrated({ tokenSwitchover: "60h" });
    lab.clock.advance(12 * HOUR_MS);
    const { complete, found, text } = await verify(lab);
    expect(complete).toBe(false);
    expect(found).toEqual([
      expect.stringMatching(/^high: .* more than 24 h after the switch, so something still signs in/),
    ]);
    expect(text).toContain("not complete");
  });

  test("is looked for in the groups of the nodes and of what the control plane writes besides", async () => {
    const { lab } = await migrated();
    const before = (await lab.requests()).length;
    await verify(lab);
    const filters = (await lab.requests())
      .slice(before)
      .flatMap(({ path }) => /resourceGroupName eq '([^']+)'/.exec(path)?.[1] ?? []);
    expect(filters).toEqual(["MC_rg-payments-prod_payments-prod_westeurope", "rg-network-prod"]);
  });

  test("is not used any more: what may be removed is printed, where nothing else is known to use it", async () => {
    const { lab, clientId } = await migrated();
    lab.clock.advance(DAY_MS);
    const { complete, found, gap, missing, commands, text } = await verify(lab, { inCluster: true });
    expect({ complete, found, gap, missing }).toEqual({ complete: true, found: [], gap: undefined, missing: [] });
    expect(commands![0]).toBe(`az ad sp update --id ${clientId} --set accountEnabled=false`);
    expect(commands!.slice(1, -1).every((command) => command.startsWith("az role assignment delete --assignee "))).toBe(
      true,
    );
    expect(commands!.length).toBeGreaterThan(3);
    expect(commands!.at(-1)).toBe(`az ad app delete --id ${clientId}`);
    for (const command of commands!) expect(text).toContain(`    ${command}\n`);
    expect(text).toContain("and not since, as far as the activity log of MC_");
    expect(text).toContain("Microsoft Graph does not let you read them (AuditLog.Read.All");
    expect((await lab.writes()).filter(({ method }) => method === "DELETE")).toEqual([]);
  });

  test("is kept where nobody looked inside the cluster, or a secret there holds it", async () => {
    const { lab, clientId } = await migrated();
    lab.clock.advance(DAY_MS);
    const without = await verify(lab);
    expect(without.missing).toEqual(["nobody looked inside the cluster for what uses it (--in-cluster)"]);
    expect(without.text).toContain("before it can be retired:\n    nobody looked inside");
    await putObjects(lab, [secret("dns", { clientId })]);
    const inside = await verify(lab, { inCluster: true });
    expect(inside.missing).toEqual(["WK002: the old client id stands in Secret shop/dns"]);
    expect([...without.commands!, ...inside.commands!]).toEqual([]);
  });

  test("signs in: that counts like a write, where sign-ins may be read", async () => {
    const { lab, clientId } = await migrated({ signInsReadable: true });
    lab.clock.advance(DAY_MS);
    expect((await verify(lab)).text).toContain(
      "Microsoft Graph shows no sign-in since the switch, by an API of its beta",
    );
    await lab.control("POST", "/_emulator/resources", [signInOf(clientId, lab.clock.now(), HOUR_MS)]);
    const { complete, found, commands } = await verify(lab, { inCluster: true });
    expect(complete).toBe(false);
    expect(found).toEqual([expect.stringMatching(/^high: .*\(sign-in to Azure Key Vault\), 1 h ago/)]);
    expect(commands).toEqual([]);
  });

  test("is not assessed where the activity log may not be read, unless a sign-in shows that it is used", async () => {
    const { lab, clientId } = await migrated();
    lab.clock.advance(DAY_MS);
    const fault = { status: 403, code: "AuthorizationFailed", message: "no" };
    await lab.control("POST", "/_emulator/faults", { match: { pathPattern: "/eventtypes/" }, fault, times: 9 });
    const { complete, found, gap, commands } = await verify(lab, { inCluster: true });
    expect({ complete, found, commands }).toEqual({ complete: true, found: [], commands: [] });
    expect(gap).toMatch(
      /is still used is not known: you may not read the activity log of MC_.* \(AuthorizationFailed\)/,
    );
    await lab.control("PATCH", "/_emulator/behaviour", { signInsReadable: true });
    await lab.control("POST", "/_emulator/resources", [signInOf(clientId, lab.clock.now(), 1.5 * DAY_MS)]);
    expect((await verify(lab)).gap).toBe(gap);
    await lab.control("POST", "/_emulator/resources", [signInOf(clientId, lab.clock.now(), HOUR_MS)]);
    expect((await verify(lab)).found).toEqual([expect.stringContaining("sign-in to Azure Key Vault")]);
  });

  test("is not assessed where nothing tells whom the cluster has left, unless the user does", async () => {
    const { lab, clientId } = await migrated();
    const elsewhere = `${lab.stateDir}/elsewhere`;
    const unknown = await verify(lab, { stateDir: elsewhere });
    expect(unknown.gap).toContain("nobody knows which service principal it has left: no run in");
    expect(unknown.json).toBeUndefined();
    const told = await verify(lab, { stateDir: elsewhere, servicePrincipal: clientId });
    expect(told.found).toEqual((await verify(lab)).found);
    const early = new Date(lab.clock.now().getTime() - HOUR_MS);
    const since = await verify(lab, { stateDir: elsewhere, servicePrincipal: clientId, switchedAt: early });
    expect(since.gap).toMatch(/has written nothing in MC_.* since the switch of .*; 24 h of that are known on/);
  });

  test("is not assessed before the switch", async () => {
    const lab = await Lab.open();
    expect((await verify(lab)).gap).toBe("the cluster has not been switched");
  });
});

describe("what Azure refuses to the cluster's components", () => {
  test("is found with a look inside, and makes the cluster incomplete", async () => {
    const lab = await Lab.open({}, "kubenet-plain");
    await lab.apply(await lab.plan());
    const [id] = await lab.clusterIds();
    const of = async (inCluster: boolean) => {
      const [verified] = await verifyClusters(lab.connection, [id!], { stateDir: lab.stateDir, inCluster });
      const { complete, findings, notAssessed } = verified!;
      const isIt = ({ check }: { check: string }) => check === "PM004";
      return { complete, found: findings.filter(isIt).map(({ seen }) => seen), gaps: notAssessed.filter(isIt) };
    };
    expect((await of(false)).gaps).toEqual([
      { check: "PM004", reason: "events inside the cluster were not read (--in-cluster reads them)" },
    ]);
    expect(await of(true)).toEqual({ complete: true, found: [], gaps: [] });
    const all = await lab.control<{ id: string; type: string; properties: { principalId?: string } }[]>(
      "GET",
      "/_emulator/resources",
    );
    const cluster = all.find(({ type }) => /managedclusters$/i.test(type))!;
    const identity = Object.keys(
      (cluster as unknown as { identity: { userAssignedIdentities: object } }).identity.userAssignedIdentities,
    )[0]!;
    const principal = all.find((resource) => resource.id.toLowerCase() === identity.toLowerCase())!.properties
      .principalId;
    for (const held of all.filter(
      ({ type, properties }) => /roleAssignments$/i.test(type) && properties.principalId === principal,
    ))
      await lab.emulator.handle({
        method: "DELETE",
        url: `https://management.azure.com${held.id}?api-version=2022-04-01`,
        headers: {},
      });
    lab.clock.advance(30 * 60_000);
    const { complete, found } = await of(true);
    expect(complete).toBe(false);
    expect(found.length).toBeGreaterThan(0);
    for (const seen of found)
      expect(seen).toMatch(/^Azure refuses (service|attachdetach)-controller \(AuthorizationFailed\)/);
  });
});

test("nodes that are older than the switch are not taken for migrated, where its time is known", async () => {
  const lab = await Lab.open({
    combinedIdentityUpdate: "appliesWithoutRoll",
    latestModelApplied: true,
    newerNodeImage: false,
  });
  const { results } = await lab.apply(await lab.plan());
  expect(results[0]!.outcome.kind).toBe("paused");
  const of = async (options: Partial<Parameters<typeof verifyClusters>[2]>) => {
    const [verified] = await verifyClusters(lab.connection, await lab.clusterIds(), {
      stateDir: `${lab.stateDir}/elsewhere`,
      ...options,
    });
    return verified!.pools.map(({ rank }) => rank);
  };
  expect(await of({ stateDir: lab.stateDir })).toEqual(["model", "model", "model"]);
  expect(await of({ switchedAt: lab.clock.now() })).toEqual(["model", "model", "model"]);
  // Scale sets that always say their newest model is applied tell nothing, and nobody knows the time.
  expect(await of({})).toEqual(["rolled", "rolled", "rolled"]);
});
