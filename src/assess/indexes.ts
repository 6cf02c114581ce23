import { groupKeyOf, keyOf } from "../azure/ids.ts";

/** Lists over a subscription are searched once per cluster: each list is indexed when it is first searched. */
const BY_ID = new WeakMap<object, Map<string, unknown>>();
const BY_GROUP = new WeakMap<object, Map<string, unknown[]>>();

/** The item with an id, as Azure compares ids. */
export function findById<T extends { readonly id: string }>(items: readonly T[], id: string): T | undefined {
  let index = BY_ID.get(items) as Map<string, T> | undefined;
  if (!index) {
    index = new Map(items.map((item) => [keyOf(item.id), item]));
    BY_ID.set(items, index);
  }
  return index.get(keyOf(id));
}

/**
 * The items on a resource group or on anything in it.
 * @param scopeOf where an item is; the same for every call with the same list
 */
export function inResourceGroup<T>(items: readonly T[], group: string, scopeOf: (item: T) => string): readonly T[] {
  let index = BY_GROUP.get(items) as Map<string, T[]> | undefined;
  if (!index) {
    index = new Map<string, T[]>();
    for (const item of items) {
      const key = groupKeyOf(scopeOf(item));
      if (key === undefined) continue;
      const members = index.get(key) ?? [];
      members.push(item);
      index.set(key, members);
    }
    BY_GROUP.set(items, index);
  }
  return index.get(keyOf(group)) ?? [];
}
