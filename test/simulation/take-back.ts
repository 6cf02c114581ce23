import { isDeepStrictEqual } from "node:util";
import { connect, type InProcessEmulator } from "../../src/azure/connection.ts";
import type { StampedEvent } from "../../src/engine/events.ts";
import { type Left, whatRunMade } from "../../src/execute/made-by-run.ts";
import { takeBack } from "../../src/execute/take-back.ts";
import type { Disk } from "./process.ts";
import type { Site } from "./site.ts";

/** Everything that there is in Azure, by its id. */
export type Inventory = ReadonlyMap<string, unknown>;

/** Reads everything that there is in Azure. */
export async function readInventory(site: Site): Promise<Inventory> {
  const resources = await site.read<Record<string, unknown>[]>("/_emulator/resources");
  return new Map(resources.map((resource) => [String(resource["id"]).toLowerCase(), resource]));
}

/** What is gone, new or another in Azure. */
export function changesSince(before: Inventory, after: Inventory): string[] {
  const isOther = (id: string) => !isDeepStrictEqual(before.get(id), after.get(id));
  const sign = (id: string) => (after.has(id) ? (before.has(id) ? "~" : "+") : "-");
  return [...new Set([...before.keys(), ...after.keys()])].filter(isOther).map((id) => `${sign(id)} ${id}`);
}

/**
 * Takes back what the run of a plan with one cluster has made, by what is on disk, as `undo` does once that is approved.
 * @param door another way to the emulator
 */
export async function undoRun(site: Site, disk: Disk, door: InProcessEmulator = site.emulator): Promise<Left> {
  const connection = await connect({ cloud: "AzureCloud", emulator: door });
  const azure = connection.azure();
  const { plan } = site;
  const cluster = plan.clusters[0]!;
  const left = await whatRunMade(async () => azure, plan, cluster, disk.events);
  const emit = (event: StampedEvent) => {
    const at = site.clock.now().toISOString();
    disk.lines.push(JSON.stringify({ run: "run", seq: disk.lines.length + 1, at, cluster: cluster.id, ...event }));
  };
  await takeBack(azure, { plan, cluster, shown: left.made, events: disk.events, emit, resume: "aks-mi resume" });
  return left;
}
