import type { Seen } from "../azure/inventory.ts";
import { asString, type JsonObject } from "../azure/json.ts";

/** Something that the plan touches and that could not be seen: it is missing from the twin, not guessed. */
export interface TwinGap {
  readonly what: string;
  readonly reason: string;
}

/** A copy of what a plan touches, for the emulator: resources as they would be put in, and settings that were read. */
export interface Twin {
  readonly resources: readonly JsonObject[];
  readonly behaviour: Readonly<Record<string, boolean | number | string>>;
  readonly gaps: readonly TwinGap[];
}

/** A twin while it is read: each resource once, whoever comes across it. */
export class TwinDraft {
  readonly #resources = new Map<string, JsonObject>();
  readonly #members = new Map<string, Set<string>>();
  readonly #gaps: TwinGap[] = [];
  readonly behaviour: Record<string, boolean | number | string> = {};

  /** Takes a resource in, unless it is there. */
  add(resource: JsonObject): void {
    const key = keyOf(resource);
    if (!this.#resources.has(key)) this.#resources.set(key, resource);
  }

  /** Takes note that a principal holds what a group holds. */
  addMember(group: string, principal: string): void {
    this.#members.set(group, (this.#members.get(group) ?? new Set()).add(principal));
  }

  /** Says that something could not be seen, or only in part. */
  lacks(what: string, reason: string): void {
    if (!this.#gaps.some((gap) => gap.what === what)) this.#gaps.push({ what, reason });
  }

  /** The value that was found. What is not there is not in the twin either; what may not be read is said. */
  take<T>(seen: Seen<T>, what: string): T | undefined {
    if (seen.kind === "unreadable") this.lacks(what, seen.reason);
    return seen.kind === "found" ? seen.value : undefined;
  }

  /** Everything so far of a type. */
  ofType(type: string): JsonObject[] {
    return this.resources().filter((resource) => asString(resource["type"])?.toLowerCase() === type.toLowerCase());
  }

  resources(): JsonObject[] {
    return [...this.#resources.values()];
  }

  /** The twin as read, subscriptions first. */
  finish(subscriptions: readonly JsonObject[]): Twin {
    const groups = [...this.#members].map(([id, members]) => ({
      id,
      type: "Microsoft.Graph/groups",
      displayName: `group ${id}`,
      members: [...members],
    }));
    return {
      resources: [...subscriptions, ...groups, ...this.resources()],
      behaviour: this.behaviour,
      gaps: this.#gaps,
    };
  }
}

function keyOf(resource: JsonObject): string {
  return `${asString(resource["id"])}`.toLowerCase();
}
