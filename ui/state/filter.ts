import { and, clause, not } from './kql.ts'
import { go, href, param, params, route, setParams } from './route.svelte.ts'

/** Facets of the queue that have a parameter of their own; everything else becomes a piece of KQL. */
export const FACET_PARAM: Record<string, string> = {
  'rule.level': 'level',
  'alert.status': 'status',
  'organization.id': 'organization',
  'system.id': 'system',
  'rule.id': 'rule',
  'portal.id': 'portal',
  'vonglau.source.id': 'source',
  'incident.status': 'status',
  'incident.level': 'level',
  'incident.assignee': 'assignee',
}
const filters = (path: string) => path === '/alerts' || path === '/events'

export const filterFor = (field: string, value: string | number | boolean) => {
  const own = FACET_PARAM[field]
  if (route.path === '/alerts' && own) return setParams({ [own]: String(value) })
  if (filters(route.path)) return setParams({ q: and(param('q'), clause(field, value)) })
  go(href('/events', { q: clause(field, value) }))
}
export const filterOut = (field: string, value: string | number | boolean) => {
  if (filters(route.path)) return setParams({ q: and(param('q'), not(clause(field, value))) })
  go(href('/events', { q: not(clause(field, value)) }))
}
export const aroundHref = (field: string, value: string | number | boolean, at: number) =>
  href('/events', {
    q: clause(field, value),
    from: Math.floor(at - 15 * 60_000),
    to: Math.ceil(at + 15 * 60_000),
    organization: undefined,
  })

/** The page that belongs to a value, where there is one. */
export const pageOf = (
  field: string,
  value: string | number | boolean,
): { kind: 'agency' | 'system' | 'portal' | 'rule' | 'source'; href: string } | undefined => {
  const id = encodeURIComponent(String(value))
  switch (field) {
    case 'organization.id':
    case 'source.organization.id':
      return { kind: 'agency', href: href(`/agencies/${id}`) }
    case 'system.id':
      return { kind: 'system', href: href(`/systems/${id}`) }
    case 'portal.id':
      return { kind: 'portal', href: href('/portals', { portal: String(value), organization: undefined }) }
    case 'portal.domain':
      return { kind: 'portal', href: href('/portals', { find: String(value), organization: undefined }) }
    case 'vonglau.rule.id':
      return { kind: 'rule', href: href(`/rules/${id}`) }
    case 'vonglau.source.id':
      return { kind: 'source', href: href('/sources', { source: String(value), organization: undefined }) }
    default:
      return undefined
  }
}
export const toggle = (name: string, value: string, fallback: string[] = []) => {
  const chosen = param(name) ? params(name) : fallback
  const next = chosen.includes(value) ? chosen.filter((v) => v !== value) : [...chosen, value]
  setParams({ [name]: next.join(',') || undefined })
}
