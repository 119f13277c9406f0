import { readLedger } from '../../rules/ledger.ts'
import { Hono } from 'hono'
import { and, eq, fieldsOf } from '../../ingest/store/filter.ts'
import type { LedgerEntry } from '../../rules/ledger.ts'
import { groupOfRule } from '../../rules/exceptions.ts'
import { nextRun } from '../../rules/cron.ts'
import type { Rule } from '../../rules/rule.ts'
import type { Scope } from '../../ingest/store/store.ts'
import { audit, type Env, notFound, seesAll } from '../context.ts'
import type { RuleDetail, RuleRow } from '../contract.ts'
import { does } from '../does.ts'
import type { Installation } from '../installation.ts'
import { enableRule, getRule, listRules } from '../schema/rules.ts'
import { alertsOf, LIVE } from './alerts.ts'

const WEEK = 7 * 86_400_000

/** How often a rule matched, and what its runs said, is of the whole province: only who sees that is told. */
const ruleRow = (
  installation: Installation,
  scope: Scope,
  rule: Rule,
  entry: LedgerEntry | undefined,
  alerts: number,
  committed: number,
): RuleRow => ({
  id: rule.id,
  name: rule.name,
  level: rule.level,
  ...(rule.trusted ? { trusted: rule.trusted.level } : {}),
  group: groupOfRule(rule),
  kind: rule.correlation?.type ?? 'single',
  enabled: installation.enabled(rule.id),
  description: rule.description,
  tags: [...rule.tags],
  alerts_7d: alerts,
  ...(entry ? { covered: entry.covered } : {}),
  ...(rule.schedule ? { schedule: { ...rule.schedule }, next_run: nextRun(rule.schedule) } : {}),
  ...(entry?.decided && entry.decided.steps.length > 0 ? { decided: entry.decided.until } : {}),
  ...(entry?.decided && seesAll(scope) ? { late: entry.decided.late } : {}),
  behind: entry ? Math.max(0, committed - entry.covered) : 0,
  ...(entry?.last && seesAll(scope)
    ? { last_run: { at: entry.last.at, ms: entry.last.ms, ...(entry.last.error ? { error: entry.last.error } : {}) } }
    : {}),
})

export const rules = new Hono<Env>()
  .get('/', does(listRules), async (c) => {
    const { installation, scope } = c.var
    const ledger = await readLedger(installation.store.documents)
    const committed = await installation.store.events.committed()
    const recent = and(LIVE, { op: 'range', field: 'alert.last', gte: installation.clock() - WEEK })
    const counts = new Map(
      (await alertsOf(installation).aggregate(scope, { filter: recent, by: ['rule.id'], limit: 10_000 })).map(
        ({ key, count }) => [String(key[0]), count],
      ),
    )
    return c.json({
      items: installation.rules.map((rule) =>
        ruleRow(installation, scope, rule, ledger.get(rule.id), counts.get(rule.id.toLowerCase()) ?? 0, committed),
      ),
    })
  })
  .get('/:id', does(getRule), async (c) => {
    const { installation, scope } = c.var
    const rule = installation.rules.find(({ id }) => id === c.req.param('id'))
    if (!rule) throw notFound('luật này', 'rule')
    const entry = (await readLedger(installation.store.documents)).get(rule.id)
    const { total } = await alertsOf(installation).query(scope, {
      filter: and(LIVE, eq('rule.id', rule.id), { op: 'range', field: 'alert.last', gte: installation.clock() - WEEK }),
      limit: 1,
    })
    const body: RuleDetail = {
      ...ruleRow(installation, scope, rule, entry, total, await installation.store.events.committed()),
      source: rule.yaml,
      ...(rule.text ? { version: rule.text.n } : {}),
      guide: rule.guide,
      fields: [...fieldsOf(rule.filter)],
      runs: seesAll(scope) ? [...(entry?.recent ?? [])] : [],
    }
    return c.json(body)
  })
  .post('/:id', does(enableRule), async (c) => {
    const { installation, user } = c.var
    const rule = installation.rules.find(({ id }) => id === c.req.param('id'))
    if (!rule) throw notFound('luật này', 'rule')
    const { enabled } = c.req.valid('json')
    await installation.setEnabled(rule.id, enabled, user.username)
    await audit(c, 'rule.enabled', rule.id, String(enabled))
    return c.json({ enabled })
  })
