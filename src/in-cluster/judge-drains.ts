import type { Outcome } from "../engine/outcome.ts";
import type { Finding } from "../engine/step.ts";
import type { BlockingBudget } from "./budgets.ts";
import type { InClusterEvidence } from "./evidence.ts";
import { listNames } from "./names.ts";

/** RD005 for a cluster whose nodes are to be drained; nothing that a migration does can cure a budget. */
export function judgeBudgets({ budgets }: Pick<InClusterEvidence, "budgets">): Outcome[] {
  if (!budgets.known) return [{ check: "RD005", reason: `disruption budgets that block a drain: ${budgets.reason}` }];
  const namesOf = (blocks: BlockingBudget["blocks"]) =>
    budgets.value.filter((budget) => budget.blocks === blocks).map(({ name }) => name);
  const never = namesOf("never");
  const now = namesOf("now");
  const link =
    "https://learn.microsoft.com/troubleshoot/azure/azure-kubernetes/create-upgrade-delete/error-code-poddrainfailure";
  const finding = (seen: string, remedy: string): Finding => ({
    check: "RD005",
    severity: "blocker",
    seen,
    remedy,
    link,
  });
  return [
    ...(never.length > 0
      ? [
          finding(
            `the disruption budget ${never.join(", ")} forbids every eviction (maxUnavailable 0): Azure refuses to drain the nodes`,
            "Let it allow one, or take it away for the time of the migration.",
          ),
        ]
      : []),
    ...(now.length > 0
      ? [
          finding(
            `the disruption budget ${now.join(", ")} allows no eviction now: the drain of its pods' nodes would run into its timeout`,
            "Add replicas or repair its pods until it allows one (`kubectl get pdb --all-namespaces`), then look again.",
          ),
        ]
      : []),
  ];
}

/** RD005 in full: budgets, and webhooks. */
export function judgeDrains(evidence: Pick<InClusterEvidence, "budgets" | "evictionWebhooks">): Outcome[] {
  const { budgets, evictionWebhooks } = evidence;
  if (!budgets.known && !evictionWebhooks.known) {
    const what = "disruption budgets and admission webhooks that block a drain";
    return [{ check: "RD005", reason: `${what}: ${budgets.reason}` }];
  }
  return [...judgeBudgets(evidence), ...judgeEvictionWebhooks(evidence)];
}

/** RD007: work that stops, and files that are lost, while nodes are replaced. */
export function judgeInterruptions({ interruptions }: Pick<InClusterEvidence, "interruptions">): Outcome[] {
  if (!interruptions.known)
    return [{ check: "RD007", reason: `single pods and files kept on nodes: ${interruptions.reason}` }];
  const { single, local } = interruptions.value;
  const base = { check: "RD007", link: "https://learn.microsoft.com/azure/aks/upgrade-options" };
  return [
    ...(single.length > 0
      ? [
          {
            ...base,
            severity: "medium" as const,
            seen: `${listNames(single)} runs as a single pod: it stops until it runs on another node`,
            remedy: "Scale it to two for the time of the migration, or expect the interruption once per pod.",
          },
        ]
      : []),
    ...(local.length > 0
      ? [
          {
            ...base,
            severity: "low" as const,
            seen: `${listNames(local)} keeps files on its node, which are lost with it`,
            remedy: "Nothing has to be done for files that can be made again; copy others to a volume of Azure first.",
          },
        ]
      : []),
  ];
}

/** RD005 too: a webhook that denies an eviction stops the drain within seconds (AKS issue 5637). */
function judgeEvictionWebhooks({ evictionWebhooks }: Pick<InClusterEvidence, "evictionWebhooks">): Outcome[] {
  if (!evictionWebhooks.known)
    return [{ check: "RD005", reason: `admission webhooks that decide about evictions: ${evictionWebhooks.reason}` }];
  if (evictionWebhooks.value.length === 0) return [];
  return [
    {
      check: "RD005",
      severity: "medium",
      seen: `the validating webhook ${listNames(evictionWebhooks.value)} is asked about each eviction, and may deny it: then the drain fails within seconds`,
      remedy:
        "See what it denies; move those pods first, or take it away for the time of the migration. A run that it stopped goes on with `aks-mi resume`.",
      link: "https://github.com/Azure/AKS/issues/5637",
    },
  ];
}
