/** What every route knows of its request: who asks, and what they may see. The scope is made here and nowhere else. */
import type { Context } from 'hono'
import { createMiddleware } from 'hono/factory'
import { reachOf, storedUnder } from '../ingest/inventory/scope.ts'
import { and, eq, type Filter } from '../ingest/store/filter.ts'
import { KqlError, parseKql } from '../ingest/store/kql.ts'
import { type Scope, SYSTEM } from '../ingest/store/store.ts'
import { Refused } from '../rules/case/act.ts'
import { actorOf } from './acts.ts'
import type { Auth, User } from './auth/auth.ts'
import type { Language, Role } from './contract.ts'
import type { Installation } from './installation.ts'
import type { Sight } from './masks.ts'
import { notFound, Refusal } from './refusal.ts'
import { leaveTrail } from './trail.ts'

export { notFound, Refusal }

export interface Deps {
  readonly installation: Installation
  readonly auth: Auth
  /** Of a role: what of events and alerts it is shown. */
  readonly sights: (role: Role) => Sight
}
export type Env = { Variables: Deps & { user: User; scope: Scope; sight: Sight; language: Language } }

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
  return reachOf(installation.inventory, user.organizations)
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
  const sight = c.var.sights(user.role)
  c.set('sight', sight)
  await next()
  // Here, so that no route can forget it; the live stream, which is no JSON, masks what it sends.
  if (sight.whole || !c.res.headers.get('content-type')?.includes('json')) return
  const shown = sight.shown(c.req.path, await c.res.clone().json())
  c.res = new Response(JSON.stringify(shown), c.res)
})

/** The `q` of a request as a filter of what its sender may search by; a mistake names its place. */
export const asked = (c: Context<Env>, q: string | undefined, text: readonly string[]): Filter => {
  if (!q?.trim()) return and()
  try {
    return c.var.sight.narrowed(parseKql(q, { text }))
  } catch (error) {
    if (error instanceof KqlError)
      throw new Refusal(400, 'kql', error.vi, error.message, { from: error.from, to: error.to })
    throw error
  }
}

/** A facet: any of the values; none chosen is all. 'none' is the absent value. */
export const chosen = (field: string, values: readonly string[] | undefined): Filter[] =>
  values?.length ? [eq(field, ...values)] : []

/** The agencies that a request chose, with what is stored under their predecessors: a number and its list go by the same. */
export const chosenAgencies = (installation: Installation, ids: readonly string[] | undefined): Filter[] =>
  ids?.length ? [eq('organization.id', ...new Set(ids.flatMap((id) => storedUnder(installation.inventory, id))))] : []

/** A change that is to no case (a user, a rule), into the trail. */
export const audit = (c: Context<Env>, what: string, object: string, detail?: string): Promise<void> => {
  const { installation, user } = c.var
  return leaveTrail(
    { documents: installation.store.documents, clock: installation.clock },
    { by: actorOf(user), what, object, detail },
  )
}

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
