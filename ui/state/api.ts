/** Every call of the console, by the API's own types. Nothing else in `ui/` fetches. */
import { type ClientResponse, hc, type InferResponseType } from 'hono/client'
import type { Api } from '../../api/app.ts'
import type {
  AgencyDetail,
  AgencyList,
  AlertChange,
  AlertDetail,
  AlertList,
  AlertQuery as AskedAlerts,
  AuditRow,
  ChangedIncident,
  ChangedSource,
  SourceChange,
  SourceDifference,
  SourceList,
  SourceSettling,
  SourceVersions,
  ChangeResult,
  EventList,
  EventQuery as AskedEvents,
  Failure,
  Found,
  Health,
  IncidentChange,
  IncidentDetail,
  IncidentList,
  IncidentQuery as AskedIncidents,
  IncidentRow,
  Me,
  NewUser,
  Overview,
  OverviewQuery as AskedOverview,
  PortalRow,
  RuleDetail,
  RuleRow,
  SourceRow,
  SourceSetup,
  Suggestion,
  UnknownReading,
  UnknownSender,
  UserChange,
  UserRow,
} from '../../api/contract.ts'
import type {
  ChangedInventory,
  Coverage,
  Figures,
  FiguresQuery as AskedFigures,
  InventoryChange,
  SuccessionAsked,
  SuccessionCarried,
  SuccessionPlan,
  InventoryChoice,
  InventoryEntry,
  InventoryKind,
  InventoryView,
  Letters,
  ReportDocument,
  ReportKind,
  ReportList,
  ReportRow,
  RiskView,
  SystemDetail,
  SystemRow,
  Wall,
} from '../../api/contract-province.ts'
import type {
  Backfill,
  Backtest,
  AddedRule,
  ChangedRule,
  NewRule,
  ExceptionAbout,
  ExceptionChange,
  ExceptionEffect,
  ExceptionRow,
  NewBacktest,
  RuleChange,
  RuleDifference,
  RuleSettling,
  RuleVersions,
  NewException,
} from '../../api/contract-rules.ts'
import type { Event } from '../../ingest/event.ts'
import { told } from '../i18n/index.svelte.ts'

export type { AgencyList, AlertChange, ChangeResult, Found, IncidentChange, Suggestion }

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

/** Set by the session: what to do when the server says that nobody is signed in, and which language it is asked in. */
export const hooks = { signedOut: () => {}, language: () => 'vi' }

const client = hc<Api>('/api', {
  headers: () => ({ 'accept-language': hooks.language() }),
  init: { credentials: 'same-origin' },
})

const failureOf = async (response: { status: number; json(): Promise<unknown> }): Promise<ApiError> => {
  const body = (await response.json().catch(() => undefined)) as
    | { error?: Failure['error']; message?: string; code?: string }
    | undefined
  const failure = body?.error
  return new ApiError(
    response.status,
    // What the store says of itself, it says in English.
    (failure?.code === 'store' ? { ...failure, message: told(failure.message) } : failure) ?? {
      code: body?.code ?? `http_${response.status}`,
      message: body?.message ?? '',
    },
  )
}

type Query = { readonly [name: string]: string | number | boolean | undefined }
/** A question as pages ask it: numbers where its text says one. */
type Asked<Q> = { [K in keyof Q]: Q[K] | number }
export type AlertQuery = Asked<AskedAlerts>
export type IncidentQuery = Asked<AskedIncidents>
export type EventQuery = Asked<AskedEvents>
// biome-ignore lint/suspicious/noExplicitAny: every endpoint of the client, whatever it takes
type Endpoint = (args?: any, options?: any) => Promise<ClientResponse<any, any, any>>
interface Given {
  query?: Query
  param?: Record<string, string>
  json?: unknown
  signal?: AbortSignal | undefined
}

/** The answer has the type of the route; a failure is an ApiError. */
const call = async <E extends Endpoint>(endpoint: E, given: Given = {}): Promise<InferResponseType<E, 200>> => {
  const query: Record<string, string> = {}
  for (const [name, value] of Object.entries(given.query ?? {}))
    if (value !== undefined && value !== '') query[name] = String(value)
  const param = Object.fromEntries(
    Object.entries(given.param ?? {}).map(([name, value]) => [name, encodeURIComponent(value)]),
  )
  let response: Awaited<ReturnType<E>>
  try {
    response = (await endpoint(
      { query, param, ...(given.json !== undefined && { json: given.json }) },
      { init: { credentials: 'same-origin', ...(given.signal && { signal: given.signal }) } },
    )) as Awaited<ReturnType<E>>
  } catch {
    throw new ApiError(0, {})
  }
  if (response.ok) return (await response.json()) as InferResponseType<E, 200>
  if (response.status === 401) hooks.signedOut()
  throw await failureOf(response)
}

/** Sessions are better-auth's own routes, outside of the typed ones. */
const auth = async (path: string, body: unknown): Promise<void> => {
  let response: Response
  try {
    response = await fetch(`/api/auth/${path}`, {
      method: 'POST',
      credentials: 'same-origin',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  } catch {
    throw new ApiError(0, {})
  }
  if (!response.ok) throw await failureOf(response)
}
export const signIn = (username: string, password: string) => auth('sign-in/username', { username, password })
export const signOut = () => auth('sign-out', {})

export const getMe = (): Promise<Me> => call(client.me.$get)
export const changePassword = (current: string, next: string) =>
  call(client.me.password.$post, { json: { current, next } })

export const getOverview = (query: Asked<AskedOverview>, signal?: AbortSignal): Promise<Overview> =>
  call(client.overview.$get, { query, signal })

export const getAlerts = (query: AlertQuery, signal?: AbortSignal): Promise<AlertList> =>
  call(client.alerts.$get, { query, signal })
export const getAlert = (id: string, signal?: AbortSignal): Promise<AlertDetail> =>
  call(client.alerts[':id'].$get, { param: { id }, signal })
export const changeAlerts = (
  items: { id: string; version: number }[],
  change: AlertChange,
): Promise<{ results: ChangeResult[] }> => call(client.alerts.change.$post, { json: { items, ...change } })
/** Takes acts back, the last one first. What was changed since stays, and says so. */
export const undoAlerts = (items: { id: string; act: string }[]): Promise<{ results: ChangeResult[] }> =>
  call(client.alerts.undo.$post, { json: { items } })
export const giveAgency = (
  items: { id: string; version: number }[],
  organization: string,
): Promise<{ results: ChangeResult[] }> => call(client.alerts.agency.$post, { json: { items, organization } })
export const joinIncident = (ids: string[], incident?: string, title?: string): Promise<IncidentRow> =>
  call(client.alerts.incident.$post, { json: { ids, ...(incident && { incident }), ...(title && { title }) } })

export const getIncidents = (query: IncidentQuery, signal?: AbortSignal): Promise<IncidentList> =>
  call(client.incidents.$get, { query, signal })
export const getIncident = (id: string, signal?: AbortSignal): Promise<IncidentDetail> =>
  call(client.incidents[':id'].$get, { param: { id }, signal })
export type Changed = ChangedIncident
export const changeIncident = (id: string, version: number, change: IncidentChange): Promise<Changed> =>
  call(client.incidents[':id'].$post, { param: { id }, json: { version, ...change } })
export const undoIncident = (id: string, act: string): Promise<Changed> =>
  call(client.incidents[':id'].undo.$post, { param: { id }, json: { act } })

export const getAgencies = (signal?: AbortSignal): Promise<AgencyList> => call(client.agencies.$get, { signal })
export const getAgency = (id: string, signal?: AbortSignal): Promise<AgencyDetail> =>
  call(client.agencies[':id'].$get, { param: { id }, signal })
/** `at`: when what the inventory says is so; without it, now. */
export const getSystems = (signal?: AbortSignal, at?: number): Promise<{ items: SystemRow[] }> =>
  call(client.systems.$get, { query: { at }, signal })
export const getSystem = (id: string, signal?: AbortSignal): Promise<SystemDetail> =>
  call(client.systems[':id'].$get, { param: { id }, signal })
export const getCoverage = (signal?: AbortSignal): Promise<Coverage> => call(client.coverage.$get, { signal })
export const getRisk = (signal?: AbortSignal): Promise<RiskView> => call(client.risk.$get, { signal })
export const getFigures = (query: Asked<AskedFigures>, signal?: AbortSignal): Promise<Figures> =>
  call(client.figures.$get, { query, signal })
export const getLetters = (signal?: AbortSignal): Promise<Letters> => call(client.letters.$get, { signal })
export interface ReportAsked {
  readonly kind: ReportKind
  readonly period?: string
  readonly organization?: string
  readonly incident?: string
}
export const getReports = (signal?: AbortSignal, cursor?: string): Promise<ReportList> =>
  call(client.reports.$get, { query: { limit: 200, ...(cursor && { cursor }) }, signal })
export const previewReport = (json: ReportAsked, signal?: AbortSignal): Promise<ReportDocument> =>
  call(client.reports.preview.$post, { json, signal }) as Promise<ReportDocument>
export const makeReport = (json: ReportAsked): Promise<ReportRow> => call(client.reports.$post, { json })
export const getWall = (signal?: AbortSignal): Promise<Wall> => call(client.wall.$get, { signal })
/** `date`: a day YYYY-MM-DD; '' for today. */
export const getInventory = (date: string, signal?: AbortSignal): Promise<InventoryView> =>
  call(client.inventory.$get, { query: { date }, signal })
export const getInventoryEntry = (kind: InventoryKind, key: string): Promise<InventoryEntry> =>
  call(client.inventory[':kind'].$get, { param: { kind }, query: { key } })
export const getInventoryFile = (): Promise<{ path?: string; text: string }> => call(client.inventory.file.$get)
export const planSuccession = (json: SuccessionAsked): Promise<SuccessionPlan> =>
  call(client.inventory.succession.plan.$post, { json })
export const carrySuccession = (json: SuccessionCarried): Promise<ChangedInventory> =>
  call(client.inventory.succession.$post, { json })
export const changeInventory = (json: InventoryChange): Promise<ChangedInventory> =>
  call(client.inventory.change.$post, { json })
export const settleInventory = (json: InventoryChoice): Promise<ChangedInventory> =>
  call(client.inventory.settle.$post, { json })
export const getPortals = (signal?: AbortSignal, at?: number): Promise<{ items: PortalRow[] }> =>
  call(client.portals.$get, { query: { at }, signal })

export const getEvents = (query: EventQuery, signal?: AbortSignal): Promise<EventList> =>
  call(client.events.$get, { query, signal })
export const getEvent = (id: string): Promise<{ event: Event }> => call(client.events[':id'].$get, { param: { id } })
export const checkKql = (q: string, signal?: AbortSignal) => call(client.kql.$get, { query: { q }, signal })
export const suggestKql = (q: string, at: number, signal?: AbortSignal): Promise<{ items: Suggestion[] }> =>
  call(client.kql.suggest.$get, { query: { q, at }, signal })

export const getRules = (signal?: AbortSignal): Promise<{ items: RuleRow[] }> => call(client.rules.$get, { signal })
export const getRule = (id: string, signal?: AbortSignal): Promise<RuleDetail> =>
  call(client.rules[':id'].$get, { param: { id }, signal })
export const enableRule = (id: string, enabled: boolean) =>
  call(client.rules[':id'].$post, { param: { id }, json: { enabled } })
export const getRuleVersions = (id: string, signal?: AbortSignal): Promise<RuleVersions> =>
  call(client.rules[':id'].versions.$get, { param: { id }, signal })
export const getRuleDifference = (
  id: string,
  query: { from: string; to: string },
  signal?: AbortSignal,
): Promise<RuleDifference> => call(client.rules[':id'].difference.$get, { param: { id }, query, signal })
export const changeRule = (id: string, json: RuleChange): Promise<ChangedRule> =>
  call(client.rules[':id'].text.$post, { param: { id }, json })
export const newRuleText = (query: { id?: string; correlation?: 'true' | 'false' }): Promise<{ yaml: string }> =>
  call(client['rule-texts'].new.$get, { query })
export const addRule = (json: NewRule): Promise<AddedRule> => call(client.rules.$post, { json })
export const settleRule = (id: string, json: RuleSettling): Promise<ChangedRule> =>
  call(client.rules[':id'].settle.$post, { param: { id }, json })
export const getSourceVersions = (id: string, signal?: AbortSignal): Promise<SourceVersions> =>
  call(client.sources[':id'].versions.$get, { param: { id }, signal })
export const getSourceDifference = (
  id: string,
  query: { from: string; to: string },
  signal?: AbortSignal,
): Promise<SourceDifference> => call(client.sources[':id'].difference.$get, { param: { id }, query, signal })
export const changeSource = (id: string, json: SourceChange): Promise<ChangedSource> =>
  call(client.sources[':id'].text.$post, { param: { id }, json })
export const settleSource = (id: string, json: SourceSettling): Promise<ChangedSource> =>
  call(client.sources[':id'].settle.$post, { param: { id }, json })
export const startBacktest = (json: NewBacktest): Promise<Backtest> => call(client.backtests.$post, { json })
export const getBacktest = (id: string): Promise<Backtest> => call(client.backtests[':id'].$get, { param: { id } })
export const cancelBacktest = (id: string): Promise<Backtest> =>
  call(client.backtests[':id'].cancel.$post, { param: { id }, json: {} })
export const getBackfills = (rule: string, signal?: AbortSignal): Promise<{ items: Backfill[] }> =>
  call(client.backfills.$get, { query: { rule }, signal })
export const startBackfill = (backtest: string): Promise<Backfill> =>
  call(client.backfills.$post, { json: { backtest } })
export const cancelBackfill = (id: string): Promise<Backfill> =>
  call(client.backfills[':id'].cancel.$post, { param: { id }, json: {} })
export const getExceptions = (
  query: { rule?: string } = {},
  signal?: AbortSignal,
): Promise<{ items: ExceptionRow[] }> => call(client.exceptions.$get, { query, signal })
export const addException = (json: NewException): Promise<ExceptionRow> => call(client.exceptions.$post, { json })
export const changeException = (id: string, json: ExceptionChange): Promise<ExceptionRow> =>
  call(client.exceptions[':id'].$post, { param: { id }, json })
export const tryException = (json: ExceptionAbout, signal?: AbortSignal): Promise<ExceptionEffect> =>
  call(client.exceptions.effect.$post, { json, signal })
export const getSources = (signal?: AbortSignal): Promise<SourceList> => call(client.sources.$get, { signal })

export const getUnknownSenders = (signal?: AbortSignal): Promise<{ items: UnknownSender[] }> =>
  call(client.sources.unknown.$get, { signal })
export const getUnknownSender = (address: string): Promise<UnknownReading> =>
  call(client.sources.unknown[':address'].$get, { param: { address } })
export const assignSender = (
  address: string,
  as: { id: string; parser: string; organization?: string },
): Promise<{ id: string }> => call(client.sources.unknown[':address'].$post, { param: { address }, json: as })

export const getUsers = (signal?: AbortSignal): Promise<{ items: UserRow[] }> => call(client.users.$get, { signal })
export const addUser = (user: NewUser): Promise<{ password: string }> => call(client.users.$post, { json: user })
export const changeUser = (id: string, change: UserChange): Promise<{ password?: string }> =>
  call(client.users[':id'].$post, { param: { id }, json: change })
export const getPeople = (): Promise<{ items: { name: string; display_name: string }[] }> => call(client.people.$get)
export const getAudit = (cursor?: string, signal?: AbortSignal): Promise<{ items: AuditRow[]; cursor?: string }> =>
  call(client.audit.$get, { query: { cursor }, signal })
export const getHealth = (signal?: AbortSignal): Promise<Health> => call(client.health.$get, { signal })
export const acceptClock = () => call(client.health.clock.$post)

export const find = (q: string, signal?: AbortSignal): Promise<{ items: Found[] }> =>
  call(client.find.$get, { query: { q }, signal })
export const liveUrl = (alerts?: number, incidents?: number): string => {
  const query = new URLSearchParams()
  if (alerts !== undefined) query.set('alerts', String(alerts))
  if (incidents !== undefined) query.set('incidents', String(incidents))
  return `/api/live${query.size ? `?${query}` : ''}`
}
