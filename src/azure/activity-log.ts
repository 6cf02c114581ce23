import { DAY_MS, HOUR_MS, MINUTE_MS } from "../engine/clock.ts";
import { asArray, asDate, asObject, asString, at, type Json } from "./json.ts";
import type { Transport } from "./transport.ts";

/** Something other than a read that somebody asked of Azure Resource Manager, as the activity log tells it. */
export interface Activity {
  readonly at: Date;
  /** Who asked: a user's name, or a GUID of a service principal; Azure does not say which of its two. */
  readonly caller: string | undefined;
  /** The application that asked, from the token's claims. */
  readonly appId: string | undefined;
  /** The object id of who asked, from the token's claims. */
  readonly objectId: string | undefined;
  /** `Microsoft.Network/loadBalancers/write` */
  readonly operation: string;
  readonly resourceId: string;
  readonly correlationId: string | undefined;
}

/** A stretch of the activity log of a resource group. */
export interface ActivityReading {
  /** From when on it was read: what was asked for, or as far as the log goes back. */
  readonly from: Date;
  /** When it was read. The newest entries may still be missing, see `ACTIVITY_LOG_DELAY_MS`. */
  readonly to: Date;
  /** In no particular order; undefined where there are more pages than are read. */
  readonly activities: readonly Activity[] | undefined;
}

/** The activity log (Microsoft.Insights). */
export interface ActivityLog {
  /**
   * Everything but reads that was asked of Azure in a resource group since a moment: an entry per write and state of it.
   * @throws AzureError 403 without `Microsoft.Insights/eventtypes/values/Read` on the subscription
   */
  read(subscription: string, resourceGroup: string, since: Date): Promise<ActivityReading>;
}

/** Entries arrive 3 to 20 minutes after what they tell of (Azure Monitor documentation): the longer figure counts. */
export const ACTIVITY_LOG_DELAY_MS = 20 * MINUTE_MS;

/** How far back the log goes (Azure Monitor documentation). */
export const ACTIVITY_LOG_DAYS = 90;

/** Azure refuses a start that is older than the log, and clocks differ. */
const RETENTION_MS = ACTIVITY_LOG_DAYS * DAY_MS - HOUR_MS;

/** More than this is not read: a quarter of a year of a busy cluster has fewer. */
const MAX_PAGES = 300;

const OBJECT_ID_CLAIM = "http://schemas.microsoft.com/identity/claims/objectidentifier";

/**
 * GET …/eventtypes/management/values 2015-04-01 as plain requests. Its filter allows a resource group and a stretch of
 * time, and nothing about the caller (API reference), so whose an entry is, is told here by its claims.
 */
export function createActivityLog({ arm, retry }: Transport): ActivityLog {
  return {
    async read(subscription, resourceGroup, since) {
      const to = retry.clock.now();
      const from = new Date(Math.max(since.getTime(), to.getTime() - RETENTION_MS));
      const filter = `eventTimestamp ge '${from.toISOString()}' and eventTimestamp le '${to.toISOString()}' and resourceGroupName eq '${resourceGroup}'`;
      const what = `read the activity log of ${resourceGroup}`;
      const activities: Activity[] = [];
      let next: string | undefined =
        `/subscriptions/${subscription}/providers/Microsoft.Insights/eventtypes/management/values?api-version=2015-04-01&$filter=${encodeURIComponent(filter)}`;
      for (let page = 0; next !== undefined; page++) {
        if (page === MAX_PAGES) return { from, to, activities: undefined };
        const body = asObject((await arm.get(what, next)).body);
        activities.push(...asArray(body["value"]).flatMap(fromWire));
        next = asString(body["nextLink"]);
      }
      return { from, to, activities };
    },
  };
}

/** An entry without a time tells nothing. */
function fromWire(entry: Json): Activity[] {
  const moment = asDate(at(entry, "eventTimestamp"));
  if (!moment) return [];
  const claims = asObject(at(entry, "claims"));
  return [
    {
      at: moment,
      caller: asString(at(entry, "caller")),
      appId: asString(claims["appid"]),
      objectId: asString(claims[OBJECT_ID_CLAIM]),
      operation: asString(at(entry, "operationName", "value")) ?? asString(at(entry, "authorization", "action")) ?? "",
      resourceId: asString(at(entry, "resourceId")) ?? "",
      correlationId: asString(at(entry, "correlationId")),
    },
  ];
}
