/** What every route knows of its request: who asks, and what they may see. The scope is made here and nowhere else. */
import type { Context } from 'hono'
import { createMiddleware } from 'hono/factory'
import { expandOrganizations } from '../ingest/inventory/scope.ts'
import { and, eq, type Filter } from '../ingest/store/filter.ts'
import { KqlError, parseKql } from '../ingest/store/kql.ts'
import { type Document, type Put, type Scope, StoreError, SYSTEM } from '../ingest/store/store.ts'
import { Refused } from '../rules/case/act.ts'
import { newActId } from '../rules/case/decide.ts'
import type { Actor } from '../rules/case/act.ts'
import { actorOf } from './acts.ts'
import { searchOf, valuesOf } from './bounds.ts'
import type { Auth, User } from './auth/auth.ts'
import type { Language, Role } from './contract.ts'
import type { Installation } from './installation.ts'
import { notFound, Refusal } from './refusal.ts'

export { notFound, Refusal }

export interface Deps {
  readonly installation: Installation
  readonly auth: Auth
}
export type Env = { Variables: Deps & { user: User; scope: Scope; language: Language } }

const DUTIES = {
  triage: ['administrator', 'analyst'],
  rules: ['administrator', 'rule_author'],
  admin: ['administrator'],
} as const satisfies { [duty: string]: readonly Role[] }
export type Duty = keyof typeof DUTIES
export const may = (user: User, duty: Duty): boolean => (DUTIES[duty] as readonly Role[]).includes(user.role)

/** A refusal of the table of acts, as an answer. */
export const refusalOf = (error: unknown): never => {
  if (!(error instanceof Refused)) throw error
  const status = error.code === 'conflict' ? 409 : error.code === 'not_found' ? 404 : 422
  throw new Refusal(status, error.code, error.sentence.vi, error.sentence.en)
}

/** Whether somebody sees the whole province: campaigns, and what belongs to nobody. */
export const seesAll = (scope: Scope): boolean => 'system' in scope

/** Everything of an installation, or the agency with those below it and its predecessors. */
const scopeOf = (installation: Installation, user: User): Scope => {
  if (user.organizations.length === 0 && user.role !== 'agency_viewer') return SYSTEM
  return { organizations: expandOrganizations(installation.inventory, user.organizations) }
}

export const signedIn = createMiddleware<Env>(async (c, next) => {
  const user = await c.var.auth.session(c.req.raw.headers)
  if (!user)
    throw new Refusal(401, 'signed_out', 'Phiên đã hết: hãy đăng nhập lại.', 'You are signed out: sign in again.')
  if (user.mustChangePassword && !/\/api\/me(\/password)?$/.test(c.req.path)) {
    throw new Refusal(403, 'password', 'Hãy đặt mật khẩu mới trước.', 'Choose a new password first.')
  }
  c.set('user', user)
  c.set('scope', scopeOf(c.var.installation, user))
  await next()
})

export const duty = (name: Duty) =>
  createMiddleware<Env>(async (c, next) => {
    if (!may(c.var.user, name))
      throw new Refusal(403, 'forbidden', 'Vai trò của bạn không được làm việc này.', 'Your role may not do this.')
    await next()
  })

/** The `q` of a request as a filter; a mistake names its place. */
export const asked = (query: { readonly [name: string]: string | undefined }, text: readonly string[]): Filter => {
  const q = searchOf(query)
  if (!q?.trim()) return and()
  try {
    return parseKql(q, { text })
  } catch (error) {
    if (error instanceof KqlError)
      throw new Refusal(400, 'kql', error.vi, error.message, { from: error.from, to: error.to })
    throw error
  }
}

/** A facet: any of the values; none chosen is all. 'none' is the absent value. */
export const chosen = (field: string, q: { readonly [name: string]: string | undefined }, name: string): Filter[] => {
  const values = valuesOf(q, name)
  return values.length ? [eq(field, ...values)] : []
}

/**
 * A change that is to no case (a user, a rule): who and when, on its way into the journal. Written after the change: where
 * the store goes away in between, the person is told that the change is done, as it is, and the entry follows.
 */
export const audit = (c: Context<Env>, what: string, object: string, detail?: string): Promise<void> =>
  auditBy(c.var.installation, actorOf(c.var.user), what, object, detail)

/** The same, of whoever acts without a session. */
export const auditBy = async (
  { clock, store }: Pick<Installation, 'clock' | 'store'>,
  actor: Actor,
  what: string,
  object: string,
  detail?: string,
): Promise<void> => {
  const at = clock()
  const id = newActId()
  const entry: Put<Document> = {
    id: `${String(at).padStart(14, '0')}-${id.slice(0, 8)}`,
    version: null,
    doc: {
      'audit.at': at,
      'audit.by': actor.name,
      kind: what.split('.')[0],
      object,
      pending: [{ id, what, at, actor, changes: {}, ...(detail === undefined ? {} : { text: detail }) }],
      'case.pending': 1,
    },
  }
  // That it exists already says that an earlier try was carried out.
  await once(async () => void (await store.documents.collection('audit').put([entry])))
}

/** ms between two tries of what has to be written when the store is back. */
const AGAIN = 5000
/** Tries once, and goes on without being waited for as long as the store fails. */
export const once = (work: () => Promise<void>): Promise<void> =>
  work().catch((error: unknown) => {
    if (!(error instanceof StoreError)) throw error
    setTimeout(() => void once(work).catch(console.error), AGAIN).unref()
  })

/** A bucket width for about `target` buckets, on a clock a person reads. */
export const bucketWidth = (from: number, to: number, target = 48): number => {
  const steps = [1, 5, 10, 30, 60, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 604_800].map(
    (s) => s * 1000,
  )
  return steps.find((step) => (to - from) / step <= target) ?? 2_592_000_000
}
/** Ms that the province's clock is ahead of UTC at a time: days begin at its midnight. */
export const zoneOffset = (timezone: string, at: number): number => {
  const parts = Object.fromEntries(
    new Intl.DateTimeFormat('en-GB', {
      timeZone: timezone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    })
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  )
  return (
    Date.UTC(
      Number(parts['year']),
      Number(parts['month']) - 1,
      Number(parts['day']),
      Number(parts['hour']),
      Number(parts['minute']),
      Number(parts['second']),
    ) -
    Math.floor(at / 1000) * 1000
  )
}
