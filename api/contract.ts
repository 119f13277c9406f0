/**
 * The shapes that cross between the API and the console. Routes are typed by Hono; this names what they carry. Times are
 * epoch ms. Names of ECS fields are spelled as everywhere. Errors are `Failure` with an HTTP status.
 */
import type { Event } from '../ingest/event.ts'

export type Level = 'critical' | 'high' | 'medium' | 'low' | 'informational'
export type Role = 'administrator' | 'analyst' | 'rule_author' | 'manager' | 'agency_viewer'
export type AlertStatus = 'new' | 'acknowledged' | 'in_progress' | 'closed'
export type IncidentStatus = 'new' | 'in_progress' | 'closed'
/** 'resolved': by itself; no person says so. */
export type CloseReason = 'true_positive' | 'benign' | 'false_positive' | 'duplicate' | 'resolved'
export type Language = 'vi' | 'en'
export interface Localized {
  vi: string
  en: string
}

export interface Failure {
  /** A machine-readable word, and the sentence for a person in the session's language. */
  error: { code: string; message: string; at?: { from: number; to: number } }
}

/** Who did what when: every change carries one. */
export interface Activity {
  at: number
  by: string // user name; 'system' for the program
  what:
    | 'created'
    | 'status'
    | 'assigned'
    | 'note'
    | 'level'
    | 'joined'
    | 'left'
    | 'title'
    | 'reopened'
    | 'agency'
    | 'merged'
    | 'split'
    | 'absorbed'
    | 'deadline'
    | 'held'
    | 'released'
    | 'task'
  /** The act, to undo it by. */
  act?: string
  /** It takes an earlier act back. */
  undone?: true
  from?: string
  to?: string
  reason?: CloseReason
  text?: string
}

export interface AlertRow {
  id: string
  /** How many acts it has seen: hand it back with the next one. */
  version: number
  rule: { id: string; name: Localized; level: Level }
  status: AlertStatus
  reason?: CloseReason
  assignee?: string
  count: number
  first: number
  last: number
  created: number
  incident?: { id: string; number: string }
  /** Its events are copies: they are read here, and not among the events. */
  copies?: true
  /** It sums up groups of its rule, agency and hour that have no alert of their own; `more`: at least so many. */
  sums?: { groups: number; more?: true; keys: string[] }
  /** Of a state: since when, and until when; it is never counted in minutes. */
  lasts?: { from: number; to?: number }
  organization?: { id: string; name: string }
  system?: { id: string; name: string }
  portal?: { id: string; domain: string; ipv6: boolean; trusted: boolean }
  source?: { ip?: string; prefix?: string; country?: string; as?: string; network?: string }
  destination?: { ip?: string; port?: number }
  url?: { original?: string; decoded?: string }
  user?: string
  observer?: string
  log_source?: string // vonglau.source.id
  /** The values of the rule's group-by fields. */
  group: { field: string; value: string }[]
}
export interface AlertDetail extends AlertRow {
  rule_description: Localized
  rule_guide: Localized // Markdown: what to do
  rule_condition: string // as the author wrote it
  /** Why it fired: the leaves of the condition that held, and for text the ranges [from, to) of the value that matched. */
  why: { field: string; op: string; expected: string; value: string; marks: [number, number][] }[]
  events: Event[] // up to 20, whole, with event.original
  related: { id: string; rule: Localized; relation: 'follows' | 'absorbed'; at: number }[]
  activity: Activity[]
  /** Others have a part in it: which and how many is told only to who sees the whole province. */
  wider: boolean
  /** A day of its events was damaged and read again: they were counted anew, or the count of before was kept. */
  recounted?: 'anew' | 'kept'
  campaign?: AlertRow[]
  /** What the source address and the portal did around it: events a bucket. */
  around: { start: number; every: number; source: number[]; portal: number[]; matched: number[] }
}
export interface IncidentRow {
  id: string
  version: number
  number: string // SYT-2026-014
  former?: number // its number before agencies counted their own
  title: Localized // a person's own in both
  level: Level
  status: IncidentStatus
  reason?: CloseReason
  assignee?: string
  organization?: { id: string; name: string }
  system?: { id: string; name: string }
  portals: { id: string; domain: string; ipv6: boolean; trusted: boolean }[]
  created: number
  first: number
  last: number
  due: number // service-level clock
  overdue: boolean
  held?: true // its events stay
  alerts: number
  events: number
}
export interface IncidentDetail extends IncidentRow {
  timeline: (
    | { kind: 'alert'; at: number; alert: AlertRow }
    | { kind: 'activity'; at: number; activity: Activity }
    | { kind: 'event'; at: number; event: Event }
  )[]
  alert_rows: AlertRow[]
  tasks: { id: string; text: string; done?: boolean; due?: number }[]
  entities: { field: string; value: string; count: number }[]
  related: IncidentRow[]
}
export interface Facet {
  field: string // rule.level, alert.status, organization.id, rule.id, portal.id, vonglau.source.id
  values: { value: string; label: string; count: number }[]
}
export interface AlertList {
  items: AlertRow[]
  total: number
  events: number
  cursor?: string
  facets: Facet[]
  /** Alerts a bucket by level, over the time range. */
  histogram: { start: number; every: number; levels: Record<Level, number[]> }
  groups?: {
    key: string
    label: string
    count: number
    events: number
    level: Level
    last: number
    agencies?: number
  }[]
  seq: number // hand to /live to learn of later changes
}
export interface AgencyRow {
  id: string
  name: string
  kind: string // department, district, commune, committee, centre, branch
  parent?: string
  valid_from?: string
  valid_to?: string
  successors: string[]
  predecessors: string[]
  open_incidents: number
  overdue_incidents: number
  open_alerts: number
  portals: number
  ipv6: number
  trusted: number
  sources: number
  /** Until there is a risk score: open incidents weighted by level. */
  risk: number
}
export interface AgencyDetail extends AgencyRow {
  contacts: ContactRow[]
  systems: { id: string; name: string; level?: number; operated?: true }[]
  risk_parts: { label: Localized; points: number; href: string }[]
  incidents: IncidentRow[]
  portal_rows: PortalRow[]
  source_rows: SourceRow[]
  days: { start: number; every: number; alerts: number[]; incidents: number[] }
}
export interface PortalRow {
  id: string
  name: string
  domain: string
  organization: { id: string; name: string }
  /** Those that it is counted with: its agency and who succeeded that. */
  agencies: string[]
  system?: string
  addresses: string[]
  ipv4: boolean
  ipv6: boolean
  trusted: boolean
  trust_expires?: string
  tls_expires?: string
  open_incidents: number
  open_alerts: number
  last_event?: number
}
export interface ContactRow {
  name: string
  role?: string
  phone?: string
  mail?: string
  always: boolean
  deputy?: string
}
export interface SourceRow {
  id: string
  parser: string
  title: string
  kind: 'file' | 'syslog' | 'http'
  organization?: { id: string; name: string }
  /** Those that it is counted with. */
  agencies?: string[]
  system?: string
  state: 'receiving' | 'silent' | 'waiting' | 'failing'
  /** The sentence for a person where it fails. */
  problem?: string
  last_event?: number
  rate: number // lines a second over the last minute
  lag: number // ms between the newest '@timestamp' and its ingest, last minute
  lines: number // of the last 24 h
  unparsed: number // of the last 24 h
  behind: number // bytes read or received and not yet in the store
  time_ahead?: boolean // its clock is more than 24 h ahead
  recent: { start: number; every: number; lines: number[]; unparsed: number[] }
}
export interface SourceSetup {
  address: string // this server's address as devices reach it
  syslog_port?: number
  http: string
  /** Of each parser that says what to set on the device. */
  snippets: { parser: string; title: string; where: string; text: string }[]
}
export interface Overview {
  open_incidents: number
  opened_today: number
  overdue_incidents: number
  overdue_worst?: { organization: string; ms: number; id: string }
  new_alerts: number
  new_critical: number
  silent_sources: number
  silent_worst?: { id: string; ms: number }
  alerts: { start: number; every: number; levels: Record<Level, number[]> }
  /** Agencies with most incidents first; `days` counts incidents opened on each day. */
  agencies: { id: string; name: string; days: number[]; open: number }[]
  days: number[] // start of each day
  ingest: { rate: number; lag: number; lost: number; unparsed: number; start: number; every: number; rates: number[] }
  portals: {
    id: string
    domain: string
    organization: string
    ipv4: boolean
    ipv6: boolean
    trusted: boolean
    state: 'incident' | 'tls' | 'v6' | 'ok'
  }[]
  trusted: number
  /** Set while the demo replays its 14 days: 0 to 1. */
  replay?: { progress: number; until: number }
}
export interface RuleRow {
  id: string
  name: Localized
  level: Level
  kind: 'single' | 'event_count' | 'value_count'
  enabled: boolean
  description: Localized
  tags: string[]
  alerts_7d: number
  covered?: number // up to which ingest time
  behind: number // ms
  last_run?: { at: number; ms: number; error?: string }
}
export interface RuleDetail extends RuleRow {
  source: string // the YAML
  guide: Localized
  fields: string[]
  runs: { at: number; from: number; to: number; ms: number; matched: number; error?: string }[]
}
export interface EventList {
  items: Event[]
  total: number
  cursor?: string
  histogram: { start: number; every: number; counts: number[] }
  /** Fields of the events on this page and their most frequent values over the range. */
  fields: { field: string; type: string; values: { value: string; count: number }[] }[]
  missing: { day: string; reason: string }[]
}
export interface Me {
  name: string
  display_name: string
  role: Role
  organizations: { id: string; name: string }[] // empty: all
  /** The whole province: campaigns as a whole, and what belongs to nobody. */
  sees_all: boolean
  can: { triage: boolean; rules: boolean; admin: boolean }
  must_change_password: boolean
}
export interface UserRow {
  id: string
  name: string
  display_name: string
  role: Role
  organizations: string[]
  created: number
  last_sign_in?: number
  disabled: boolean
}
export interface AuditRow {
  n: number // its place in the journal
  at: number
  by: string
  what: string
  object: string
  detail?: string
  before?: true // from before the chain
}
/** What becomes of old events. */
export interface RetentionState {
  days: number
  bytes: number // of all events
  unknown: number // of these, lines of senders that no source names: not counted
  quota?: number
  disk_percent: number // above, doctor warns
  /** What is announced; `left`: ms of running until it goes. */
  next: { day: string; why: 'age' | 'quota' | 'source'; events: number; left: number; sources?: string[] }[]
  /** Incidents that keep their events. */
  held: { id: string; number: string; events: number; bytes: number }[]
}
export interface Health {
  now: number // the process's clock: in the demo's replay it runs through the past
  version: string
  demo: boolean
  store: 'duckdb' | 'elasticsearch'
  problems: { code: string; message: string }[]
  days: { day: string; events: number; bytes: number; problem?: string }[]
  disk: { used: number; free: number }
  /** Of who runs the installation. */
  retention?: RetentionState
  /** The clock is not believed: what it says, what is expected, since when. */
  clock?: { says: number; expected: number; since: number }
}
/** A server-sent event of GET /api/live. */
export type LiveMessage =
  | {
      kind: 'tick'
      now: number
      lag: number
      rate: number
      counts: { alerts: number; incidents: number; silent: number }
      replay?: { progress: number; until: number }
    }
  | { kind: 'alerts'; seq: number; changed: AlertRow[] }
  | { kind: 'incidents'; seq: number; changed: IncidentRow[] }

/*
 * Routes (all under /api, JSON; the session is a cookie):
 *
 * POST  /auth/sign-in/username {username, password} · POST /auth/sign-out (better-auth)
 * GET   /me → Me                    · POST /me/password {current, next}
 * GET   /overview?range=24h&organization= → Overview
 * GET   /alerts?q=&from=&to=&level=&status=&organization=&rule=&portal=&source=&sort=&group=&cursor=&limit= → AlertList
 * GET   /alerts/:id → AlertDetail
 * POST  /alerts/change {items: {id, version}[], status?, reason?, assignee?, note?} → {results: {id, ok, version?, acts?, message?}[]}
 * POST  /alerts/undo {items: {id, act}[]} → the same                    (acts are those that a change answered)
 * POST  /alerts/agency {items: {id, version}[], organization} → the same (of alerts that have none)
 * POST  /alerts/leave {items: {id, version}[]} → the same
 * POST  /alerts/incident {ids: string[], incident?: id, title?} → IncidentRow   (join or open one)
 * GET   /incidents?status=&level=&organization=&assignee=&overdue=&q=&sort=&cursor= → {items: IncidentRow[], total, cursor?, facets: Facet[]}
 * GET   /incidents/:id → IncidentDetail
 * POST  /incidents/:id {version, status?, reason?, alone?, assignee?, level?, title?, note?, due?, held?, task?} → IncidentRow with acts
 * POST  /incidents/:id/undo {act} · /incidents/:id/merge {version, into} · /incidents/:id/split {ids, title?} → IncidentRow
 * GET   /agencies → {items: AgencyRow[], unassigned: {events: number, hosts: {value, count}[]}} · GET /agencies/:id → AgencyDetail
 * GET   /portals → {items: PortalRow[]}
 * GET   /events?q=&from=&to=&order=&cursor=&limit= → EventList        GET /events/:id → {event: Event}
 * GET   /kql?q= → {ok: true} | Failure with `at`      GET /kql/suggest?q=&at= → {items: {text, kind: 'field'|'value'|'operator', from, to}[]}
 * GET   /rules → {items: RuleRow[]} · GET /rules/:id → RuleDetail · POST /rules/:id {enabled}
 * GET   /sources → {items: SourceRow[], setup: SourceSetup}
 * GET   /users → {items: UserRow[]} · POST /users · POST /users/:id       (administrator)
 * GET   /people → {items: {name, display_name}[]}   those who can be assigned
 * GET   /audit?cursor= → {items: AuditRow[], cursor?}                     (administrator)
 * GET   /health → Health            · POST /health/clock  the clock is right (administrator)
 * GET   /find?q= → {items: {kind: 'agency'|'portal'|'address'|'incident'|'rule'|'source', id, label, sub?, href}[]}  (palette)
 * GET   /live?alerts=SEQ&incidents=SEQ → text/event-stream of LiveMessage
 * `q` is KQL or free text. Lists in a query are comma-separated. Times are epoch ms.
 */
