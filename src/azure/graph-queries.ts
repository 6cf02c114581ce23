/** A text inside a filter of OData, in whose strings a quote is written twice. */
function quote(text: string): string {
  return text.replaceAll("'", "''");
}

/** The query by which Microsoft Graph finds a service principal by its client id or another of its names. */
export function servicePrincipalQuery(clientId: string): string {
  return `/v1.0/servicePrincipals?$filter=${encodeURIComponent(`servicePrincipalNames/any(c:c eq '${quote(clientId)}')`)}`;
}

/** The query by which Microsoft Graph finds an application by its client id. */
export function applicationQuery(appId: string): string {
  return `/v1.0/applications?$filter=${encodeURIComponent(`appId eq '${quote(appId)}'`)}`;
}

/** The query for the newest sign-in of a service principal since a moment: its newest come first (Graph documentation). */
export function lastSignInQuery(appId: string, since: Date): string {
  const filter = `appId eq '${quote(appId)}' and createdDateTime ge ${since.toISOString()} and signInEventTypes/any(t: t eq 'servicePrincipal')`;
  return `/beta/auditLogs/signIns?$top=1&$filter=${encodeURIComponent(filter)}`;
}
