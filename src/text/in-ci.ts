/** True where nobody sits in front of the terminal: `CI` is set, and to something else than `false`, as CI systems and npm understand it. */
export function isInCi(env: Readonly<Record<string, string | undefined>>): boolean {
  return Boolean(env["CI"]) && env["CI"] !== "false";
}
