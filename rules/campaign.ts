/**
 * A campaign is no document: it is the alerts of one rule and group, whichever agency's, whose spans lie within the quiet
 * time of each other; of a rule that says `campaign`, those of any group that begin within so much of each other. Computed
 * when it is read, and opened as a whole only by who sees the whole province.
 */
import { and, eq, type Filter, not } from '../ingest/store/filter.ts'
import { type Collection, type Stored, SYSTEM } from '../ingest/store/store.ts'
import type { Alert } from './alert.ts'
import { chain } from './bursts.ts'
import { HOUR, type Rule } from './rule.ts'

/** What of a rule says which alerts belong together; of one that is gone, the usual. */
export type Belonging = Pick<Rule, 'quiet' | 'campaign'>
export const USUAL: Belonging = { quiet: HOUR }
const MOST = 1000

const spanOf = ({ campaign }: Belonging, { doc }: Stored<Alert>) => ({
  first: doc['alert.first'],
  // Of those that begin together the beginning counts.
  last: campaign === undefined ? doc['alert.last'] : doc['alert.first'],
})
const reachOf = ({ quiet, campaign }: Belonging): number => campaign ?? quiet

/** Alerts, taken apart into campaigns. */
export const campaignsOf = (
  alerts: readonly Stored<Alert>[],
  ruleOf: (id: string) => Belonging | undefined,
): Stored<Alert>[][] => {
  const groups = Map.groupBy(alerts, ({ doc }) => {
    const rule = ruleOf(doc['rule.id']) ?? USUAL
    return rule.campaign === undefined || doc['alert.summary'] ? doc['alert.campaign'] : `rule ${doc['rule.id']}`
  })
  return [...groups.values()].flatMap((group) => {
    const rule = ruleOf(group[0]!.doc['rule.id']) ?? USUAL
    const spans = group.map((alert) => ({ ...spanOf(rule, alert), alert }))
    return chain(spans, reachOf(rule)).map((members) => members.map(({ alert }) => alert))
  })
}

/** The alerts of one's campaign, itself among them, a thousand at most. It asks for everybody's: the caller says who sees it. */
export const campaignOf = async (
  alerts: Collection<Alert>,
  rule: Belonging | undefined,
  alert: Stored<Alert>,
): Promise<Stored<Alert>[]> => {
  if (alert.doc['alert.summary']) return [alert]
  const own = rule ?? USUAL
  const reach = reachOf(own)
  const same: Filter =
    own.campaign === undefined ? eq('alert.campaign', alert.doc['alert.campaign']) : eq('rule.id', alert.doc['rule.id'])
  const found = new Map([[alert.id, alert]])
  let { first, last } = spanOf(own, alert)
  for (let before = -1; before !== found.size && found.size < MOST; ) {
    before = found.size
    const { items } = await alerts.query(SYSTEM, {
      filter: and(
        same,
        not(eq('alert.status', 'absorbed')),
        { op: 'range', field: own.campaign === undefined ? 'alert.last' : 'alert.first', gte: first - reach },
        { op: 'range', field: 'alert.first', lte: last + reach },
      ),
      limit: MOST,
    })
    for (const each of items) {
      found.set(each.id, each)
      const span = spanOf(own, each)
      first = Math.min(first, span.first)
      last = Math.max(last, span.last)
    }
  }
  return [...found.values()].sort((a, b) => a.doc['alert.first'] - b.doc['alert.first'] || (a.id < b.id ? -1 : 1))
}

/** Whether others have a part in it: all that an agency learns of them. */
export const isPart = (campaign: readonly Stored<Alert>[]): boolean =>
  new Set(campaign.map(({ doc }) => doc['organization.id'] ?? '')).size > 1
