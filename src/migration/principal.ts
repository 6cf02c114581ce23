import type { Azure } from "../azure/azure.ts";
import type { ServicePrincipal } from "../azure/graph.ts";
import { DAY_MS } from "../engine/clock.ts";
import type { Finding } from "../engine/step.ts";

/** What Microsoft Graph says about the service principal that a cluster uses. */
export interface PrincipalReading {
  readonly principal: ServicePrincipal | undefined;
  readonly findings: readonly Finding[];
}

/** Reads the service principal and when its credentials end. */
export async function readPrincipalState(azure: Azure, clientId: string, now: Date): Promise<PrincipalReading> {
  const answer = await azure.graph.servicePrincipal(clientId);
  if (answer.kind === "denied") {
    return {
      principal: undefined,
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
    return {
      principal: undefined,
      findings: [
        {
          check: "ID004",
          severity: "critical",
          seen: `the service principal ${clientId} is gone from the directory`,
          remedy:
            "Restore it, or give the cluster a new one with `az aks update-credentials`: the switch needs a cluster that works.",
        },
      ],
    };
  }
  return { principal: answer.value, findings: await checkCredentials(azure, answer.value, now) };
}

/** Credentials are the application's, and the latest end decides (ID003). */
async function checkCredentials(azure: Azure, principal: ServicePrincipal, now: Date): Promise<Finding[]> {
  const ends = await azure.graph.credentialEnds(principal.appId);
  const remedy = "Migrate before that, or rotate it with `az aks update-credentials`, which re-images the nodes.";
  if (ends.kind !== "found" || ends.value.length === 0) {
    return [
      {
        check: "ID003",
        severity: "info",
        seen: `the credentials of ${principal.displayName} cannot be read: not assessed`,
        remedy,
      },
    ];
  }
  const latest = ends.value[0]!;
  const days = Math.floor((latest.getTime() - now.getTime()) / DAY_MS);
  const name = `the last credential of ${principal.displayName}`;
  if (days < 0) return [{ check: "ID003", severity: "critical", seen: `${name} expired on ${day(latest)}`, remedy }];
  if (days < 90) {
    const severity = days < 30 ? "critical" : "high";
    return [{ check: "ID003", severity, seen: `${name} expires on ${day(latest)}, in ${days} days`, remedy }];
  }
  return [];
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}
