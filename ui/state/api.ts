/** Every call of the console. The shapes are the contract's; nothing else in `ui/` fetches. */
import type {
  AgencyDetail, AgencyRow, AlertDetail, AlertList, AlertStatus, AuditRow, CloseReason, EventList, Facet, Failure, Health,
  IncidentDetail, IncidentRow, IncidentStatus, Level, Me, Overview, PortalRow, Role, RuleDetail, RuleRow, SourceRow,
  SourceSetup, UserRow,
} from '../../api/contract.ts'
import type { Event } from '../../ingest/event.ts'

export class ApiError extends Error {
  readonly status: number
  readonly code: string
  readonly at: { from: number; to: number } | undefined
  constructor(status: number, failure: Partial<Failure['error']>) {
    super(failure.message ?? '')
    this.status = status
    this.code = failure.code ?? (status ? `http_${status}` : 'offline')
    this.at = failure.at
  }
}

type Query = Record<string, string | number | boolean | undefined>
/** Set by the session: what to do when the server says that nobody is signed in. */
export const hooks = { signedOut: () => {}, language: () => 'vi' }

const call = async <T>(method: string, path: string, given: { query?: Query; body?: unknown; signal?: AbortSignal } = {}): Promise<T> => {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(given.query ?? {})) if (value !== undefined && value !== '') query.set(name, String(value))
  const url = `/api${path}${query.size ? `?${query}` : ''}`
  const headers: Record<string, string> = { 'accept-language': hooks.language() }
  if (given.body !== undefined) headers['content-type'] = 'application/json'
  let response: Response
  try {
    response = await fetch(url, {
      method, headers, credentials: 'same-origin',
      body: given.body === undefined ? null : JSON.stringify(given.body),
      signal: given.signal ?? null,
    })
  } catch {
    throw new ApiError(0, {})
  }
  const body: unknown = await response.json().catch(() => undefined)
  if (response.ok) return body as T
  if (response.status === 401 && !path.startsWith('/auth/')) hooks.signedOut()
  const failure = body as { error?: Failure['error']; message?: string; code?: string } | undefined
  throw new ApiError(response.status, failure?.error ?? { code: failure?.code ?? `http_${response.status}`, message: failure?.message ?? '' })
}
const get = <T>(path: string, query?: Query, signal?: AbortSignal) =>
  call<T>('GET', path, { ...(query && { query }), ...(signal && { signal }) })
const post = <T>(path: string, body: unknown = {}) => call<T>('POST', path, { body })
const id = encodeURIComponent

export const signIn = (username: string, password: string) => post<unknown>('/auth/sign-in/username', { username, password })
export const signOut = () => post<unknown>('/auth/sign-out')
export const getMe = () => get<Me>('/me')
export const changePassword = (current: string, next: string) => post<unknown>('/me/password', { current, next })

export const getOverview = (query: { range: string; from?: number; to?: number; organization?: string }, signal?: AbortSignal) =>
  get<Overview>('/overview', query, signal)

export interface AlertQuery {
  q?: string; from?: number; to?: number; level?: string; status?: string; organization?: string; rule?: string
  portal?: string; source?: string; sort?: string; group?: string; cursor?: string; limit?: number
}
export const getAlerts = (query: AlertQuery, signal?: AbortSignal) => get<AlertList>('/alerts', query as Query, signal)
export const getAlert = (alert: string, signal?: AbortSignal) => get<AlertDetail>(`/alerts/${id(alert)}`, undefined, signal)
export interface AlertChange { status?: AlertStatus; reason?: CloseReason; assignee?: string | null; note?: string }
export interface ChangeResult { id: string; ok: boolean; version?: number; message?: string }
export const changeAlerts = (items: { id: string; version: number }[], change: AlertChange) =>
  post<{ results: ChangeResult[] }>('/alerts/change', { items, ...change })
export const joinIncident = (ids: string[], incident?: string, title?: string) =>
  post<IncidentRow>('/alerts/incident', { ids, ...(incident && { incident }), ...(title && { title }) })

export interface IncidentQuery {
  status?: string; level?: string; organization?: string; assignee?: string; overdue?: string; q?: string; sort?: string; cursor?: string
}
export const getIncidents = (query: IncidentQuery, signal?: AbortSignal) =>
  get<{ items: IncidentRow[]; total: number; cursor?: string; facets: Facet[] }>('/incidents', query as Query, signal)
export const getIncident = (incident: string, signal?: AbortSignal) => get<IncidentDetail>(`/incidents/${id(incident)}`, undefined, signal)
export interface IncidentChange {
  status?: IncidentStatus; reason?: CloseReason; assignee?: string | null; level?: Level; title?: string; note?: string
}
export const changeIncident = (incident: string, version: number, change: IncidentChange) =>
  post<IncidentRow>(`/incidents/${id(incident)}`, { version, ...change })

export interface AgencyList {
  items: AgencyRow[]
  unassigned: { events: number; hosts: { value: string; count: number }[] }
}
export const getAgencies = (signal?: AbortSignal) => get<AgencyList>('/agencies', undefined, signal)
export const getAgency = (agency: string, signal?: AbortSignal) => get<AgencyDetail>(`/agencies/${id(agency)}`, undefined, signal)
export const getPortals = (signal?: AbortSignal) => get<{ items: PortalRow[] }>('/portals', undefined, signal)

export interface EventQuery { q?: string; from?: number; to?: number; order?: string; cursor?: string; limit?: number }
export const getEvents = (query: EventQuery, signal?: AbortSignal) => get<EventList>('/events', query as Query, signal)
export const getEvent = (event: string) => get<{ event: Event }>(`/events/${id(event)}`)
export const checkKql = (q: string, signal?: AbortSignal) => get<{ ok: true }>('/kql', { q }, signal)
export interface Suggestion { text: string; kind: 'field' | 'value' | 'operator'; from: number; to: number }
export const suggestKql = (q: string, at: number, signal?: AbortSignal) =>
  get<{ items: Suggestion[] }>('/kql/suggest', { q, at }, signal)

export const getRules = (signal?: AbortSignal) => get<{ items: RuleRow[] }>('/rules', undefined, signal)
export const getRule = (rule: string, signal?: AbortSignal) => get<RuleDetail>(`/rules/${id(rule)}`, undefined, signal)
export const enableRule = (rule: string, enabled: boolean) => post<unknown>(`/rules/${id(rule)}`, { enabled })
export const getSources = (signal?: AbortSignal) => get<{ items: SourceRow[]; setup: SourceSetup }>('/sources', undefined, signal)

export interface NewUser { name: string; display_name: string; role: Role; organizations: string[]; password: string }
export type UserChange = Partial<Omit<NewUser, 'name'>> & { disabled?: boolean }
export const getUsers = (signal?: AbortSignal) => get<{ items: UserRow[] }>('/users', undefined, signal)
export const addUser = (user: NewUser) => post<unknown>('/users', user)
export const changeUser = (user: string, change: UserChange) => post<unknown>(`/users/${id(user)}`, change)
export const getPeople = () => get<{ items: { name: string; display_name: string }[] }>('/people')
export const getAudit = (cursor?: string, signal?: AbortSignal) => get<{ items: AuditRow[]; cursor?: string }>('/audit', { cursor }, signal)
export const getHealth = (signal?: AbortSignal) => get<Health>('/health', undefined, signal)

export interface Found {
  kind: 'agency' | 'portal' | 'address' | 'incident' | 'rule' | 'source'
  id: string; label: string; sub?: string; href: string
}
export const find = (q: string, signal?: AbortSignal) => get<{ items: Found[] }>('/find', { q }, signal)
export const liveUrl = (alerts?: number, incidents?: number) => {
  const query = new URLSearchParams()
  if (alerts !== undefined) query.set('alerts', String(alerts))
  if (incidents !== undefined) query.set('incidents', String(incidents))
  return `/api/live${query.size ? `?${query}` : ''}`
}
