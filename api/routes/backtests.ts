/** Backtests: begun by a rule author, asked for until they are done. */
import { Hono } from 'hono'
import { agencyName } from '../../ingest/inventory/scope.ts'
import { LOGSOURCES } from '../../ingest/parsers/index.ts'
import { placeholdersOf } from '../../ingest/inventory/placeholders.ts'
import type { AgencyHits } from '../../rules/backtest.ts'
import { readDraft } from '../../rules/load.ts'
import type { Rule } from '../../rules/rule.ts'
import type { Stored } from '../../ingest/store/store.ts'
import { type BacktestDocument, cancelBacktest, findBacktest, startBacktest } from '../backtests.ts'
import { type Env, notFound, Refusal } from '../context.ts'
import type { Backtest } from '../contract-rules.ts'
import { does } from '../does.ts'
import type { Installation } from '../installation.ts'
import { cancelBacktest as cancels, getBacktest as gets, startBacktest as starts } from '../schema/backtests.ts'

const rowOf = ({ inventory }: Installation, { id, doc }: Stored<BacktestDocument>): Backtest => {
  const { alive: _, label: __, result, ...rest } = doc
  const named = ({ agency, ...counts }: AgencyHits) => ({
    ...(agency === undefined ? {} : { organization: { id: agency, name: agencyName(inventory, agency) ?? agency } }),
    ...counts,
  })
  return {
    ...(rest as unknown as Omit<Backtest, 'id' | 'result'>),
    id,
    ...(result
      ? {
          result: {
            ...result,
            days: result.days.map((day) => ({ ...day, agencies: day.agencies.map(named) })),
            agencies: result.agencies.map(named),
            examples: [...result.examples],
            missing: [...result.missing],
          },
        }
      : {}),
  }
}

/** The rule that is asked for: one in force, or of a text. */
export const asked = (installation: Installation, id: string | undefined, yaml: string | undefined): Rule => {
  if (yaml === undefined) {
    const rule = installation.rules.find((each) => each.id === id)
    if (!rule) throw notFound('luật này', 'rule')
    return rule
  }
  try {
    const words = placeholdersOf(installation.inventory, installation.clock())
    const { config, book } = installation
    const [rule] = readDraft(yaml, 'draft.yml', config.rules, LOGSOURCES, words, book.unfiled()).slice(-1)
    if (rule) return rule
  } catch (error) {
    const { message } = error as Error
    throw new Refusal(422, 'rule', `Luật có lỗi: ${message}`, message)
  }
  throw new Refusal(
    422,
    'rule',
    'Không có luật nào trong nội dung này báo động một mình.',
    'No rule of this text alerts by itself.',
  )
}

export const backtests = new Hono<Env>()
  .post('/', does(starts), async (c) => {
    const { installation, user, sight } = c.var
    const { rule: id, yaml, from, to } = c.req.valid('json')
    const rule = asked(installation, id, yaml)
    const guard = sight.whole ? undefined : sight.narrowed
    const begun = await startBacktest(installation, rule, { from, to }, user.username, guard, yaml !== undefined)
    return c.json(rowOf(installation, begun))
  })
  .get('/:id', does(gets), async (c) => {
    const { installation } = c.var
    const found = await findBacktest(installation, c.req.param('id'))
    if (!found) throw notFound('lần thử này', 'backtest')
    return c.json(rowOf(installation, found))
  })
  .post('/:id/cancel', does(cancels), async (c) => {
    const { installation } = c.var
    await cancelBacktest(installation, c.req.param('id'))
    const found = await findBacktest(installation, c.req.param('id'))
    if (!found) throw notFound('lần thử này', 'backtest')
    return c.json(rowOf(installation, found))
  })
