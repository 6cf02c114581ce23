import { AksMiError } from "../engine/errors.ts";
import type { Subscription } from "./resources.ts";

/**
 * The subscription of an id or a name. Where several have the name, `az` takes none of them either: it asks for the id.
 * @param subscriptions the enabled ones that the caller can see
 * @throws AksMiError `USAGE` when there is none, or more than one of the name
 */
export function chooseSubscription(subscriptions: readonly Subscription[], wanted: string): Subscription {
  const isWanted = (value: string) => value.toLowerCase() === wanted.toLowerCase();
  const byId = subscriptions.find(({ id }) => isWanted(id));
  const [first, ...others] = byId ? [byId] : subscriptions.filter(({ name }) => isWanted(name));
  if (first === undefined)
    throw new AksMiError(
      "USAGE",
      `There is no enabled subscription ${wanted} that you can see.`,
      "Check it with `az account list -o table`.",
    );
  if (others.length === 0) return first;
  const ids = [first, ...others].map(({ id }) => id).sort();
  throw new AksMiError(
    "USAGE",
    `${ids.length} subscriptions that you can see have the name ${wanted}: ${ids.join(", ")}.`,
    "Name the one that you mean by its id.",
  );
}
