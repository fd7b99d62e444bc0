// A console after years of use: ten thousand tenants, staff members, API keys and support sessions, and as many
// organizations of the first tenant.
import type { Served } from "./served.ts";

const ROWS = 10_000;
/** How many requests of the platform are under way at once. */
const AT_ONCE = 16;

/** The name of one of the rows, as `Tenant 00042`. They are counted from 1. */
export function nameOf(what: "Tenant" | "Person" | "Key", row: number): string {
  return `${what} ${`${row}`.padStart(5, "0")}`;
}

/** The platform registers its tenants. Each of them is an event in the audit log. */
export async function registerTenants(served: Served): Promise<void> {
  let row = 0;
  const register = async (): Promise<void> => {
    while (row < ROWS) {
      row += 1;
      const slug = nameOf("Tenant", row).toLowerCase().replace(" ", "-");
      const status = row % 10 === 0 ? "trial" : "active";
      await served.platform("PUT", `tenants/${slug}`, { slug, name: nameOf("Tenant", row), status, plan: "Team" });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, register));
}

/**
 * The rest is written into the store: a staff member costs the hash of a password, a key a form, and support sessions end
 * in time only. Of ten keys, one is revoked. All support sessions have ended, the last one an hour ago.
 */
export async function writePeopleKeysAndSessions(served: Served): Promise<void> {
  const now = Date.now() * 1000;
  const minute = 60_000_000;
  const rows = `WITH RECURSIVE rows (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM rows WHERE n < ${ROWS})`;
  const id = (kind: number): string => `printf('01937e2c-000${kind}-7000-8000-%012x', n)`;
  const issued = `${now} - n * 5 * ${minute} - 75 * ${minute}`;
  await served.write(`
    BEGIN;
    INSERT INTO staff (id, email, name, roles, password_hash, must_change_password, created_at, search, sort_name)
    ${rows} SELECT ${id(1)}, printf('person-%05d@demo.example', n), printf('Person %05d', n),
      iif(n % 10 = 0, 'super_admin', 'support_admin'), 'none', 0, ${now},
      printf('person %05d', n) || char(10) || printf('person-%05d@demo.example', n), printf('person %05d', n) FROM rows;

    INSERT INTO api_keys (id, name, tenant_id, rights, token_hash, created_at, uses_noted_since, created_by, search, revoked_at)
    ${rows} SELECT ${id(2)}, printf('Key %05d', n), printf('tenant-%05d', n), 'read', randomblob(32), ${now}, ${now},
      'Ana Silva', printf('key %05d', n), iif(n % 10 = 0, ${now}, NULL) FROM rows;

    INSERT INTO support_sessions (id, tenant_id, tenant_name, staff_id, staff_name, scopes, reason, ip, user_agent, token_hash,
      idempotency_key, issued_at, expires_at, ends_at, expiry_recorded)
    ${rows} SELECT ${id(3)}, printf('tenant-%05d', n), printf('Tenant %05d', n), ${id(1)}, printf('Person %05d', n),
      'read_only', 'Invoices fail since this morning', '192.0.2.7', 'curl/8', randomblob(32), ${id(3)},
      ${issued}, ${issued} + 15 * ${minute}, ${issued} + 15 * ${minute}, 1 FROM rows;

    INSERT INTO organizations (tenant_id, id, name, slug, status, created_at, sort_name)
    ${rows} SELECT 'tenant-00001', printf('org-%05d', n), printf('Organization %05d', n), printf('org-%05d', n), 'active', ${now},
      printf('organization %05d', n) FROM rows;
    COMMIT;
  `);
}
