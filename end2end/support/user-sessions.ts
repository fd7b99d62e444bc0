// Sign-ins of a tenant's people, as the platform registers and asks for them.
import type { Tenant } from "./console.ts";
import type { Demo } from "./demo.ts";

/** Registers a user session, issued now or at another time. */
export async function userSignsIn(demo: Demo, tenant: Tenant, user: string, at?: string): Promise<void> {
  const issued = at ?? (await demo.now());
  const expires = new Date(Date.parse(issued) + 3_600_000).toISOString();
  await demo.platform("PUT", `tenants/${tenant.id}/user-sessions/ses_${user}`, {
    user,
    issued_at: issued,
    expires_at: expires,
  });
}

/** Whether the platform would still let the user session in. */
export async function isActive(demo: Demo, tenant: Tenant, user: string): Promise<boolean> {
  const query = { tenant_id: tenant.id, user_session_id: `ses_${user}` };
  return (await demo.platform<{ active: boolean }>("POST", "user-sessions/introspect", query)).active;
}
