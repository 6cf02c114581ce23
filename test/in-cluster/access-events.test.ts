import { describe, expect, test } from "vitest";
import { known, unknown } from "../../src/engine/known.ts";
import { findRefusedComponents, judgeRefusedComponents } from "../../src/in-cluster/access-events.ts";

const SECRET = "correct-horse-battery-staple";

function event(component: string, reason: string, message: string, more: object = {}) {
  return {
    kind: "Event",
    source: { component },
    reason,
    message: `${message} ${SECRET}`,
    involvedObject: { kind: "Service", namespace: "shop", name: "front" },
    lastTimestamp: "2026-11-22T09:30:00Z",
    ...more,
  };
}

const codesOf = (...events: object[]) => findRefusedComponents(events as never).map(({ code }) => code);

describe("what Azure refuses to a cluster's components", () => {
  test.each([
    [
      "the cloud provider",
      event(
        "service-controller",
        "SyncLoadBalancerFailed",
        "RESPONSE 403: 403 Forbidden ERROR CODE: AuthorizationFailed",
      ),
      "HTTP 403",
    ],
    [
      "its linked rights",
      event("azure-cloud-provider", "X", 'Code="LinkedAuthorizationFailed"'),
      "LinkedAuthorizationFailed",
    ],
    [
      "a disk driver's controller",
      event("disk.csi.azure.com_csi-azuredisk-controller-7d9", "ProvisioningFailed", "StatusCode=401"),
      "HTTP 401",
    ],
    [
      "the attach controller",
      event("attachdetach-controller", "FailedAttachVolume", "AuthorizationFailed"),
      "AuthorizationFailed",
    ],
    [
      "a driver on a node",
      event("kubelet", "FailedMount", "AuthorizationPermissionMismatch"),
      "AuthorizationPermissionMismatch",
    ],
    ["the autoscaler", event("cluster-autoscaler", "FailedToScaleUpGroup", "AADSTS7000222: expired"), "AADSTS7000222"],
    [
      "who reports in the newer way",
      event("", "X", "HTTP 403", { source: {}, reportingComponent: "service-controller" }),
      "HTTP 403",
    ],
  ])("is found for %s", (_, found, code) => {
    expect(codesOf(found)).toEqual([code]);
  });

  test.each([
    [
      "a pull that is refused",
      event("kubelet", "Failed", "unexpected status from GET request: 401 Unauthorized, StatusCode=401"),
    ],
    ["a workload's own trouble", event("my-operator", "Failed", "AuthorizationFailed")],
    [
      "Kubernetes' own rights",
      event("attachdetach-controller", "FailedAttachVolume", "pods is forbidden: User cannot list"),
    ],
    ["a number", event("service-controller", "SyncLoadBalancerFailed", "timed out after 403 seconds")],
  ])("is not %s", (_, other) => {
    expect(codesOf(other)).toEqual([]);
  });

  test("is told once per cause, by names only", () => {
    const refused = findRefusedComponents([
      event("service-controller", "SyncLoadBalancerFailed", "AuthorizationFailed"),
      event("service-controller", "SyncLoadBalancerFailed", "AuthorizationFailed", {
        involvedObject: { kind: "Service", namespace: "shop", name: "back" },
      }),
    ] as never);
    const outcomes = judgeRefusedComponents(known(refused), undefined);
    expect(outcomes).toMatchObject([
      {
        check: "PM004",
        severity: "high",
        seen: "Azure refuses service-controller (AuthorizationFailed): SyncLoadBalancerFailed of Service shop/front, Service shop/back",
      },
    ]);
    expect(JSON.stringify(outcomes)).not.toContain(SECRET);
  });

  test("from before the switch does not count, and what recurs counts by its last time", () => {
    const refused = (more: object) =>
      known(findRefusedComponents([event("service-controller", "X", "AuthorizationFailed", more)] as never));
    const judge = (more: object, at: string) => judgeRefusedComponents(refused(more), new Date(at)).length;
    expect(judge({}, "2026-11-22T09:30:01Z")).toBe(0);
    expect(judge({}, "2026-11-22T09:30:00Z")).toBe(1);
    expect(
      judge({ lastTimestamp: null, series: { lastObservedTime: "2026-11-22T09:50:00Z" } }, "2026-11-22T09:40:00Z"),
    ).toBe(1);
  });

  test("that cannot be read is not assessed", () => {
    expect(judgeRefusedComponents(unknown("the cluster's run command is off"), undefined)).toEqual([
      { check: "PM004", reason: "events inside the cluster: the cluster's run command is off" },
    ]);
  });
});
