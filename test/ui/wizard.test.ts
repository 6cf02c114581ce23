import { afterEach, describe, expect, it, vi } from "vitest";
import { AksMiError } from "../../src/engine/errors.ts";
import { paginate } from "../../src/ui/wizard-approval.ts";
import { checkIdentity, checkPlanFile, checkRegistryId, checkResourceGroupName } from "../../src/ui/wizard-command.ts";
import { buildEmptyPlan, buildPlan, CLUSTER, HASH, KUBELET_ID, REGISTRY } from "../report/fixtures.ts";
import { driveWizard, KEYS } from "./wizard-driver.ts";
import { fakeServices } from "./wizard-fixtures.ts";

const CHOICES = [
  "❯ ◯ payments-prod",
  "❯ Go on with payments-prod",
  "❯ User-assigned (recommended)",
  "❯ id-payments-prod (recommended)",
  "❯ id-payments-prod-kubelet (recommended)",
  "Resource group for new identities: (rg-payments)",
  "❯ Go on with acrshared",
];

afterEach(() => {
  vi.unstubAllEnvs();
});

/** From the first page of the plan to the question of what shall happen with it. */
async function skipPlan(wizard: ReturnType<typeof driveWizard>): Promise<void> {
  await wizard.see("The plan, page 1");
  wizard.press(KEYS.down);
  await wizard.accept("❯ Go on without reading the rest");
}

describe("the wizard", () => {
  it("leads with Enter alone through the recommended answers and has the point of no return confirmed by name", async () => {
    const { services, calls } = fakeServices();
    const wizard = driveWizard(services);
    await wizard.accept(...CHOICES);
    await skipPlan(wizard);
    await wizard.accept("❯ Run it now");
    await wizard.see("Type payments-prod to confirm:");
    wizard.press("payments-prod", KEYS.enter);
    expect(await wizard.result).toEqual({ kind: "apply", plan: buildPlan(), until: undefined });
    expect(calls.choices).toEqual([
      {
        clusters: [CLUSTER],
        to: "user-assigned",
        controlPlaneIdentity: "id-payments-prod",
        kubeletIdentity: "id-payments-prod-kubelet",
        identityResourceGroup: "rg-payments",
        registries: [],
      },
    ]);
    expect(calls.saved).toEqual([]);
    const printed = wizard.text().slice(wizard.text().indexOf("The same without the wizard:"));
    // A shell joins what a backslash at the end of a line parts.
    const commands = printed.replaceAll("\\\n", "");
    expect(commands).toContain(`--id ${CLUSTER} `);
    expect(commands).toContain("--kubelet-identity id-payments-prod-kubelet");
    expect(commands).toContain(`--approve ${HASH}`);
  });

  it("asks for the identities of several clusters once, and not for registries", async () => {
    const { services, calls } = fakeServices();
    const wizard = driveWizard(services);
    await wizard.accept("❯ ◯ payments-prod");
    await wizard.see("❯ Go on with payments-prod");
    wizard.press(KEYS.down, KEYS.down);
    await wizard.accept("❯ ◯ orders-prod", "❯ Go on with payments-prod, orders-prod");
    await wizard.see("With several clusters each keeps the registries");
    wizard.press(KEYS.enter);
    await wizard.see("❯ Each its own, id-<cluster> (recommended)");
    wizard.press(KEYS.down, KEYS.enter);
    await wizard.see("Name or resource id of the identity:");
    wizard.press(..."id-shared", KEYS.enter);
    await wizard.see("❯ Each its own, id-<cluster>-kubelet (recommended)");
    wizard.press(KEYS.down, KEYS.down, KEYS.enter);
    await wizard.see("Where shall new identities be made?");
    wizard.press(KEYS.down, KEYS.enter);
    await wizard.see("Resource group for new identities:");
    wizard.press(..."rg-ids", KEYS.enter);
    await wizard.see("The plan, page 1");
    expect(calls.choices).toMatchObject([
      {
        to: "user-assigned",
        controlPlaneIdentity: "id-shared",
        kubeletIdentity: "aks",
        identityResourceGroup: "rg-ids",
        registries: [],
      },
    ]);
    wizard.press(KEYS.interrupt);
    expect(await wizard.result).toEqual({ kind: "left", interrupted: true });
  });

  it("shows who is signed in where, the true state of each cluster and how long its secret lives", async () => {
    const wizard = driveWizard(fakeServices().services);
    await wizard.see("Which clusters");
    const text = wizard.text();
    expect(text).toContain("AzureCloud · ada@contoso.com · tenant");
    expect(text).toMatch(/payments-prod +service principal +secret 27 days +1 critical/);
    expect(text).toMatch(/web-dev +user-assigned +no finding/);
    expect(text).toMatch(/legacy +broken .*repair it/);
    expect(text.indexOf("payments-prod")).toBeLessThan(text.indexOf("orders-prod"));
    wizard.press(KEYS.interrupt);
    await wizard.result;
  });

  it("shows no name of an identity or a registry that plays tricks on a terminal", async () => {
    const name = "id-a\u202eb\u009b2Jc\u0007d";
    const { services } = fakeServices({
      identities: async () => [{ id: `/subscriptions/s/${name}`, name, resourceGroup: name }],
      registries: async () => [{ id: `${REGISTRY}\u202e`, source: `told by ${name}`, always: false }],
    });
    const wizard = driveWizard(services);
    await wizard.accept("❯ ◯ payments-prod", "❯ Go on with payments-prod", "❯ User-assigned");
    await wizard.see("id-payments-prod (recommended)");
    wizard.press(KEYS.enter);
    await wizard.see("id-payments-prod-kubelet (recommended)");
    wizard.press(KEYS.enter);
    await wizard.see("Resource group for new identities:");
    wizard.press(KEYS.enter);
    await wizard.see("Which registries");
    wizard.press(KEYS.interrupt);
    await wizard.result;
    expect(wizard.text()).toContain("told by id-ab");
    for (const mark of ["\u202e", "\u009b", "\u0007"]) expect(wizard.text()).not.toContain(mark);
  });

  it("finds clusters by what is typed", async () => {
    const wizard = driveWizard(fakeServices().services);
    await wizard.see("Which clusters");
    wizard.press("orders");
    await wizard.accept("❯ ◯ orders-prod", "❯ Go on with orders-prod");
    await wizard.see("Cluster        orders-prod in rg-payments");
    wizard.press(KEYS.interrupt);
    await wizard.result;
  });

  it("chooses all that match what is typed, but none that can't be migrated, and names a few of them", async () => {
    const { services, calls } = fakeServices();
    const wizard = driveWizard(services);
    await wizard.see("Which clusters");
    wizard.press("rg-payments");
    await wizard.see("Choose all 3 that match");
    wizard.press(KEYS.down, KEYS.down, KEYS.down);
    await wizard.accept("❯ Choose all 3 that match", "❯ Go on with", "❯ User-assigned");
    await wizard.accept("❯ Each its own, id-<cluster> ", "❯ Each its own, id-<cluster>-kubelet ");
    await wizard.accept("❯ In each cluster's resource group");
    await wizard.see("The plan, page 1");
    expect(calls.choices).toMatchObject([{ clusters: { length: 3 } }]);
    wizard.press(KEYS.interrupt);
    await wizard.result;
  });

  it("looks for what is typed in names and places, not in findings that name other clusters", async () => {
    const { services } = fakeServices();
    const { clusters, gaps } = await services.listClusters(() => {});
    const shared = {
      check: "ID005",
      severity: "medium",
      seen: "its service principal is that of orders-prod too",
    } as const;
    const naming = clusters.map((cluster) => (cluster.id === CLUSTER ? { ...cluster, findings: [shared] } : cluster));
    const wizard = driveWizard({ ...services, listClusters: async () => ({ clusters: naming, gaps }) });
    await wizard.see("Which clusters");
    wizard.press(..."orders-prod");
    await wizard.see("❯ ◯ orders-prod");
    expect(wizard.drawn.at(-1)).not.toContain("◯ payments-prod");
    wizard.press(KEYS.interrupt);
    await wizard.result;
  });

  it("tells how far it is with the clusters, what could not be listed, and what was found on the one in focus", async () => {
    const { services } = fakeServices();
    const estate = await services.listClusters(() => {});
    const wizard = driveWizard({
      ...services,
      listClusters: async (say) => {
        say("7 of 9 clusters assessed");
        return { ...estate, gaps: ["Subscription x is not complete here: it is locked."] };
      },
    });
    await wizard.see("7 of 9 clusters assessed");
    await wizard.see("❯ ◯ payments-prod");
    const text = wizard.text().replaceAll("\n", " ");
    expect(text).toContain("Subscription x is not complete here: it is locked.");
    expect(text).toContain("rg-payments, subscription 11111111: 3 pools, 9 nodes, Kubernetes 1.33. 2 findings: ID003");
    wizard.press(KEYS.interrupt);
    await wizard.result;
  });

  it("says so where there is no cluster", async () => {
    const wizard = driveWizard(fakeServices({ listClusters: async () => ({ clusters: [], gaps: [] }) }).services);
    expect(await wizard.result).toEqual({ kind: "left" });
    expect(wizard.text()).toMatch(/ada@contoso.com can see no cluster in tenant\s99999999/);
  });

  it("ends by a signal in the middle of reading, and of a question", async () => {
    const { services } = fakeServices({ listClusters: () => new Promise(() => {}) });
    const reading = driveWizard(services);
    await reading.see("Looking at the clusters");
    reading.stop();
    expect(await reading.result).toEqual({ kind: "left", interrupted: true });
    const asking = driveWizard(fakeServices().services);
    await asking.see("Which clusters");
    asking.stop();
    expect(await asking.result).toEqual({ kind: "left", interrupted: true });
    expect(asking.text()).toMatch(/nothing was changed and nothing was saved\.\n$/);
  });

  it("goes back with Esc and keeps the answers", async () => {
    const wizard = driveWizard(fakeServices().services);
    await wizard.accept(...CHOICES.slice(0, 2));
    await wizard.see("❯ User-assigned");
    wizard.press(KEYS.down, KEYS.enter);
    await wizard.see("❯ Go on with acrshared");
    wizard.press(KEYS.escape);
    await wizard.see("❯ System-assigned");
    wizard.press(KEYS.escape);
    await wizard.see("❯ Go on with payments-prod");
    wizard.press(KEYS.escape);
    expect(await wizard.result).toEqual({ kind: "left" });
  });

  it("asks again when another name is typed, and Esc at the point of no return goes back", async () => {
    const { services, calls } = fakeServices();
    const wizard = driveWizard(services);
    await wizard.accept(...CHOICES);
    await skipPlan(wizard);
    await wizard.accept("❯ Run it now");
    await wizard.see("POINT OF NO RETURN");
    wizard.press("payments-dev", KEYS.enter);
    await wizard.see("✖ That is not payments-prod");
    wizard.press(KEYS.escape);
    await wizard.see("❯ Run it now");
    wizard.press(KEYS.interrupt);
    expect(await wizard.result).toEqual({ kind: "left", interrupted: true });
    expect(calls.saved).toEqual([]);
    expect(wizard.text()).toContain("nothing was changed and nothing was saved");
  });

  it("leaves when its input ends, instead of pretending that all went well", async () => {
    const wizard = driveWizard(fakeServices().services);
    await wizard.see("Which clusters");
    wizard.input.end();
    expect(await wizard.result).toEqual({ kind: "left", interrupted: true });
    expect(wizard.input.listenerCount("keypress")).toBe(0);
  });

  it("saves the plan instead of running it, under a name that a plan can have", async () => {
    const { services, calls } = fakeServices();
    const wizard = driveWizard(services);
    await wizard.accept(...CHOICES);
    await skipPlan(wizard);
    await wizard.see("❯ Run it now");
    wizard.press(KEYS.down, KEYS.down);
    await wizard.accept("❯ Save the plan");
    await wizard.see("File for the plan:");
    wizard.press("plan.txt", KEYS.enter);
    await wizard.see("✖ The file's name ends with");
    wizard.press(KEYS.clear, "next week.yaml", KEYS.enter);
    expect(await wizard.result).toEqual({ kind: "saved", file: "next week.yaml" });
    expect(calls.saved).toEqual(["next week.yaml"]);
    expect(wizard.text()).toContain("--plan 'next week.yaml'");
  });

  it("prepares without a confirmation by name, and stops before the switch", async () => {
    const wizard = driveWizard(fakeServices().services);
    await wizard.accept(...CHOICES);
    await skipPlan(wizard);
    await wizard.see("❯ Run it now");
    wizard.press(KEYS.down);
    await wizard.accept("❯ Prepare now, switch later", "❯ Yes");
    expect(await wizard.result).toMatchObject({ kind: "apply", until: "enable-managed-identity" });
    expect(wizard.text()).toContain("--until enable-managed-identity");
  });

  it("shows why there is no plan, and lets an answer be changed", async () => {
    const refusal = new AksMiError("AZURE_REFUSED", "You may not read payments-prod.", "Ask for Reader.");
    const { services } = fakeServices({ makePlan: () => Promise.reject(refusal) });
    const wizard = driveWizard(services);
    await wizard.accept(...CHOICES);
    await wizard.see("You may not read payments-prod. Ask for Reader.");
    expect(wizard.drawn.at(-1)).toContain("❯ Go on with acrshared");
    wizard.press(KEYS.interrupt);
    await wizard.result;
  });

  it("offers neither a run of a blocked plan nor of an empty one", async () => {
    for (const plan of [buildPlan({ blocked: true }), buildEmptyPlan()]) {
      const wizard = driveWizard(fakeServices({ makePlan: async () => plan }).services);
      await wizard.accept(...CHOICES);
      await skipPlan(wizard);
      await wizard.see("What shall happen");
      expect(wizard.drawn.at(-1)).not.toMatch(/Run it now|Prepare now/);
      wizard.press(KEYS.interrupt);
      await wizard.result;
    }
  });

  it("gives several clusters their own default names unless another is named", async () => {
    const { services, calls } = fakeServices();
    const wizard = driveWizard(services);
    await wizard.accept(...CHOICES.slice(0, 1));
    await wizard.see("❯ Go on with payments-prod");
    wizard.press(KEYS.down, KEYS.down, KEYS.enter);
    await wizard.accept("❯ Go on with payments-prod, orders-prod", "❯ User-assigned");
    await wizard.accept("❯ Each its own, id-<cluster> ", "❯ Each its own, id-<cluster>-kubelet ");
    await wizard.accept("❯ In each cluster's resource group");
    await wizard.see("The plan, page 1");
    expect(calls.choices).toMatchObject([
      { controlPlaneIdentity: undefined, kubeletIdentity: undefined, identityResourceGroup: undefined, registries: [] },
    ]);
    expect(calls.choices).toMatchObject([{ clusters: [CLUSTER, CLUSTER.replace("payments-prod", "orders-prod")] }]);
    wizard.press(KEYS.interrupt);
    await wizard.result;
  });

  it("takes another name and another registry", async () => {
    const { services, calls } = fakeServices();
    const wizard = driveWizard(services);
    await wizard.accept(...CHOICES.slice(0, 3));
    await wizard.see("❯ id-payments-prod (recommended)");
    wizard.press(KEYS.down, KEYS.down, KEYS.enter);
    await wizard.see("Name or resource id of the identity:");
    wizard.press("x", KEYS.enter);
    await wizard.see("✖ 3 to 128 letters");
    wizard.press(KEYS.clear, "id-own", KEYS.enter);
    await wizard.see("❯ id-payments-prod-kubelet (recommended)");
    wizard.press(KEYS.down, KEYS.down, KEYS.down);
    await wizard.accept("❯ The one that AKS makes", CHOICES[5]!);
    await wizard.see(CHOICES[6]!);
    wizard.press(KEYS.down, KEYS.enter);
    await wizard.see("Resource id of the registry:");
    wizard.press(`${REGISTRY}2`, KEYS.enter);
    await wizard.accept("❯ Go on with acrshared, acrshared2");
    await wizard.see("The plan, page 1");
    expect(calls.choices).toMatchObject([
      { controlPlaneIdentity: "id-own", kubeletIdentity: "aks", registries: [`${REGISTRY}2`] },
    ]);
    wizard.press(KEYS.interrupt);
    await wizard.result;
  });

  it.each([
    { columns: 80, rows: 24 },
    { columns: 140, rows: 40 },
  ])("fits every screen into $columns by $rows", async (size) => {
    // inquirer has no other way to learn the width of a stream that is not a terminal.
    vi.stubEnv("CLI_WIDTH", String(size.columns));
    const wizard = driveWizard(fakeServices().services, size);
    await wizard.accept(...CHOICES);
    const screens = size.rows === 24 ? 10 : 5;
    for (let page = 1; page < screens; page += 1) await wizard.accept(`The plan, page ${page} of ${screens}`);
    await wizard.accept("❯ I have read it", "❯ Run it now");
    await wizard.see("Type payments-prod");
    for (const screen of wizard.drawn) {
      expect(screen.split("\n").length, screen).toBeLessThanOrEqual(size.rows);
      for (const line of screen.split("\n")) expect([...line].length, line).toBeLessThanOrEqual(size.columns);
    }
    wizard.press(KEYS.interrupt);
    await wizard.result;
  });
});

describe("what is typed", () => {
  it("is checked as Azure would", () => {
    expect(["id-a", "a_1", "0ab", "a".repeat(128)].map(checkIdentity)).toEqual([true, true, true, true]);
    for (const name of ["ab", "-abc", "a b c", "id.x", "a".repeat(129)]) expect(checkIdentity(name)).toContain("128");
    expect(checkIdentity(KUBELET_ID)).toBe(true);
    expect(checkIdentity(REGISTRY)).toContain("Not the id of an identity");
    expect(["rg", "rg.(x)_-1", "größe"].map(checkResourceGroupName)).toEqual([true, true, true]);
    for (const name of ["", "rg.", "a/b", "MC_rg_a_b"]) expect(checkResourceGroupName(name)).not.toBe(true);
    expect(checkRegistryId(REGISTRY)).toBe(true);
    expect(checkRegistryId("acrshared")).not.toBe(true);
    expect(["a.yaml", "dir/a.yml", "a.json"].map(checkPlanFile)).toEqual([true, true, true]);
    expect(checkPlanFile(".yaml")).not.toBe(true);
  });
});

describe("the pages of a plan", () => {
  it("break at an empty line where one is near, and lose no line with text", () => {
    const lines = ["1", "2", "3", "", "5", "6", "7", "8", "9", "10"];
    expect(paginate(lines, 5)).toEqual([["1", "2", "3"], ["5", "6", "7", "8", "9"], ["10"]]);
  });

  it("leave no heading behind at the end of one", () => {
    const lines = ["1", "2", "", "Steps", "", "6", "7", "8"];
    expect(paginate(lines, 5)).toEqual([
      ["1", "2"],
      ["Steps", "", "6", "7", "8"],
    ]);
  });
});
