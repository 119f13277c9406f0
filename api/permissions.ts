/**
 * Who may do what: one table, role by act. Routes ask it, `/api/me` tells the console its row, masks and tests go by it.
 *
 *     own      one's own account                          read     what lies in one's scope (`context.ts`)
 *     secrets  passwords and identity numbers unmasked    export   evidence taken out of the program
 *     triage   acts on alerts and incidents               except   exceptions of rules
 *     rules    changing rules                             trail    the audit trail
 *     admin    accounts, the clock, what the machine is like inside
 */
import type { User } from './auth/auth.ts'
import type { Act, Role } from './contract.ts'
import { act, role } from './schema/words.ts'

const EVERYBODY = ['own', 'read'] as const
const PERMISSIONS = {
  administrator: [...EVERYBODY, 'secrets', 'export', 'triage', 'except', 'rules', 'trail', 'admin'],
  analyst: [...EVERYBODY, 'secrets', 'export', 'triage', 'except'],
  rule_author: [...EVERYBODY, 'except', 'rules'],
  manager: [...EVERYBODY],
  // Of the provincial police: sees that all is in order, and changes nothing.
  auditor: [...EVERYBODY, 'export', 'trail'],
  agency_viewer: [...EVERYBODY],
} as const satisfies { readonly [role in Role]: readonly Act[] }

/** These concern the whole province: who belongs to an agency does none of them for the others, whatever their role. */
const WHOLE: readonly Act[] = ['except', 'rules', 'trail', 'admin']

export const ROLES: readonly Role[] = role.options
export const ACTS: readonly Act[] = act.options

export const roleMay = (role: Role, act: Act): boolean => (PERMISSIONS[role] as readonly Act[]).includes(act)
export const may = (user: Pick<User, 'role' | 'organizations'>, act: Act): boolean =>
  roleMay(user.role, act) && (user.organizations.length === 0 || !WHOLE.includes(act))
/** The row of somebody. */
export const permitted = (user: Pick<User, 'role' | 'organizations'>): Record<Act, boolean> =>
  Object.fromEntries(ACTS.map((act) => [act, may(user, act)])) as Record<Act, boolean>
