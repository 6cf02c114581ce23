import { isSameId } from "./ids.ts";
import { type JsonObject, numberAt, objectsAt, textAt } from "./json.ts";

/** The size of nodes whose pool names none. */
export const DEFAULT_SIZE = "Standard_DS2_v2";

/** True for a pool whose nodes are single machines: those of an availability set, or of several sizes. */
export function isOfMachines(profile: JsonObject): boolean {
  return isAvailabilitySet(profile) || isOfSizes(profile) || isOfOwnMachines(profile);
}

/** True for a pool of the mode `Machines` (previews of the API): nothing counts its machines, they are what was put in. */
export function isOfOwnMachines(profile: JsonObject): boolean {
  return isSameId(textAt(profile, "mode"), "Machines");
}

/** True for a pool whose machines lie in an availability set. */
export function isAvailabilitySet(profile: JsonObject): boolean {
  return isSameId(textAt(profile, "type"), "AvailabilitySet");
}

/** True for a pool of the type `VirtualMachines`, which has a count for each of its sizes (AKS API description). */
export function isOfSizes(profile: JsonObject): boolean {
  return !isOfOwnMachines(profile) && isSameId(textAt(profile, "type"), "VirtualMachines");
}

/** Gives a pool of several sizes what it has on Azure; one that was put in with a count alone has one size. */
export function fillInSizes(profile: JsonObject): void {
  const size = textAt(profile, "vmSize") ?? DEFAULT_SIZE;
  profile["virtualMachinesProfile"] ??= { scale: { manual: [{ size, count: numberAt(profile, "count") ?? 1 }] } };
  profile["virtualMachineNodesStatus"] = scalesOf(profile);
}

/** The size of each node that a pool is to have: as many entries as nodes; undefined where nothing tells their count. */
export function sizesOf(profile: JsonObject | undefined): string[] | undefined {
  if (!profile || isOfOwnMachines(profile)) return undefined;
  if (isOfSizes(profile))
    return scalesOf(profile).flatMap(({ size, count }) => Array.from({ length: count }, () => size));
  const count = numberAt(profile, "count");
  const size = textAt(profile, "vmSize") ?? DEFAULT_SIZE;
  return count === undefined ? undefined : Array.from({ length: count }, () => size);
}

function scalesOf(profile: JsonObject): { size: string; count: number }[] {
  return objectsAt(profile, "virtualMachinesProfile", "scale", "manual").map((scale) => ({
    size: textAt(scale, "size") ?? DEFAULT_SIZE,
    count: numberAt(scale, "count") ?? 0,
  }));
}
