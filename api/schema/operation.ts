/** An operation of the API: who may, what it takes, what it answers. A route is made of one (`does`), and so is its page in the document. */
import { z } from 'zod'
import type { RefusalStatus } from './failure.ts'
import type { act } from './words.ts'

export const TAGS = {
  alerts: 'Bursts that a rule found, and what people do to them',
  incidents: 'Cases: alerts of one agency that are handled together',
  events: 'Log lines, as events of ECS; the search language',
  agencies: 'Agencies and their portals',
  systems: 'Information systems, who sends logs, the inventory',
  rules: 'Rules of detection',
  sources: 'Where logs come from',
  overview: 'The first page, and what is found by name',
  people: 'Accounts and the session',
  health: 'The installation and its trail',
  reports: 'Reports of a period or an incident, made and kept',
  live: 'Changes as they happen',
} as const

export interface Operation {
  readonly id: string
  readonly tag: keyof typeof TAGS
  readonly summary: string
  /** Of the table of permissions. */
  readonly act: z.output<typeof act>
  /** Without: no parameter is taken. */
  readonly query?: z.ZodObject
  readonly body?: z.ZodType
  readonly answer: z.ZodType
  /** How it refuses, besides what any route may: 400, 401, 403, 413, 500, 503. */
  readonly refuses?: readonly RefusalStatus[]
  /** Of refusals that say more than those of all other operations. */
  readonly failure?: z.ZodType
  /** What is no JSON: a page, or a stream of server-sent events, each of this shape. */
  readonly media?: 'text/event-stream' | 'text/html' | 'application/octet-stream'
  /** It needs no session. */
  readonly open?: true
}
export const operation = <const O extends Operation>(it: O): O => it

export const NO_QUERY = z.strictObject({})
