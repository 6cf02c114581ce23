import type { Azure } from "../azure/azure.ts";
import type { ServicePrincipal } from "../azure/graph.ts";
import { DAY_MS } from "../engine/clock.ts";
import type { Finding } from "../engine/step.ts";

/** What Microsoft Graph says about the service principal that a cluster uses. */
export interface PrincipalReading {
  readonly principal: ServicePrincipal | undefined;
  /** When the application's credentials end, latest first; undefined when that is not known. */
  readonly credentialEnds: readonly Date[] | undefined;
  readonly findings: readonly Finding[];
}

const CREDENTIALS_LINK = "https://learn.microsoft.com/azure/aks/update-credentials";

/** Reads the service principal and when its credentials end. */
export async function readPrincipalState(azure: Azure, clientId: string, now: Date): Promise<PrincipalReading> {
  const answer = await azure.graph.servicePrincipal(clientId);
  if (answer.kind === "denied") {
    return {
      principal: undefined,
      credentialEnds: undefined,
      findings: [
        {
          check: "RB013",
          severity: "high",
          seen: `Microsoft Graph does not let you look up the service principal ${clientId}, so the roles that it holds are not known`,
          remedy:
            "Ask for Directory Readers, or name the registries with --registry and give the identities by hand what the cluster needs beyond this plan.",
        },
      ],
    };
  }
  if (answer.kind === "missing") {
    return { principal: undefined, credentialEnds: undefined, findings: [principalGone(clientId)] };
  }
  const principal = answer.value;
  const ends = await azure.graph.credentialEnds(principal.appId);
  const disabled = principal.enabled ? [] : [principalDisabled(principal)];
  if (ends.kind !== "found" || ends.value.length === 0) {
    const unread: Finding = {
      check: "ID003",
      severity: "info",
      seen: `the credentials of ${principal.displayName} cannot be read: not assessed`,
      remedy: "Migrate before that, or rotate it with `az aks update-credentials`, which re-images the nodes.",
    };
    return { principal, credentialEnds: undefined, findings: [...disabled, unread] };
  }
  const credentials = checkCredentials(principal.displayName, ends.value, now);
  return { principal, credentialEnds: ends.value, findings: [...disabled, ...credentials] };
}

/** ID004: the service principal is not in the directory any more. */
export function principalGone(clientId: string): Finding {
  return {
    check: "ID004",
    severity: "critical",
    seen: `the service principal ${clientId} is gone from the directory`,
    remedy:
      "Restore it, or give the cluster a new one with `az aks update-credentials`: the switch needs a cluster that works.",
    link: CREDENTIALS_LINK,
  };
}

/** ID004: an administrator has disabled the service principal, so that it gets no token. */
export function principalDisabled({ displayName }: ServicePrincipal): Finding {
  return {
    check: "ID004",
    severity: "critical",
    seen: `the service principal ${displayName} is disabled in the directory`,
    remedy: "Enable it again until the migration is over: the switch needs a cluster that works.",
    link: CREDENTIALS_LINK,
  };
}

/**
 * ID003: credentials are the application's, and the latest end decides; earlier ones are shown, for the cluster may hold
 * one of them.
 * @param ends latest first, at least one
 */
export function checkCredentials(displayName: string, ends: readonly Date[], now: Date): Finding[] {
  const latest = ends[0]!;
  const days = Math.floor((latest.getTime() - now.getTime()) / DAY_MS);
  if (days >= 90) return [];
  const name = `the last credential of ${displayName}`;
  const others = ends.length > 1 ? `; earlier ones: ${ends.slice(1).map(day).join(", ")}` : "";
  const expired = latest.getTime() <= now.getTime();
  return [
    {
      check: "ID003",
      severity: days < 30 ? "critical" : "high",
      seen: expired ? `${name} expired on ${day(latest)}${others}` : `${name} expires on ${day(latest)}${others}`,
      remedy: "Migrate before that, or rotate it with `az aks update-credentials`, which re-images the nodes.",
      link: CREDENTIALS_LINK,
    },
  ];
}

/**
 * RD015: the control plane may go on using the old principal for hours after the switch, so a credential that ends before
 * the plan does takes the cluster down half way. One that has already ended is no reason to wait: see ID003.
 * @param planEnd when the plan's last wait is expected to be over
 */
export function checkCredentialsOutlast(ends: readonly Date[] | undefined, now: Date, planEnd: Date): Finding[] {
  const latest = ends?.[0];
  if (!latest || latest <= now || latest >= planEnd) return [];
  return [
    {
      check: "RD015",
      severity: "blocker",
      seen: `the old principal's last credential expires on ${day(latest)}, before this plan ends (about ${day(planEnd)})`,
      remedy: "Rotate it first with `az aks update-credentials`, or plan with a shorter --token-switchover.",
      link: CREDENTIALS_LINK,
    },
  ];
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}
