/** An alert: one burst of one rule in one group, as an ECS document that outlives its events. */
import { createHash } from 'node:crypto'
import { type Event, type Scalar, type Value, valuesOf } from '../ingest/event.ts'
import type { CaseDocument } from './case/act.ts'
import { LIVE } from './lane.ts'
import { mayBeTold, whose } from './parts.ts'
import type { Level, Localized, Rule } from './rule.ts'
import { severityOf } from './rule.ts'

export type AlertStatus = 'new' | 'acknowledged' | 'in_progress' | 'closed' | 'absorbed'
/** 'resolved': by itself, what had begun ended; no person says so. */
export type CloseReason = 'true_positive' | 'benign' | 'false_positive' | 'duplicate' | 'resolved'

/** Exactly one agency's, or nobody's; it holds no history: that is the journal. */
export interface Alert extends CaseDocument {
  readonly '@timestamp': number // of its first event
  readonly 'event.kind': 'signal'
  readonly 'rule.id': string
  /** Of the rule's text, when it was raised (`texts.ts`): a number in decimals. */
  readonly 'rule.version'?: string
  readonly 'rule.level': Level
  readonly 'rule.name': string // Vietnamese
  readonly rule_name: Localized
  readonly 'alert.status': AlertStatus
  readonly 'alert.severity': number
  readonly 'alert.first': number
  readonly 'alert.last': number
  readonly 'alert.count': number
  /** Ingest time up to which its events are counted; of further lanes (`lane.ts`) in `lanes`. */
  readonly 'alert.counted': number
  readonly lanes?: { readonly [lane: string]: number }
  /** It sums up the groups of its rule and agency in an hour for which there is no alert of their own (`summary.ts`). */
  readonly 'alert.summary'?: true
  readonly 'alert.groups'?: number
  /** Values of the first of these groups. */
  readonly keys?: readonly string[]
  readonly 'alert.created': number
  readonly 'alert.group': string // hash of rule, group and agency: the part whose bursts these are
  readonly 'alert.campaign': string // hash of rule and group: the parts of all agencies
  readonly group: readonly { readonly field: string; readonly value: string }[]
  readonly events: readonly Event[]
  readonly 'alert.reason'?: CloseReason
  /** When it was closed; absent while it is open, and of alerts that a version before closed (`risk/history.ts`). */
  readonly 'alert.closed'?: number
  readonly 'alert.assignee'?: string
  readonly 'alert.incident'?: string
  readonly incident_number?: string
  /** When what it tells of ended, of a rule with an end. */
  readonly 'alert.ended'?: number
  /** It tells of something that lasts and ends: one, however long. */
  readonly 'alert.state'?: true
  /** Its events are copies for the side whose events they are not. */
  readonly 'alert.copies'?: true
  /** The part in which its events were counted, before a person gave it an agency. */
  readonly 'alert.moved'?: string
  /** The closed alert whose burst this one continues. */
  readonly 'alert.follows'?: string
  readonly 'alert.absorbed_by'?: string
  readonly absorbed?: readonly string[]
  /** Days of ingest that were lost and read again, since which its events were counted anew. */
  readonly recounted?: readonly string[]
  /** The count of before such a day: retention has taken events that it counts. */
  readonly 'alert.kept'?: true
  readonly [field: string]: unknown
}

/** Fields of the first event that stand at the top of the alert. */
const PIVOTS = [
  'source.ip',
  'source.prefix',
  'source.port',
  'source.geo.country_iso_code',
  'source.as.number',
  'source.as.organization.name',
  'source.network.name',
  'destination.ip',
  'destination.port',
  'url.original',
  'url.decoded',
  'url.domain',
  'http.request.method',
  'user_agent.original',
  'user.name',
  'observer.name',
  'vonglau.source.id',
  'organization.id',
  'organization.name',
  'portal.id',
  'portal.domain',
  'portal.ipv6',
  'portal.trusted',
]

export type Group = readonly { readonly field: string; readonly value: string }[]

/** The values of a field as that of a group: several in whatever order are one. Undefined where there is none. */
export const groupValue = (values: readonly Scalar[]): string | undefined =>
  values.length === 0
    ? undefined
    : values.length === 1
      ? String(values[0])
      : JSON.stringify([...values].map(String).sort())

/** The group of an event of a rule that is no correlation: whatever it lacks, it is in one. */
export const groupOf = (rule: Rule, event: Event): Group => {
  const one = (field: string): string | undefined => groupValue(valuesOf(event, field))
  if (rule.groupBy) {
    const group: { field: string; value: string }[] = []
    for (const field of rule.groupBy) {
      const value = one(field)
      if (value !== undefined) group.push({ field, value })
    }
    return group
  }
  const prefix = one('source.prefix')
  const source = prefix === undefined ? 'source.ip' : 'source.prefix'
  return [source, 'portal.id'].flatMap((field) => {
    const value = one(field)
    return value === undefined ? [] : [{ field, value }]
  })
}
export const GROUP_FIELDS = ['source.prefix', 'source.ip', 'portal.id']

/** The group of an alert of a correlation's group: without what does not tell its alerts apart. */
export const alertGroup = ({ alertBy }: Rule, group: Group): Group =>
  alertBy ? group.filter(({ field }) => alertBy.includes(field)) : group

/** Lower-case hex: document fields are compared without case. */
export const groupKey = (rule: string, group: Group): string =>
  createHash('sha256')
    .update(JSON.stringify([rule, ...group.map(({ field, value }) => [field, value])]))
    .digest('hex')
    .slice(0, 32)

/** The same burst found again in the same run has the same id. */
export const alertId = (key: string, to: number, first: number): string =>
  createHash('sha256').update(`${key} ${to} ${first}`).digest('hex').slice(0, 24)

/** Ingest time up to which an alert has counted the events of a lane. */
export const countedBy = (alert: Alert, lane: string): number =>
  lane === LIVE ? alert['alert.counted'] : (alert.lanes?.[lane] ?? 0)
export const counting = (alert: Pick<Alert, 'lanes'> | object, lane: string, to: number): Partial<Alert> =>
  lane === LIVE ? { 'alert.counted': to } : { lanes: { ...(alert as Alert).lanes, [lane]: to } }

export const partKey = (rule: string, group: Group, agency: string): string =>
  createHash('sha256')
    .update(JSON.stringify([rule, ...group.map(({ field, value }) => [field, value]), { agency }]))
    .digest('hex')
    .slice(0, 32)

export const pivots = (event: Event | undefined): { [field: string]: Value } => {
  const out: { [field: string]: Value } = {}
  for (const field of PIVOTS) if (event?.[field] !== undefined) out[field] = event[field]
  return out
}

/** What stands at the top of an alert: all of one event, so that nobody reads one's source beside another's user. */
export const headOf = (group: Group, events: readonly Event[]): { [field: string]: Value | undefined } => ({
  ...Object.fromEntries(PIVOTS.map((field) => [field, undefined])),
  ...pivots(events[0]),
  // A name that stands for several fields is none of an event.
  ...Object.fromEntries(
    group.filter(({ field }) => field.includes('.')).map(({ field, value }): [string, Scalar] => [field, value]),
  ),
})

/** The group as it may be told to who sees copies only. */
export const toldGroup = (group: Group, copies: boolean): Group =>
  copies ? group.filter(({ field }) => mayBeTold(field)) : group

/** What an alert of these events is: the label of their portal raises it. */
const isTrusted = (events: readonly Event[]): boolean => events.some((event) => event['portal.trusted'] === true)
export const levelOf = ({ level, trusted }: Pick<Rule, 'level' | 'trusted'>, events: readonly Event[]): Level =>
  trusted && isTrusted(events) ? trusted.level : level
/** Whether an alert of these events opens an incident, or joins one. */
export const opensIncident = (
  { incident, trusted }: Pick<Rule, 'incident' | 'trusted'>,
  events: readonly Event[],
): boolean => (trusted && isTrusted(events) ? trusted.incident : incident)
const ofLevel = (level: Level) => ({ 'rule.level': level, 'alert.severity': severityOf(level) })
/** As `levelOf`, as it stands in an alert. */
export const graded = (rule: Rule, events: readonly Event[]) => ofLevel(levelOf(rule, events))

export interface Part {
  readonly key: string
  readonly campaign: string
  /** Whom it concerns (`partyOf`). */
  readonly agency: string
  readonly group: Group
}
export const partOf = (rule: string, group: Group, agency: string): Part => ({
  key: partKey(rule, group, agency),
  campaign: groupKey(rule, group),
  agency,
  group,
})

export const newAlert = (
  rule: Rule,
  part: Part,
  burst: { first: number; last: number; count: number },
  { events, copies }: { readonly events: readonly Event[]; readonly copies: boolean },
  counted: number,
  now: number,
): Alert => {
  const group = toldGroup(part.group, copies)
  return {
    ...(headOf(group, events) as { [field: string]: Value }),
    ...whose(part.agency),
    '@timestamp': burst.first,
    'event.kind': 'signal',
    'rule.id': rule.id,
    ...(rule.text ? { 'rule.version': String(rule.text.n) } : {}),
    'rule.name': rule.name.vi,
    rule_name: rule.name,
    'alert.status': 'new',
    ...graded(rule, events),
    'alert.first': burst.first,
    'alert.last': burst.last,
    // What lasts is one, not its minutes.
    'alert.count': rule.endsWith ? 1 : burst.count,
    'alert.counted': counted,
    'alert.created': now,
    'alert.group': part.key,
    'alert.campaign': part.campaign,
    group,
    events,
    ...(copies ? { 'alert.copies': true } : {}),
    ...(rule.endsWith ? { 'alert.state': true } : {}),
  }
}
