/** Something that was asked of Azure Resource Manager and that is no read. */
export interface Activity {
  readonly atMs: number;
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

/** What was asked of Azure Resource Manager, in the order in which it was. */
export class ActivityLog {
  readonly #activities: Activity[] = [];

  /** Notes an activity. */
  add(activity: Activity): void {
    this.#activities.push(activity);
  }

  /** Every activity, oldest first. */
  all(): readonly Activity[] {
    return this.#activities;
  }
}
