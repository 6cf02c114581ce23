import { shell } from "../engine/shell.ts";
import type { ClusterPlan } from "../plan/schema.ts";
import { nameOf } from "./ids.ts";
import type { ClusterView } from "./run-view.ts";
import { targetIds } from "./snippets.ts";
import type { TaskLeft } from "./task-left.ts";

/** What is left to do about the new identities of one's own: who else may use them, and that nobody deletes them. */
export function identityTasks(cluster: ClusterPlan, view: ClusterView): TaskLeft[] {
  const { controlPlaneIdentity, kubeletIdentity } = cluster.target;
  const { controlPlane, kubelet } = targetIds(cluster, view);
  const ids = [controlPlaneIdentity && controlPlane, kubeletIdentity && kubelet].filter((id) => id !== undefined);
  if (ids.length === 0 || cluster.path === "none") return [];
  return [
    {
      title: "Let whoever else updates the cluster assign its identities",
      text: "Azure asks at each update of the cluster whether the caller may: people, pipelines and Terraform need Managed Identity Operator on them, which no role on the cluster includes.",
      commands: ids.map(
        (id) =>
          `az role assignment create --role "Managed Identity Operator" --assignee-object-id <who> --assignee-principal-type <User, Group or ServicePrincipal> --scope ${shell(id)}`,
      ),
    },
    {
      title: "Protect the identities from deletion",
      text: "Without them the cluster fails, and an identity made anew under the same name is another one. A lock against deletion hinders no update of the cluster, as long as they are not in the nodes' resource group.",
      commands: ids.map(
        (id) => `az lock create --name ${shell(`keep-${nameOf(id)}`)} --lock-type CanNotDelete --resource ${shell(id)}`,
      ),
    },
  ];
}
