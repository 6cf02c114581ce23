import type { Recurrence } from "./recurrence.ts";

/** What was asked of Azure Resource Manager and is no read, whenever that was. */
export interface Write {
  readonly resourceId: string;
  /** The type as it was written, such as `Microsoft.Network/loadBalancers`. */
  readonly type: string;
  readonly method: string;
  /** The principal that asked. */
  readonly objectId: string;
  /** The status with which it was answered. */
  readonly status: number;
  /** Absent for what was not asked through this API: it is then made from the rest. */
  readonly ids?: { readonly event: string; readonly correlation: string; readonly clientRequest: string | undefined };
}

/** A write at its moment. */
export interface Activity extends Write {
  readonly atMs: number;
}

/** What was asked of Azure Resource Manager. What recurs is one entry, however often it has happened. */
export class ActivityLog {
  readonly #once: Activity[] = [];
  readonly #recurring: { readonly when: Recurrence; readonly write: Write }[] = [];

  /** Notes an activity. */
  add(activity: Activity): void {
    this.#once.push(activity);
  }

  /** Notes a write that is going to be asked for again and again. */
  addRecurring(when: Recurrence, write: Write): void {
    this.#recurring.push({ when, write });
  }

  /** The activities from one moment to another that are meant, oldest first. */
  between(sinceMs: number, untilMs: number, isMeant: (write: Write) => boolean): Activity[] {
    const once = this.#once.filter(
      (activity) => activity.atMs >= sinceMs && activity.atMs <= untilMs && isMeant(activity),
    );
    const recurring = this.#recurring
      .filter(({ write }) => isMeant(write))
      .flatMap(({ when, write }) => when.between(sinceMs, untilMs).map((atMs) => ({ ...write, atMs })));
    return [...once, ...recurring].sort((left, right) => left.atMs - right.atMs);
  }
}
