import { parseResourceId } from "../azure/ids.ts";
import type { Finding } from "../engine/step.ts";
import type { ClusterFacts } from "../plan/schema.ts";

const VAULT = "microsoft.keyvault/vaults";

/** The built-in roles that encrypt and decrypt with a vault's keys (Azure documentation of built-in roles). */
const ENCRYPTING_ROLES = /^Key Vault (Administrator|Crypto Officer|Crypto User)$/;

/**
 * RB009 for a control plane that gets another identity: without the right to use the key that encrypts etcd, the API server cannot
 * read its own data. Azure names the vault only where it is private, and access policies are no roles (AKS documentation of KMS).
 */
export function checkEtcdKey({ kms, heldRoles = [] }: ClusterFacts): Finding[] {
  if (!kms) return [];
  const vault = vaultName(kms.keyId) ?? "its vault";
  // Such a role that the old identity holds on the vault is copied, and shows that the vault decides by roles.
  const isCopied = heldRoles.some(({ role, scope }) => {
    const resource = parseResourceId(scope);
    return (
      ENCRYPTING_ROLES.test(role) &&
      resource?.type.toLowerCase() === VAULT &&
      resource.name.toLowerCase() === vault.toLowerCase()
    );
  });
  if (isCopied) return [];
  const base = { check: "RB009", link: "https://learn.microsoft.com/azure/aks/use-kms-etcd-encryption" };
  const remedy = `Run the plan with \`--until enable-managed-identity\`, let the new control-plane identity encrypt and decrypt with the key (\`az keyvault set-policy --name ${vault} --key-permissions encrypt decrypt --object-id …\`, or the role Key Vault Crypto User), then resume.`;
  return [
    kms.vault
      ? {
          ...base,
          severity: "medium",
          seen: `etcd is encrypted with a key in ${vault}: whether that vault decides by roles or by access policies is not assessed, and the plan gives a role`,
          remedy: `Nothing has to be done where it decides by roles. Else: ${remedy.slice(0, 1).toLowerCase()}${remedy.slice(1)}`,
        }
      : {
          ...base,
          severity: "high",
          seen: `etcd is encrypted with a key in ${vault}, which the cluster names by its address alone: the plan gives the new identity no right on it`,
          remedy,
        },
  ];
}

/** The vault in a key's address, `https://<vault>.vault.azure.net/keys/…`, in any cloud. */
function vaultName(keyId: string): string | undefined {
  return URL.canParse(keyId) ? new URL(keyId).hostname.split(".")[0] : undefined;
}
