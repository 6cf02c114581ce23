/** Who gets a role. */
export type Grantee = "control-plane" | "kubelet" | `addon:${string}`;

/** What the key of a role assignment tells. */
export interface RoleKey {
  readonly role: string;
  /** A resource id, or a scope above resources. */
  readonly scope: string;
  readonly who: Grantee;
}

/** The key of the change that assigns a role: `role:<role>@<scope>→<who>`. */
export function roleKey({ role, scope, who }: RoleKey): string {
  return `role:${role}@${scope}→${who}`;
}

/** Reads what `roleKey` wrote. @returns undefined for the key of another kind of change */
export function parseRoleKey(key: string): RoleKey | undefined {
  const match = /^role:(.+?)@(\/.*)→(.+)$/u.exec(key);
  return match ? { role: match[1]!, scope: match[2]!, who: match[3] as Grantee } : undefined;
}

/** True for the changes that update the cluster itself: the switch, and a kubelet identity with an update of its own. */
export function updatesCluster(key: string): boolean {
  return /^(switch|kubelet-identity):/.test(key);
}
