import type { Azure } from "../azure/azure.ts";
import { asString, at, type JsonObject } from "../azure/json.ts";
import type { ManagedCluster } from "../azure/managed-cluster.ts";
import { type Known, known } from "../engine/known.ts";
import type { Outcome } from "../engine/outcome.ts";
import { openCluster } from "./look-inside.ts";
import { listNames, ofKind } from "./names.ts";
import { readObjects } from "./read-objects.ts";

/** A component of the cluster that Azure refuses. */
export interface RefusedComponent {
  /** `service-controller` */
  readonly component: string;
  /** `SyncLoadBalancerFailed` */
  readonly reason: string;
  /** `AuthorizationFailed` */
  readonly code: string;
  /** `Service shop/front` */
  readonly object: string;
  readonly at: Date;
}

const WARNINGS_ONLY = "--field-selector type=Warning ";

/** Reads the warnings among a cluster's events through the run command: what Azure refused to components. */
export async function readRefusedComponents(
  azure: Azure,
  clusterId: string,
  cluster: ManagedCluster,
): Promise<Known<readonly RefusedComponent[]>> {
  const run = await openCluster(azure, clusterId, cluster);
  if (!run.known) return run;
  const events = await readObjects(run.value, "event", WARNINGS_ONLY);
  return events.known ? known(findRefusedComponents(ofKind(events.value, "Event"))) : events;
}

/**
 * The components that act in Azure for a cluster, by the names under which they report (cloud provider, storage drivers and
 * their helpers, cluster autoscaler); drivers have the name of their pod behind theirs.
 */
const COMPONENTS =
  /^((azure-)?cloud-(controller-manager|node-manager|provider)|service-controller|route[-_]controller|attachdetach-controller|persistentvolume-controller|(disk|file|blob)\.csi\.azure\.com|(csi|external)-(provisioner|attacher|resizer|snapshotter)|cluster-autoscaler)([_ /-]|$)/;

/** A kubelet reports what drivers on its node answer. */
const VOLUME_REASONS = new Set(["FailedMount", "FailedAttachVolume", "FailedMapVolume"]);

/**
 * What Azure and Microsoft Entra answer to whom they refuse. Of a message, which may hold names and ids, only this is kept;
 * Kubernetes itself says "forbidden" too, and that is not meant.
 */
const REFUSALS =
  /\b(LinkedAuthorizationFailed|AuthorizationFailed|AuthorizationPermissionMismatch|InvalidAuthenticationToken\w*|AADSTS\d+)\b|\b(?:HTTPStatusCode|StatusCode|status code|RESPONSE|HTTP)[=:]?\s*(40[13])\b/i;

/** Sorts events by whether Azure refused a component. A pod that cannot pull is another check's. */
export function findRefusedComponents(events: readonly JsonObject[]): RefusedComponent[] {
  return events.flatMap((event) => {
    const component = asString(at(event, "source", "component")) ?? asString(event["reportingComponent"]) ?? "";
    const reason = asString(event["reason"]) ?? "";
    if (!COMPONENTS.test(component) && !VOLUME_REASONS.has(reason)) return [];
    const match = REFUSALS.exec(asString(event["message"]) ?? "");
    if (!match) return [];
    return [
      { component, reason, code: match[1] ?? `HTTP ${match[2]}`, object: nameOfSubject(event), at: lastSeen(event) },
    ];
  });
}

function nameOfSubject(event: JsonObject): string {
  const subject = at(event, "involvedObject");
  const names = [asString(at(subject, "namespace")), asString(at(subject, "name"))].filter(Boolean);
  return `${asString(at(subject, "kind")) ?? "object"} ${names.join("/")}`;
}

/** Kubernetes counts an event that recurs, in one of two ways. */
function lastSeen(event: JsonObject): Date {
  const times = [
    asString(event["lastTimestamp"]),
    asString(at(event, "series", "lastObservedTime")),
    asString(event["eventTime"]),
    asString(at(event, "metadata", "creationTimestamp")),
  ].map((time) => Date.parse(time ?? ""));
  return new Date(Math.max(0, ...times.filter((time) => !Number.isNaN(time))));
}

/**
 * PM004: Azure refuses none of the cluster's components since the switch. Kubernetes keeps events for an hour, and what is
 * refused is tried again every few minutes: what has not shown in an hour is over.
 * @param switchedAt what was refused before says nothing about the new identity; undefined: all that is shown counts
 */
export function judgeRefusedComponents(
  refused: Known<readonly RefusedComponent[]>,
  switchedAt: Date | undefined,
): Outcome[] {
  if (!refused.known) return [{ check: "PM004", reason: `events inside the cluster: ${refused.reason}` }];
  const since = refused.value.filter(({ at: moment }) => !switchedAt || moment >= switchedAt);
  const causes = new Map<string, RefusedComponent[]>();
  for (const one of since) {
    const key = `${one.component} ${one.reason} ${one.code}`;
    causes.set(key, [...(causes.get(key) ?? []), one]);
  }
  return [...causes.values()].map((same) => {
    const { component, reason, code } = same[0]!;
    const objects = [...new Set(same.map(({ object }) => object))];
    return {
      check: "PM004",
      severity: "high" as const,
      seen: `Azure refuses ${component || "a component"} (${code}): ${reason} of ${listNames(objects)}`,
      remedy:
        "Look at the event with `kubectl describe`: it names the action and the scope on which the cluster's identity needs a role; roles take up to an hour to work.",
      link: "https://learn.microsoft.com/azure/aks/aks-service-permissions",
    };
  });
}
