/**
 * How long a plan waits unless the user says otherwise: roles take up to 60 minutes to work, and tokens of managed identities
 * are cached for around 24 hours (AKS and managed identity documentation).
 */
export const DEFAULT_WAITS = { rolePropagation: "60m", tokenSwitchover: "24h" } as const;
