/** Addresses of lists in the console, from its root, each of the filter and range by which its number was counted. */
import { storedUnder } from '../../ingest/inventory/scope.ts'
import type { Inventory } from '../../ingest/inventory/schema.ts'

type Query = { readonly [name: string]: string | number | undefined }
const address = (path: string, query: Query): string => {
  const given = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]))
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`
}

export interface Span {
  readonly from: number
  readonly to: number
}
export type Links = ReturnType<typeof linksOf>

/** `organization`: of a report of one agency. */
export const linksOf = (inventory: Inventory, organization?: string) => {
  const own = { organization }
  const events = ({ from, to }: Span, q: readonly string[]) => {
    const ids = organization === undefined ? [] : storedUnder(inventory, organization).map((id) => JSON.stringify(id))
    const mine = ids.length ? [`organization.id : (${ids.join(' or ')})`] : []
    return address('/events', { from, to, q: [...q, ...mine].join(' and ') || undefined })
  }
  const opened = ({ from, to }: Span, more: Query = {}) =>
    address('/incidents', { from, to, opened: 1, status: 'all', ...more, ...own })
  return {
    alerts: ({ from, to }: Span, level?: string) => address('/alerts', { from, to, status: 'all', level, ...own }),
    opened: (span: Span, level?: string) => opened(span, { level }),
    judged: (span: Span, service: string, level?: string) => opened(span, { level, service }),
    closed: ({ from, to }: Span) => address('/incidents', { from, to, closed: 1, status: 'all', ...own }),
    openAt: (at: number) => address('/incidents', { open_at: at, status: 'all', ...own }),
    overdueAt: (at: number) => address('/incidents', { open_at: at, overdue: 1, status: 'all', ...own }),
    incident: (id: string) => `/incidents/${encodeURIComponent(id)}`,
    portals: (at: number, state: string, more: Query = {}) => address('/portals', { state, ...more, at, ...own }),
    systems: (at: number, state?: string) => address('/systems', { state, at, ...own }),
    events: (span: Span) => events(span, []),
    unparsed: (span: Span) => events(span, ['event.kind : pipeline_error']),
    agency: (id: string) => `/agencies/${encodeURIComponent(id)}`,
    sources: (state?: string) => address('/sources', { state, ...own }),
  }
}
