import { asObject, asString, at, type Json } from "../../azure/json.ts";
import { unsettledStates } from "../../azure/managed-cluster.ts";
import { LINKS, RULES } from "../links.ts";
import type { Outcome } from "../outcome.ts";
import type { ClusterReading } from "../reading.ts";

/** AD001: Container Insights with its legacy authentication, which Azure retired on 30 September 2026. */
export function checkContainerInsights({ facts }: ClusterReading): Outcome[] {
  const config = Object.entries(facts.addons).find(([name]) => name.toLowerCase() === "omsagent")?.[1];
  if (!config || config["useAADAuth"]?.toLowerCase() === "true") return [];
  return [
    {
      check: "AD001",
      severity: "high",
      seen: "Container Insights signs in the legacy way, which was retired on 2026-09-30",
      remedy:
        "Onboard it anew with managed identity authentication (`az aks enable-addons -a monitoring` after disabling it).",
      link: LINKS.containerInsights,
    },
  ];
}

/** AD002: ingress add-ons that have ended, or end. */
export function checkIngressAddons({ facts }: ClusterReading): Outcome[] {
  const names = Object.keys(facts.addons).map((name) => name.toLowerCase());
  const outcomes: Outcome[] = [];
  const base = { check: "AD002", severity: "medium", link: LINKS.appRouting } as const;
  if (names.includes("httpapplicationrouting")) {
    outcomes.push({
      ...base,
      seen: "HTTP application routing is on, which is retired",
      remedy: "Move its ingresses to the Gateway API, then turn it off.",
      rules: RULES.httpRouting,
    });
  }
  if (names.includes("webapprouting")) {
    outcomes.push({
      ...base,
      seen: "application routing with NGINX is on: its security patches end in November 2026",
      remedy: "Plan its move to the Gateway API.",
    });
  }
  return outcomes;
}

/** Add-ons that AKS gives an identity of their own (AKS documentation, summary of managed identities). */
const WITH_IDENTITY = new Set([
  "omsagent",
  "azurepolicy",
  "azurekeyvaultsecretsprovider",
  "ingressapplicationgateway",
  "aciconnectorlinux",
  "httpapplicationrouting",
  "webapprouting",
]);

/** AD003: an add-on that got no identity when the cluster was switched. While an update runs, Azure shows none. */
export function checkAddonIdentities({ cluster, servicePrincipal }: ClusterReading): Outcome[] {
  if (servicePrincipal) return [];
  const routing = at(cluster, "properties", "ingressProfile", "webAppRouting");
  const profiles = [
    ...Object.entries(asObject(at(cluster, "properties", "addonProfiles"))),
    ["webAppRouting", routing],
  ];
  const lacking = (profiles as [string, Json | undefined][])
    .filter(([name, profile]) => WITH_IDENTITY.has(name.toLowerCase()) && at(profile, "enabled") === true)
    .filter(([, profile]) => asString(at(profile, "identity", "objectId")) === undefined)
    .map(([name]) => name);
  if (lacking.length === 0) return [];
  if (unsettledStates(cluster).length > 0) {
    return [{ check: "AD003", reason: "Azure shows no identities of add-ons while an update runs" }];
  }
  return [
    {
      check: "AD003",
      severity: "high",
      seen: `without an identity although the cluster is on managed identity: ${lacking.join(", ")}`,
      remedy: "Disable the add-on and enable it again, then give its identity its roles.",
      link: LINKS.managedIdentity,
    },
  ];
}

/** AD004: what a cluster on a service principal cannot use. */
export function checkLockedFeatures({ servicePrincipal }: ClusterReading): Outcome[] {
  if (!servicePrincipal) return [];
  return [
    {
      check: "AD004",
      severity: "info",
      seen: "cluster extensions, node auto-provisioning and managed disruption budgets need managed identity",
      remedy: "They can be turned on once the migration is complete.",
      link: LINKS.managedIdentity,
    },
  ];
}
