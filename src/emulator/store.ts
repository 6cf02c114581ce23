import { groupIdOf, isAtOrBelow, keyOf, nameOf, parentIdOf, resourceGroupOf, subscriptionOf, typeOf } from "./ids.ts";
import { isObject, type JsonObject, objectsAt, type Resource, textAt } from "./json.ts";

/** Told when a resource came, changed or went. */
export type StoreListener = (key: string, now: Resource | undefined, before: Resource | undefined) => void;

/** Every resource of the model, by id without regard to case. */
export class Store {
  readonly #resources = new Map<string, Resource>();
  readonly #byType = new Map<string, Set<string>>();
  readonly #byGroup = new Map<string, Set<string>>();
  readonly #subscriptions = new Map<string, string>();
  readonly #groups = new Map<string, string>();
  readonly #byPrincipal = new Map<string, Set<string>>();
  readonly #listeners: StoreListener[] = [];

  /** Calls `listener` after each change from now on. */
  onChange(listener: StoreListener): void {
    this.#listeners.push(listener);
  }

  /** Puts a resource in, in place of what has the same id. */
  put(resource: Resource): void {
    const key = keyOf(resource.id);
    const before = this.#resources.get(key);
    if (before) this.#unlist(key, before);
    this.#resources.set(key, resource);
    listIn(this.#byType, resource.type.toLowerCase(), key);
    const group = groupIdOf(resource.id);
    if (group) listIn(this.#byGroup, keyOf(group), key);
    const principal = principalOf(resource);
    if (principal) listIn(this.#byPrincipal, principal, key);
    this.#notePlaces(resource.id);
    for (const listener of this.#listeners) listener(key, resource, before);
  }

  /** Takes a resource out; false when it was not there. */
  delete(id: string): boolean {
    const key = keyOf(id);
    const before = this.#resources.get(key);
    if (!before) return false;
    this.#unlist(key, before);
    this.#resources.delete(key);
    for (const listener of this.#listeners) listener(key, undefined, before);
    return true;
  }

  /** The resource of this id, also when it stands inline in its parent, as subnets and agent pools do. */
  get(id: string): Resource | undefined {
    return this.#resources.get(keyOf(id)) ?? this.#inline(id);
  }

  /** All resources of a type, such as `microsoft.network/virtualnetworks`. */
  ofType(type: string): Resource[] {
    return [...(this.#byType.get(type.toLowerCase()) ?? [])].map((key) => this.#resources.get(key)!);
  }

  /** All resources in a resource group. */
  inGroup(groupId: string): Resource[] {
    return [...(this.#byGroup.get(keyOf(groupId)) ?? [])].map((key) => this.#resources.get(key)!);
  }

  /** The role assignments of a principal. */
  ofPrincipal(principalId: string): Resource[] {
    return [...(this.#byPrincipal.get(principalId.toLowerCase()) ?? [])].map((key) => this.#resources.get(key)!);
  }

  /** All resources strictly below an id. */
  below(id: string): Resource[] {
    const group = groupIdOf(id);
    const candidates = group && keyOf(group) !== keyOf(id) ? this.inGroup(group) : this.all();
    return candidates.filter((resource) => keyOf(resource.id) !== keyOf(id) && isAtOrBelow(resource.id, id));
  }

  /** Every resource, in the order in which they came. */
  all(): Resource[] {
    return [...this.#resources.values()];
  }

  /** The subscriptions that any id names. */
  subscriptions(): string[] {
    return [...this.#subscriptions.values()];
  }

  /** The ids of the resource groups that any id names. */
  groups(): string[] {
    return [...this.#groups.values()];
  }

  /** True when some id names this subscription. */
  hasSubscription(subscription: string): boolean {
    return this.#subscriptions.has(subscription.toLowerCase());
  }

  /** True when some id names this resource group. */
  hasGroup(groupId: string): boolean {
    return this.#groups.has(keyOf(groupId));
  }

  /** Makes a resource group that holds nothing. */
  noteGroup(groupId: string): void {
    this.#notePlaces(groupId);
  }

  /** Forgets a resource group. */
  forgetGroup(groupId: string): void {
    this.#groups.delete(keyOf(groupId));
  }

  #notePlaces(id: string): void {
    const subscription = subscriptionOf(id);
    if (subscription && !this.#subscriptions.has(subscription.toLowerCase()))
      this.#subscriptions.set(subscription.toLowerCase(), subscription);
    const group = groupIdOf(id);
    if (group && !this.#groups.has(keyOf(group)))
      this.#groups.set(keyOf(group), `/subscriptions/${subscription}/resourceGroups/${resourceGroupOf(id)}`);
  }

  #unlist(key: string, resource: Resource): void {
    this.#byType.get(resource.type.toLowerCase())?.delete(key);
    const group = groupIdOf(resource.id);
    if (group) this.#byGroup.get(keyOf(group))?.delete(key);
    const principal = principalOf(resource);
    if (principal) this.#byPrincipal.get(principal)?.delete(key);
  }

  #inline(id: string): Resource | undefined {
    const segments = id.split("/");
    const childType = segments.at(-2);
    const parentId = parentIdOf(id);
    if (!childType || !subscriptionOf(parentId)) return undefined;
    const parent = this.#resources.get(keyOf(parentId));
    const found = parent && inlineChildren(parent, childType).find((child) => isNamed(child, nameOf(id)));
    return found ? asResource(found, id) : undefined;
  }
}

/** The children of a type that stand inline in the parent's properties. */
export function inlineChildren(parent: Resource, childType: string): JsonObject[] {
  const properties = isObject(parent["properties"]) ? parent["properties"] : {};
  const key = Object.keys(properties).find((name) => name.toLowerCase() === childType.toLowerCase());
  return key ? objectsAt(properties, key).filter((child) => typeof child["name"] === "string") : [];
}

/** An inline child as the resource that answers at its own id. */
export function asResource(child: JsonObject, id: string): Resource {
  return { ...child, id: typeof child["id"] === "string" ? child["id"] : id, type: typeOf(id) };
}

function isNamed(child: JsonObject, name: string): boolean {
  return String(child["name"]).toLowerCase() === name.toLowerCase();
}

/** The principal of a role assignment. */
function principalOf(resource: Resource): string | undefined {
  if (resource.type.toLowerCase() !== "microsoft.authorization/roleassignments") return undefined;
  return textAt(resource, "properties", "principalId")?.toLowerCase();
}

function listIn(index: Map<string, Set<string>>, at: string, key: string): void {
  const found = index.get(at);
  if (found) found.add(key);
  else index.set(at, new Set([key]));
}
