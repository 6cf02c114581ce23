import { expect, test } from "vitest";
import type { Connection } from "../../src/azure/connection.ts";
import { resolveScope } from "../../src/commands/context.ts";

const IDS = ["11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"];

/** A connection whose account sees two subscriptions of one name. */
const CONNECTION = {
  azure: () => ({
    resources: {
      subscriptions: async () => IDS.map((id) => ({ id, name: "shared", tenant: undefined, enabled: true })),
    },
    clusters: { list: async (id: string) => [{ id: `/subscriptions/${id}/c` }] },
  }),
} as unknown as Connection;

test("a subscription whose name is not its alone has to be named by its id", async () => {
  await expect(resolveScope(CONNECTION, { id: [], subscription: "shared" })).rejects.toMatchObject({
    code: "USAGE",
    message: "You can see 2 subscriptions of the name shared.",
    remedy: expect.stringContaining("by its id"),
  });
  expect(await resolveScope(CONNECTION, { id: [], subscription: IDS[1]! })).toEqual([`/subscriptions/${IDS[1]}/c`]);
});
