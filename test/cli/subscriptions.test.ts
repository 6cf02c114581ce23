import { expect, test } from "vitest";
import { Estate } from "../../src/assess/estate.ts";
import { chooseClusters } from "../../src/assess/scope.ts";
import { chooseSubscription } from "../../src/azure/choose-subscription.ts";
import type { Connection } from "../../src/azure/connection.ts";
import { resolveScope } from "../../src/commands/context.ts";

const IDS = ["11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"];

const clusterIn = (id: string) =>
  `/subscriptions/${id}/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/c`;

/** A connection whose account sees two subscriptions of one name. */
const CONNECTION = {
  azure: () => ({
    resources: {
      subscriptions: async () => IDS.map((id) => ({ id, name: "shared", tenant: undefined, enabled: true })),
    },
    clusters: { list: async (id: string) => [{ id: clusterIn(id) }] },
    roles: { permissions: async () => undefined },
  }),
} as unknown as Connection;

const NAMED_TWICE = {
  code: "USAGE",
  message: `2 subscriptions that you can see have the name shared: ${IDS.join(", ")}.`,
  remedy: expect.stringContaining("by its id"),
};

test("a subscription whose name is not its alone has to be named by its id", async () => {
  await expect(resolveScope(CONNECTION, { id: [], subscription: "Shared" })).rejects.toMatchObject({
    ...NAMED_TWICE,
    message: NAMED_TWICE.message.replace("shared", "Shared"),
  });
  expect(await resolveScope(CONNECTION, { id: [], subscription: IDS[1]! })).toEqual([clusterIn(IDS[1]!)]);
});

test("so it is where clusters are assessed: nobody means all subscriptions of a name", async () => {
  const azure = CONNECTION.azure();
  const estate = new Estate(azure, await azure.resources.subscriptions());
  await expect(chooseClusters(estate, { ids: [], subscription: "shared" })).rejects.toMatchObject(NAMED_TWICE);
  const { clusters } = await chooseClusters(estate, { ids: [], subscription: IDS[1]! });
  expect(clusters).toEqual([{ id: clusterIn(IDS[1]!) }]);
});

test("an id is taken for one before it is taken for another's name", async () => {
  const subscriptions = (await CONNECTION.azure().resources.subscriptions()).map((subscription, index) =>
    index === 0 ? { ...subscription, name: IDS[1]! } : subscription,
  );
  expect(chooseSubscription(subscriptions, IDS[1]!).id).toBe(IDS[1]);
});
