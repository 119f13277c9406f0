/** Alerts for the past, as people ask for them: what a backtest has shown is handed to whoever runs the rules. */
import { EVERYTHING, eq } from '../ingest/store/filter.ts'
import { type Stored, SYSTEM } from '../ingest/store/store.ts'
import { type Backfill, backfillsIn, isOpen, notForPast } from '../rules/backfill.ts'
import { newActId } from '../rules/case/decide.ts'
import { labelOf } from '../rules/ruleset.ts'
import { findBacktest } from './backtests.ts'
import type { Installation } from './installation.ts'
import { notFound, Refusal } from './refusal.ts'

/** Of one rule at a time, and of all rules. */
const MOST_OPEN = 10
const SHOWN = 20

export interface Asked {
  readonly rule: string
  readonly label: string
  readonly from: number
  readonly to: number
  readonly by: string
}

export const beginBackfill = async (installation: Installation, asked: Asked): Promise<Stored<Backfill>> => {
  const { store, clock, rules, enabled } = installation
  const rule = rules.find(({ id }) => id === asked.rule)
  if (!rule) throw notFound('luật này', 'rule')
  if (labelOf(rule) !== asked.label)
    throw new Refusal(
      409,
      'stale',
      'Luật đã đổi từ lần thử đó: hãy thử lại trên dữ liệu cũ rồi phát cảnh báo.',
      'The rule was changed since that backtest: begin another, then raise the alerts.',
    )
  const why = notForPast(rule)
  if (why !== undefined)
    throw new Refusal(422, 'rule', 'Luật này nói về điều kéo dài: điều đã hết không phát lại được.', `${why}.`)
  if (!enabled(rule.id))
    throw new Refusal(
      422,
      'rule',
      'Luật này đang tắt: hãy bật lên trước.',
      'The rule is switched off: switch it on first.',
    )
  const backfills = backfillsIn(store.documents)
  const { items } = await backfills.query(SYSTEM, { filter: eq('state', 'waiting', 'running'), limit: 100 })
  if (items.length >= MOST_OPEN || items.some(({ doc }) => doc.rule === rule.id))
    throw new Refusal(
      409,
      'busy',
      'Đang phát cảnh báo cho quá khứ: hãy chờ xong hoặc huỷ lần đó.',
      'Alerts for the past are being raised: wait until that is done, or cancel it.',
    )
  const id = newActId()
  const doc: Backfill = { ...asked, at: clock(), state: 'waiting', progress: 0, raised: 0, extended: 0 }
  await backfills.put([{ id, version: null, doc }])
  return (await backfills.get(SYSTEM, id))!
}

/** Of a backtest that is done and was of the rule as it is, not of a text. */
export const backfillOf = async (installation: Installation, id: string, by: string): Promise<Stored<Backfill>> => {
  const found = await findBacktest(installation, id)
  if (!found) throw notFound('lần thử này', 'backtest')
  const { rule, label, result } = found.doc
  if (!result || label === undefined)
    throw new Refusal(
      422,
      'backtest',
      'Hãy thử chính luật đang dùng trên dữ liệu cũ, chờ xong, rồi phát cảnh báo.',
      'Begin a backtest of the rule in force, not of a changed text, and wait until it is done.',
    )
  return beginBackfill(installation, { rule, label, from: result.from, to: result.to, by })
}

export const findBackfill = ({ store }: Installation, id: string): Promise<Stored<Backfill> | undefined> =>
  backfillsIn(store.documents).get(SYSTEM, id)

export const listOfBackfills = async ({ store }: Installation, rule?: string): Promise<readonly Stored<Backfill>[]> => {
  const { items } = await backfillsIn(store.documents).query(SYSTEM, {
    filter: rule === undefined ? EVERYTHING : eq('rule', rule),
    sort: [{ field: 'at', order: 'desc' }],
    limit: SHOWN,
  })
  return items
}

export const endBackfill = async (installation: Installation, id: string): Promise<Stored<Backfill> | undefined> => {
  const backfills = backfillsIn(installation.store.documents)
  for (;;) {
    const found = await backfills.get(SYSTEM, id)
    if (!found || !isOpen(found.doc)) return found
    const [put] = await backfills.put([{ id, version: found.version, doc: { ...found.doc, state: 'cancelled' } }])
    if (put?.ok) return backfills.get(SYSTEM, id)
  }
}
