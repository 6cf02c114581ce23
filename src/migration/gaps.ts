import type { Change } from "../engine/step.ts";
import type { Grant } from "./grants.ts";
import { COMBINED_REFUSED, type Migration } from "./migration.ts";
import type { DeadPrincipal } from "./principal.ts";

/** The kubelet identity that AKS makes cannot pull until it has been given the right and that works. */
export function kubeletGap(pull: readonly Grant[]): Change[] {
  if (pull.length === 0) return [];
  return [
    {
      key: "gap:kubelet",
      summary: `if the switch re-images nodes, they cannot pull from ${registries(pull)} until the kubelet identity's new role works`,
      reason:
        "the kubelet identity that AKS makes exists only after the switch; an own one (--kubelet-identity) has its rights before",
      risk: "disruptive",
    },
  ];
}

const WHY_DEAD: Readonly<Record<DeadPrincipal, string>> = {
  expired: "the last credential of its service principal has ended",
  disabled: "its service principal is disabled in the directory",
  deleted: "its service principal is gone from the directory",
};

/** A cluster whose service principal is dead is down in part already: that does not end before the new identities are in use. */
export function deadPrincipalGap({ from, clusterId }: Pick<Migration, "from" | "clusterId">): Change[] {
  const dead = from.servicePrincipal?.dead;
  if (!dead) return [];
  return [
    {
      key: "gap:service-principal",
      summary: `${clusterId.split("/").at(-1)} attaches no disk and changes no load balancer until its control plane uses the new identity, and no node pulls from a registry before it is re-imaged`,
      reason: `${WHY_DEAD[dead]}, so it gets no token; components may go on trying with it for hours after the switch`,
      risk: "disruptive",
    },
  ];
}

/** Nodes that Azure re-images onto an identity of its own, before the update that assigns ours. */
export function reimagedTwiceGap(pull: readonly Grant[]): Change[] {
  if (pull.length === 0) return [];
  return [
    {
      key: "gap:kubelet",
      summary: `nodes that the first of two updates re-images cannot pull from ${registries(pull)} until they are re-imaged once more`,
      reason: "that update makes a kubelet identity which nobody could give a role before; the next update replaces it",
      risk: "disruptive",
      onlyIf: COMBINED_REFUSED,
    },
  ];
}

/** The system-assigned identity has no rights outside the node resource group when the control plane starts using it. */
export function controlPlaneGap(own: readonly Grant[]): Change[] {
  if (own.length === 0) return [];
  return [
    {
      key: "gap:control-plane",
      summary:
        "load balancers, routes and disks outside the node resource group may fail from the switch until the new roles work",
      reason:
        "a system-assigned identity exists only from the switch on, and roles take up to an hour; a user-assigned one has them before",
      risk: "disruptive",
    },
  ];
}

function registries(pull: readonly Grant[]): string {
  return pull.map((grant) => grant.scope.split("/").at(-1)).join(", ");
}
